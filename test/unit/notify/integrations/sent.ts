/** Configurations whose requests Alertmanager has shown: those that are tried against services, and some with more options. */
import { CASES } from './vendors';

/** Stands for the server in what was recorded. */
export const ORACLE = 'http://oracle.test';

const INSECURE = 'global: { http_config: { tls_config: { insecure_skip_verify: true } } }';

export const configuration = (receiver: string): string =>
  `${INSECURE}\nroute: { receiver: team }\nreceivers:\n  - name: team\n    ${receiver.replaceAll('\n', '\n    ')}\n`;

const T = '{{ (index .Alerts 0).Labels.alertname }}';

const MORE: Readonly<Record<string, string>> = {
  'webhook with a payload': `webhook_configs: [{ url: '${ORACLE}/{{ .Status }}', max_alerts: 1, payload: { '${T}': ['{{ .Alerts | toJson }}', '{{ len .Alerts }}', 'yes', '1_000', '0x1f', '1e3', '~', '{a: b}', '- x', 'a: [', '12:30:45', '2026-01-01', '.5', '"x"', '1.', 7, 1.5, true, null] } }]`,
  'slack with everything': `slack_configs: [{ api_url: '${ORACLE}/s', channel: '#${T}', username: 'u ${T}', color: '#fff', title: '${T}', title_link: 'http://l', pretext: p, text: '{{ range .Alerts }}<{{ .Labels.instance }}> {{ end }}', message_text: m, footer: f, fallback: b, callback_id: c, icon_emoji: ':x:', icon_url: 'http://i', image_url: 'http://j', thumb_url: 'http://k', link_names: true, short_fields: true, mrkdwn_in: [text], fields: [{ title: '${T}', value: v }, { title: a, value: b, short: false }], actions: [{ type: button, text: '${T}', name: n, value: v, style: danger, confirm: { text: '${T}', title: t, ok_text: o, dismiss_text: d } }, { type: button, text: t, url: 'http://${T}' }] }]`,
  'pagerduty with everything': `pagerduty_configs: [{ routing_key: 'key-${T}', url: '${ORACLE}/v2', client: c, client_url: 'http://c', description: '{{ range .Alerts }}${'x'.repeat(300)} {{ end }}${'ä'.repeat(1500)}', severity: '{{ .CommonLabels.severity }}', source: s, class: c, component: o, group: g, details: { own: '${T}', deep: { a: ['${T}', 1] }, firing: '{{ .Alerts.Firing | len }}' }, links: [{ href: 'http://l', text: '${T}' }, { href: '' }], images: [{ src: 'http://i', alt: a, href: 'http://h' }] }]`,
  'opsgenie with everything': `opsgenie_configs: [{ api_key: k, api_url: '${ORACLE}/base?x=1', message: '${'m'.repeat(200)}', description: d, source: s, details: { a: '${T}', alertname: other }, entity: e, actions: 'x, y', tags: ' a,,b ', note: n, priority: P1, responders: [{ id: i, type: team }, { name: 'a,b', type: teams }] }]`,
  'victorops with everything': `victorops_configs: [{ api_key: k, api_url: '${ORACLE}/v?x=1', routing_key: 'a/b c', message_type: '{{ .CommonLabels.severity }}', state_message: s, entity_display_name: d, monitoring_tool: m, custom_fields: { f: '${T}' } }]`,
  'discord with everything': `discord_configs: [{ webhook_url: '${ORACLE}/d', content: '${'c'.repeat(3000)}', title: '${'t'.repeat(300)}', message: '${'m'.repeat(5000)}', username: u, avatar_url: 'http://a' }]`,
  'mattermost with everything': `mattermost_configs: [{ webhook_url: '${ORACLE}/m', channel: c, username: u, text: '${T}', icon_url: 'http://i', icon_emoji: ':x:', type: custom_x, props: { card: '${T}' }, priority: { priority: urgent, requested_ack: true, persistent_notifications: true }, attachments: [{ fallback: f, color: c, pretext: p, text: t, author_name: n, author_link: l, author_icon: i, title: '${T}', title_link: l, fields: [{ title: a, value: '${T}', short: true }], thumb_url: t, footer: f, footer_icon: i, image_url: i }] }]`,
  'rocketchat with everything': `rocketchat_configs: [{ api_url: '${ORACLE}/r/', token: t, token_id: i, channel: '#${T}', color: c, title: '${T}', title_link: l, text: t, emoji: ':x:', icon_url: 'http://i', image_url: 'http://j', thumb_url: 'http://k', short_fields: true, fields: [{ title: '${T}', value: v }, { title: a, value: b, short: false }], actions: [{ text: '${T}', url: 'http://u', msg: m }] }]`,
  'wechat in markdown': `wechat_configs: [{ api_secret: S3cr3tKey, corp_id: corp, agent_id: '${T}', api_url: '${ORACLE}/cgi', message_type: markdown, message: '${T}', to_user: u, to_party: p, to_tag: t }]`,
  'telegram in markdown': `telegram_configs: [{ bot_token: t, chat_id: 7, api_url: '${ORACLE}', parse_mode: MarkdownV2, message: '${T} {{ .CommonAnnotations.summary }}', disable_notifications: true, message_thread_id: 9 }]`,
  'pushover with everything': `pushover_configs: [{ token: t, user_key: u, title: '${'t'.repeat(300)}', message: '{{ .CommonAnnotations.summary }}', url: 'http://u', url_title: '${T}', device: d, sound: s, priority: '1', retry: 30s, expire: 2h, ttl: 90s, html: true }]`,
  'jira with everything': `jira_configs: [{ api_url: '${ORACLE}/rest/api/2/', api_type: cloud, project: '${T}', issue_type: Bug, summary: '${'s'.repeat(300)}', labels: [z, '${T}'], priority: High, wont_fix_resolution: "Won't \\"do\\"", reopen_transition: Reopen, reopen_duration: 1h, resolve_transition: Close, fields: { customfield_1: { value: '${T}' }, customfield_2: '{{ list 1 2 | toJson }}' } }]`,
  'msteamsv2 with everything': `msteamsv2_configs: [{ webhook_url: '${ORACLE}/w', title: '${T}', text: '{{ range .Alerts }}- {{ .Labels.instance }} {{ end }}' }]`,
  'incidentio with everything': `incidentio_configs: [{ url: '${ORACLE}/i', alert_source_token: t, max_alerts: 1 }]`,
};

/** By name, whole configurations. */
export const SENT: Readonly<Record<string, string>> = Object.fromEntries(
  [
    ...Object.entries(CASES).map(([name, { receiver }]) => [name, receiver(ORACLE)] as const),
    ...Object.entries(MORE),
  ].map(([name, receiver]) => [name, configuration(receiver)]),
);
