/** Configurations that Alertmanager takes, with every key of every section: what mutations begin with. */

const HTTP = `
      basic_auth: { username: ann, password: secret }
      tls_config: { ca_file: ca.pem, cert_file: c.pem, key_file: k.pem, server_name: s, insecure_skip_verify: true, min_version: TLS12, max_version: TLS13 }
      follow_redirects: false
      enable_http2: false
      proxy_url: http://proxy.example.com:3128
      no_proxy: localhost
      proxy_connect_header: { X-Proxy: [a, b] }
      http_headers:
        X-Team: { values: [dba], secrets: [s1], files: [headers.txt] }`;

export const RECEIVERS = `
route: { receiver: all }
receivers:
- name: all
  labels: { team: dba }
  webhook_configs:
  - url: https://example.com/hook
    send_resolved: false
    max_alerts: 10
    timeout: 10s
    payload: { text: '{{ .Status }}', list: [1, 2.5, true, null] }
    http_config:${HTTP}
  - url_file: url.txt
  - url: 'https://example.com/{{ .Receiver }}'
    http_config:
      oauth2:
        client_id: id
        client_secret: s
        token_url: https://example.com/token
        scopes: [a]
        endpoint_params: { a: b }
        tls_config: { insecure_skip_verify: false }
  - url: http://example.com
    http_config: { bearer_token: abc }
  - url: http://example.com
    http_config:
      oauth2: { client_id: id, token_url: t, grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', client_certificate_key: k, client_certificate_key_id: i, signature_algorithm: RS384, iss: i, audience: a, claims: { a: 1 } }
  discord_configs:
  - webhook_url: https://discord.example.com/1
    content: c
    title: t
    message: m
    username: u
    avatar_url: a
  - webhook_url_file: f
  email_configs:
  - to: dba@example.com
    from: tocsin@example.com
    smarthost: mail.example.com:587
    hello: me
    auth_username: u
    auth_password: p
    auth_secret: s
    auth_identity: i
    headers: { subject: hello, X-Team: dba }
    html: h
    text: t
    require_tls: false
    force_implicit_tls: true
    tls_config: { ca_file: a }
    threading: { enabled: true, thread_by_date: daily }
  - to: a@example.com
    from: b@example.com
    smarthost: '[::1]:25'
    auth_password_file: f
    auth_secret_file: g
  incidentio_configs:
  - url: https://example.com
    alert_source_token: t
    max_alerts: 5
    timeout: 5s
  - url_file: f
    http_config: { authorization: { credentials: c } }
  pagerduty_configs:
  - routing_key: r
    url: https://example.com
    client: c
    client_url: u
    description: d
    details: { firing: mine, other: { deep: [1] } }
    images: [{ src: s, alt: a, href: h }]
    links: [{ href: h, text: t }]
    source: s
    severity: critical
    class: c
    component: c
    group: g
    timeout: 1m
  - service_key: s
  - service_key_file: s
  - routing_key_file: s
  slack_configs:
  - api_url: https://hooks.slack.com/services/x
    channel: '#ops'
    username: u
    color: danger
    title: t
    title_link: l
    pretext: p
    text: t
    message_text: m
    fields: [{ title: a, value: b, short: true }]
    short_fields: true
    footer: f
    fallback: f
    callback_id: c
    icon_emoji: e
    icon_url: i
    image_url: i
    thumb_url: t
    link_names: true
    mrkdwn_in: [text]
    actions:
    - { type: button, text: t, url: u, style: danger, name: n, value: v }
    - { type: button, text: t, name: n, confirm: { text: t, title: t, ok_text: o, dismiss_text: d } }
    timeout: 3s
  - api_url_file: f
  - app_token: xoxb
    app_url: https://slack.com/api/chat.postMessage
  - app_token_file: f
  - api_url: https://slack.com/api/chat.postMessage
    update_message: true
    http_config: { authorization: { type: ' Bearer ', credentials: t } }
  opsgenie_configs:
  - api_key: k
    api_url: https://example.com/base
    message: m
    description: d
    source: s
    details: { a: b }
    entity: e
    responders: [{ name: dba, type: Team }, { id: i, type: user }, { username: u, type: '{{ .x }}' }]
    actions: a
    tags: t
    note: n
    priority: P1
    update_alerts: true
  - api_key_file: f
  wechat_configs:
  - api_secret: s
    corp_id: c
    message: m
    api_url: https://example.com/x?y=1
    to_user: u
    to_party: p
    to_tag: t
    agent_id: a
    message_type: markdown
  - api_secret_file: f
    corp_id: c
  pushover_configs:
  - user_key: u
    token: t
    title: t
    message: m
    url: u
    url_title: t
    device: d
    sound: s
    priority: '1'
    retry: 30s
    expire: 1h30m
    ttl: 5m
    html: true
  - { user_key_file: u, token_file: t, monospace: true }
  victorops_configs:
  - api_key: k
    api_url: https://example.com
    routing_key: r
    message_type: m
    state_message: s
    entity_display_name: e
    monitoring_tool: m
    custom_fields: { a: b }
  - { api_key_file: k, routing_key: r }
  sns_configs:
  - topic_arn: t
    api_url: u
    sigv4: { region: r, access_key: a, secret_key: s, profile: p, role_arn: r, external_id: e, use_fips_sts_endpoint: true, service_name: s }
    subject: s
    message: m
    attributes: { a: b }
    use_aws_http_client: true
  - phone_number: '123'
  - target_arn: t
  telegram_configs:
  - bot_token: t
    api_url: https://example.com
    chat_id: -1001234
    message_thread_id: 5
    message: m
    disable_notifications: true
    parse_mode: MarkdownV2
  - { bot_token_file: f, chat_id_file: c }
  webex_configs:
  - room_id: r
    api_url: https://example.com
    message: m
    http_config: { authorization: { type: Bearer, credentials_file: f } }
  msteams_configs:
  - { webhook_url: 'https://example.com', title: t, summary: s, text: t }
  - { webhook_url_file: f }
  msteamsv2_configs:
  - { webhook_url: 'https://example.com', title: t, text: t }
  - { webhook_url_file: f, http_config: { follow_redirects: false } }
  jira_configs:
  - api_url: https://example.com
    api_type: cloud
    project: p
    summary: s
    description: { template: d, enable_update: false }
    labels: [a]
    priority: p
    issue_type: Bug
    reopen_transition: r
    resolve_transition: r
    wont_fix_resolution: w
    reopen_duration: 2d
    fields: { customfield_1: { id: '1' }, other: [x] }
  - { api_url: 'https://example.com', project: p, issue_type: t, summary: { enable_update: true } }
  rocketchat_configs:
  - api_url: https://example.com
    token: t
    token_id: i
    channel: c
    color: c
    title: t
    title_link: l
    text: t
    fields: [{ title: t, value: v, short: false }]
    short_fields: true
    emoji: e
    icon_url: i
    image_url: i
    thumb_url: t
    link_names: true
    actions: [{ type: b, text: t, url: u, imageurl: i, iswebview: true, webviewheightratio: r, msg: m, msginchatwindow: true, msgprocessingtype: p }]
  - { token_file: t, token_id_file: i }
  mattermost_configs:
  - webhook_url: https://example.com
    channel: c
    username: u
    text: t
    fallback: f
    color: c
    pretext: p
    author_name: n
    author_link: l
    author_icon: i
    title: t
    title_link: l
    fields: [{ title: t, value: v, short: true }]
    thumb_url: t
    footer: f
    footer_icon: i
    image_url: i
    icon_url: i
    icon_emoji: e
    attachments: [{ fallback: f, color: c, text: t, fields: [{ title: t, value: v }] }]
    type: t
    props: { card: c }
    priority: { priority: urgent, requested_ack: true, persistent_notifications: true }
  - webhook_url_file: f
`;

