/** Each kind that is sent over HTTP, as it is configured against a server that keeps its service's rules. */
import * as chats from '../../../servers/vendors/chats';
import * as incidents from '../../../servers/vendors/incidents';
import type { Vendor } from '../../../servers/vendors/rules';
import type { Addresses } from '../../../../src/notify/integrations/integration';

export interface Case {
  readonly vendor: () => Vendor;
  /** What stands below the receiver's name. All secrets begin with S3cr3t. */
  readonly receiver: (url: string) => string;
  readonly addresses?: (url: string) => Addresses;
  /** Codes below 500 that pass, beside 408 and 429. */
  readonly passing?: readonly number[];
  /** The same with each secret in a file of this folder, under its own name. */
  readonly inFiles?: (url: string, folder: string) => string;
  /** What those files hold. */
  readonly files?: (url: string) => Readonly<Record<string, string>>;
}

const BEARER = (token: string): string => `http_config: { authorization: { credentials: ${token} } }`;

export const CASES: Readonly<Record<string, Case>> = {
  webhook: {
    vendor:
      () =>
      ({ path }) =>
        path === '/S3cr3tPath' ? { status: 200 } : { status: 404 },
    receiver: (url) => `webhook_configs: [{ url: '${url}/S3cr3tPath' }]`,
    inFiles: (_url, folder) => `webhook_configs: [{ url_file: '${folder}/url' }]`,
    files: (url) => ({ url: `${url}/S3cr3tPath` }),
  },
  slack: {
    vendor: () => chats.slackWebhook,
    receiver: (url) =>
      `slack_configs: [{ send_resolved: true, api_url: '${url}/services/T0/B0/S3cr3tPath', fields: [{ title: a, value: b }], actions: [{ type: button, text: t, url: 'http://x' }] }]`,
    inFiles: (_url, folder) => `slack_configs: [{ api_url_file: '${folder}/url' }]`,
    files: (url) => ({ url: `${url}/services/T0/B0/S3cr3tPath` }),
  },
  'slack by a token': {
    vendor: () => chats.slackApi,
    receiver: (url) =>
      `slack_configs: [{ send_resolved: true, app_token: xoxb-S3cr3tToken, app_url: '${url}/api/chat.postMessage', channel: '#alerts' }]`,
    inFiles: (url, folder) =>
      `slack_configs: [{ app_token_file: '${folder}/token', app_url: '${url}/api/chat.postMessage', channel: '#alerts' }]`,
    files: () => ({ token: 'xoxb-S3cr3tToken' }),
  },
  pagerduty: {
    vendor: () => incidents.pagerduty,
    receiver: (url) =>
      `pagerduty_configs: [{ routing_key: S3cr3tRoutingKey, url: '${url}/v2/enqueue', class: c, links: [{ href: 'http://x', text: y }], images: [{ src: '' }] }]`,
    inFiles: (url, folder) =>
      `pagerduty_configs: [{ routing_key_file: '${folder}/key', url: '${url}/v2/enqueue' }]`,
    files: () => ({ key: 'S3cr3tRoutingKey' }),
  },
  'pagerduty v1': {
    vendor: () => incidents.pagerdutyV1,
    receiver: () => 'pagerduty_configs: [{ service_key: S3cr3tServiceKey }]',
    addresses: (url) => ({ pagerdutyV1: `${url}/create_event.json` }),
    passing: [403],
    inFiles: (_url, folder) => `pagerduty_configs: [{ service_key_file: '${folder}/key' }]`,
    files: () => ({ key: 'S3cr3tServiceKey' }),
  },
  opsgenie: {
    vendor: () => incidents.opsgenie,
    receiver: (url) =>
      `opsgenie_configs: [{ api_key: S3cr3tKey, api_url: '${url}', update_alerts: true, tags: 'a,,b', responders: [{ type: teams, name: 'x,y' }, { type: user, username: u }, { name: '{{ .CommonLabels.nope }}', type: '{{ .CommonLabels.nope }}' }] }]`,
    inFiles: (url, folder) => `opsgenie_configs: [{ api_key_file: '${folder}/key', api_url: '${url}/' }]`,
    files: () => ({ key: 'S3cr3tKey' }),
  },
  victorops: {
    vendor: () => incidents.victorops,
    receiver: (url) =>
      `victorops_configs: [{ api_key: S3cr3tKey, api_url: '${url}/alert', routing_key: 'team db', custom_fields: { a: b } }]`,
    inFiles: (url, folder) =>
      `victorops_configs: [{ api_key_file: '${folder}/key', api_url: '${url}/alert/', routing_key: 'team db' }]`,
    files: () => ({ key: 'S3cr3tKey' }),
  },
  pushover: {
    vendor: () => incidents.pushover,
    receiver: () => 'pushover_configs: [{ token: S3cr3tToken, user_key: S3cr3tUser, ttl: 1h, html: true }]',
    addresses: (url) => ({ pushover: `${url}/1/messages.json` }),
    inFiles: (_url, folder) =>
      `pushover_configs: [{ token_file: '${folder}/token', user_key_file: '${folder}/user' }]`,
    files: () => ({ token: 'S3cr3tToken', user: 'S3cr3tUser' }),
  },
  telegram: {
    vendor: () => chats.telegram,
    receiver: (url) =>
      `telegram_configs: [{ bot_token: '123:S3cr3tToken', chat_id: -1001234, api_url: '${url}' }]`,
    inFiles: (url, folder) =>
      `telegram_configs: [{ bot_token_file: '${folder}/token', chat_id_file: '${folder}/chat', api_url: '${url}' }]`,
    files: () => ({ token: '123:S3cr3tToken', chat: '-1001234' }),
  },
  discord: {
    vendor: () => chats.discord,
    receiver: (url) => `discord_configs: [{ webhook_url: '${url}/api/webhooks/1/S3cr3tPath', username: u }]`,
    inFiles: (_url, folder) => `discord_configs: [{ webhook_url_file: '${folder}/url' }]`,
    files: (url) => ({ url: `${url}/api/webhooks/1/S3cr3tPath` }),
  },
  webex: {
    vendor: () => chats.webex,
    receiver: (url) =>
      `webex_configs: [{ api_url: '${url}/v1/messages', room_id: R00m, ${BEARER('S3cr3tToken')} }]`,
    inFiles: (url, folder) =>
      `webex_configs: [{ api_url: '${url}/v1/messages', room_id: R00m, http_config: { authorization: { credentials_file: '${folder}/token' } } }]`,
    files: () => ({ token: 'S3cr3tToken' }),
  },
  msteams: {
    vendor: () => chats.msteams,
    receiver: (url) => `msteams_configs: [{ webhook_url: '${url}/webhook/S3cr3tPath' }]`,
    inFiles: (_url, folder) => `msteams_configs: [{ webhook_url_file: '${folder}/url' }]`,
    files: (url) => ({ url: `${url}/webhook/S3cr3tPath` }),
  },
  msteamsv2: {
    vendor: () => chats.msteamsv2,
    receiver: (url) => `msteamsv2_configs: [{ webhook_url: '${url}/workflows/S3cr3tPath' }]`,
    inFiles: (_url, folder) => `msteamsv2_configs: [{ webhook_url_file: '${folder}/url' }]`,
    files: (url) => ({ url: `${url}/workflows/S3cr3tPath` }),
  },
  wechat: {
    vendor: () => chats.wechat,
    receiver: (url) =>
      `wechat_configs: [{ send_resolved: true, api_secret: S3cr3tKey, corp_id: corp, agent_id: '7', api_url: '${url}/cgi-bin' }]`,
    inFiles: (url, folder) =>
      `wechat_configs: [{ api_secret_file: '${folder}/key', corp_id: corp, agent_id: '7', api_url: '${url}/cgi-bin' }]`,
    files: () => ({ key: 'S3cr3tKey' }),
  },
  jira: {
    vendor: () => incidents.startJira(),
    receiver: (url) =>
      `jira_configs: [{ api_url: '${url}/rest/api/2', project: OPS, issue_type: Bug, http_config: { basic_auth: { username: me, password: S3cr3tToken } } }]`,
    inFiles: (url, folder) =>
      `jira_configs: [{ api_url: '${url}/rest/api/2', project: OPS, issue_type: Bug, http_config: { basic_auth: { username: me, password_file: '${folder}/token' } } }]`,
    files: () => ({ token: 'S3cr3tToken' }),
  },
  incidentio: {
    vendor: () => incidents.incidentio,
    receiver: (url) =>
      `incidentio_configs: [{ url: '${url}/v2/alert_events/alertmanager/1', alert_source_token: S3cr3tToken }]`,
    inFiles: (_url, folder) =>
      `incidentio_configs: [{ url_file: '${folder}/url', alert_source_token_file: '${folder}/token' }]`,
    files: (url) => ({ url: `${url}/v2/alert_events/alertmanager/1`, token: 'S3cr3tToken' }),
  },
  rocketchat: {
    vendor: () => chats.rocketchat,
    receiver: (url) =>
      `rocketchat_configs: [{ api_url: '${url}', channel: '#alerts', token: S3cr3tToken, token_id: S3cr3tUser, fields: [{ title: a, value: b }], actions: [{ text: t, url: 'http://x' }] }]`,
    inFiles: (url, folder) =>
      `rocketchat_configs: [{ api_url: '${url}', channel: '#alerts', token_file: '${folder}/token', token_id_file: '${folder}/id' }]`,
    files: () => ({ token: 'S3cr3tToken', id: 'S3cr3tUser' }),
  },
  mattermost: {
    vendor: () => chats.mattermost,
    receiver: (url) =>
      `mattermost_configs: [{ webhook_url: '${url}/hooks/S3cr3tPath', priority: { priority: Urgent, requested_ack: true }, props: { card: c } }]`,
    inFiles: (_url, folder) => `mattermost_configs: [{ webhook_url_file: '${folder}/url' }]`,
    files: (url) => ({ url: `${url}/hooks/S3cr3tPath` }),
  },
};
