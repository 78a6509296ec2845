/** The section `global`: what receivers have where they say nothing themselves. */
import { all, atMostOne, type Check, isSet } from './checks';
import { flag, initially, optional, secret, settableSecret, text } from './kinds';
import { mapping } from './mappings';
import type { ValueOf } from './reading';
import { globalHttpConfig, tlsConfig } from './http-config';
import { duration, secretUrl, smarthost, url } from './text-kinds';

const MINUTE_MS = 60_000;

/** A secret, or the file that it is in: one of the two. */
const IN_FILES = [
  ...['slack_app_token', 'slack_api_url', 'opsgenie_api_key', 'victorops_api_key', 'telegram_bot_token'],
  ...[
    'smtp_auth_password',
    'smtp_auth_secret',
    'rocketchat_token',
    'rocketchat_token_id',
    'wechat_api_secret',
  ],
  'mattermost_webhook_url',
];

const tokenOrUrl: Check = (values, path) => {
  const has = (key: string): boolean => isSet(values[key]) || isSet(values[`${key}_file`]);
  if (!has('slack_app_token') || !has('slack_api_url')) return [];
  const written = (values.slack_api_url as { reveal(): string } | null)?.reveal();
  if (written !== undefined && written === values.slack_app_url) return [];
  const message = 'cannot stand beside slack_api_url or slack_api_url_file: keep one way to Slack';
  return [{ path: [...path, 'slack_app_token'], message }];
};

const httpConfigNotEmpty: Check = ({ http_config: config }, path) =>
  config === null
    ? [{ path: [...path, 'http_config'], message: 'is empty; leave it out for the defaults' }]
    : [];

export const globalOptions = mapping(
  {
    resolve_timeout: duration(5 * MINUTE_MS),
    http_config: globalHttpConfig(),
    jira_api_url: url(),
    smtp_from: text(),
    smtp_hello: text('localhost'),
    smtp_smarthost: smarthost(),
    smtp_auth_username: text(),
    smtp_auth_password: secret(),
    smtp_auth_password_file: text(),
    smtp_auth_secret: secret(),
    smtp_auth_secret_file: text(),
    smtp_auth_identity: text(),
    smtp_require_tls: flag(true),
    smtp_tls_config: initially(tlsConfig().zero, optional(tlsConfig())),
    smtp_force_implicit_tls: optional(flag()),
    slack_api_url: secretUrl(),
    slack_api_url_file: text(),
    slack_app_token: secret(),
    slack_app_token_file: text(),
    slack_app_url: url('https://slack.com/api/chat.postMessage'),
    pagerduty_url: url('https://events.pagerduty.com/v2/enqueue'),
    opsgenie_api_url: url('https://api.opsgenie.com/'),
    opsgenie_api_key: secret(),
    opsgenie_api_key_file: text(),
    wechat_api_url: url('https://qyapi.weixin.qq.com/cgi-bin/'),
    wechat_api_secret: secret(),
    wechat_api_secret_file: text(),
    wechat_api_corp_id: text(),
    victorops_api_url: url('https://alert.victorops.com/integrations/generic/20131114/alert/'),
    victorops_api_key: secret(),
    victorops_api_key_file: text(),
    telegram_api_url: url('https://api.telegram.org'),
    telegram_bot_token: secret(),
    telegram_bot_token_file: text(),
    webex_api_url: url('https://webexapis.com/v1/messages'),
    rocketchat_api_url: url('https://open.rocket.chat/'),
    rocketchat_token: settableSecret(),
    rocketchat_token_file: text(),
    rocketchat_token_id: settableSecret(),
    rocketchat_token_id_file: text(),
    mattermost_webhook_url: secretUrl(),
    mattermost_webhook_url_file: text(),
  },
  {
    check: all(...IN_FILES.map((key) => atMostOne([key, `${key}_file`])), tokenOrUrl, httpConfigNotEmpty),
  },
);

export type GlobalOptions = ValueOf<typeof globalOptions>;