export const GLOBAL = `
global:
  resolve_timeout: 10m
  http_config: { authorization: { type: Token, credentials: c }, proxy_from_environment: true }
  jira_api_url: https://jira.example.com
  smtp_from: a@example.com
  smtp_hello: me
  smtp_smarthost: mail:25
  smtp_auth_username: u
  smtp_auth_password: p
  smtp_auth_secret: s
  smtp_auth_identity: i
  smtp_require_tls: false
  smtp_tls_config: { cert: c, key: k, ca: a }
  smtp_force_implicit_tls: false
  slack_api_url: https://slack.example.com
  slack_app_url: https://slack.example.com/app
  pagerduty_url: https://pd.example.com
  opsgenie_api_url: https://og.example.com/v2
  opsgenie_api_key: k
  wechat_api_url: https://wc.example.com
  wechat_api_secret: s
  wechat_api_corp_id: c
  victorops_api_url: https://vo.example.com
  victorops_api_key: k
  telegram_api_url: https://tg.example.com
  telegram_bot_token: t
  webex_api_url: https://wx.example.com
  rocketchat_api_url: https://rc.example.com
  rocketchat_token: t
  rocketchat_token_id: i
  mattermost_webhook_url: https://mm.example.com
route:
  receiver: all
receivers:
- name: all
  email_configs: [{ to: a@example.com }, { to: b@example.com, auth_password_file: f, from: x@example.com }]
  slack_configs: [{ channel: c }, { api_url_file: f }, { http_config: { follow_redirects: false } }]
  pagerduty_configs: [{ routing_key: r }]
  opsgenie_configs: [{}]
  wechat_configs: [{}]
  victorops_configs: [{ routing_key: r }]
  telegram_configs: [{ chat_id: 5 }]
  webex_configs: [{ room_id: r, http_config: { authorization: { credentials: c } } }]
  rocketchat_configs: [{}]
  mattermost_configs: [{}]
  jira_configs: [{ project: p, issue_type: t }]
  webhook_configs: [{ url: 'http://localhost:9' }]
  msteamsv2_configs: [{ webhook_url: 'http://localhost' }]
`;

export const FILES = `
global:
  smtp_from: a@example.com
  smtp_smarthost: mail:25
  smtp_auth_password_file: p
  smtp_auth_secret_file: s
  slack_app_token_file: f
  opsgenie_api_key_file: f
  wechat_api_secret_file: f
  wechat_api_corp_id: c
  victorops_api_key_file: f
  telegram_bot_token_file: f
  rocketchat_token_file: f
  rocketchat_token_id_file: f
  mattermost_webhook_url_file: f
templates: [templates/*.tmpl, /etc/alertmanager/*.tmpl]
route: { receiver: all }
receivers:
- name: all
  email_configs: [{ to: a@example.com }]
  slack_configs: [{ channel: c }, { api_url: 'https://a.example.com' }]
  opsgenie_configs: [{}]
  wechat_configs: [{}]
  victorops_configs: [{ routing_key: r }]
  telegram_configs: [{ chat_id: 5 }]
  rocketchat_configs: [{}]
  mattermost_configs: [{}]
`;

export const ROUTES = `
route:
  receiver: default
  group_by: [alertname, cluster]
  group_wait: 10s
  group_interval: 2m
  repeat_interval: 3h
  labels: { team: all, link: 'https://{{ .Status }}' }
  routes:
  - match: { severity: critical }
    match_re: { service: 'db-.*|web' }
    matchers: [env="prod", 'region=~"eu-.*"', '{team!=dba, job!~"x|y"}']
    receiver: pager
    continue: true
    group_by: ['...']
    mute_time_intervals: [nights, holidays]
    active_time_intervals: [work]
    routes:
    - matchers: [foo=bar]
      group_by: [instance]
      repeat_interval: 1d
    - matchers: ['foo = "b\\\\az"', 'bar=~[a-z]+']
      group_by: []
      labels: { team: dba }
  - receiver: pager
    group_wait: 0s
    routes:
    - group_by: ['with space', pod]
  - matchers: ['"quoted name"="v"', '🙂=x']
receivers:
- name: default
- name: pager
inhibit_rules:
- name: one
  source_match: { severity: critical }
  source_match_re: { team: 'a.*' }
  source_matchers: ['alertname="Down"']
  target_match: { severity: warning }
  target_match_re: { team: 'b.*' }
  target_matchers: ['env=~"x|y"', z!=1]
  equal: [cluster, instance]
- source_matchers: [a=b]
  target_matchers: [c=d]
mute_time_intervals:
- name: holidays
  time_intervals:
  - { months: ['1', december], days_of_month: ['1', '24:26', '-3:-1'] }
time_intervals:
- name: nights
  time_intervals:
  - times: [{ start_time: '22:00', end_time: '24:00' }, { start_time: '00:00', end_time: '06:30' }]
    location: Europe/Berlin
- name: work
  time_intervals:
  - weekdays: [monday:friday, Sunday]
    months: [january:march, '4:6', may]
    years: ['2020:2030', '2035']
    days_of_month: ['1:5', '-1', '15:-1']
    location: UTC
  - weekdays: [saturday]
`;

/** What some kinds alone take from `global`, and some do not. */
export const PECULIAR = `
global:
  http_config: { proxy_url: 'http://proxy.example.com:3128', no_proxy: localhost, follow_redirects: false }
  slack_app_token: xoxb-1
route: { receiver: all }
receivers:
- name: all
  msteamsv2_configs:
  - { webhook_url: 'https://example.com', http_config: { enable_http2: false } }
  - { webhook_url: 'https://example.com', http_config: { proxy_url: 'http://other.example.com:1' } }
  - { webhook_url: 'https://example.com' }
  msteams_configs: [{ webhook_url: 'https://example.com', http_config: { enable_http2: false } }]
  slack_configs:
  - { api_url_file: f, http_config: { authorization: { credentials: own } } }
  - { channel: c }
  - { app_token: xoxb-2 }
`;

export const MINIMAL = `
route: { receiver: a }
receivers: [{ name: a }]
`;

export const BASES: readonly string[] = [RECEIVERS, GLOBAL, FILES, ROUTES, PECULIAR, MINIMAL];
