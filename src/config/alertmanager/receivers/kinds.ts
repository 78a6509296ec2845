/** Every kind of receiver that Alertmanager 0.34 knows. */
import { discord } from './discord';
import { email } from './email';
import { incidentio } from './incidentio';
import { jira } from './jira';
import { mattermost } from './mattermost';
import { msteams, msteamsv2 } from './msteams';
import type { NotifierKind } from './notifier';
import { opsgenie } from './opsgenie';
import { pagerduty } from './pagerduty';
import { pushover } from './pushover';
import { rocketchat } from './rocketchat';
import { slack } from './slack';
import { sns } from './sns';
import { telegram } from './telegram';
import { victorops } from './victorops';
import { webex } from './webex';
import { webhook } from './webhook';
import { wechat } from './wechat';
import type { ValueOf } from '../reading';

/** In the order in which Alertmanager lists a receiver's integrations. */
export const NOTIFIERS = {
  webhook,
  email,
  pagerduty,
  opsgenie,
  wechat,
  slack,
  victorops,
  pushover,
  sns,
  telegram,
  discord,
  webex,
  msteams,
  msteamsv2,
  jira,
  incidentio,
  rocketchat,
  mattermost,
} as const;

export type ReceiverKind = keyof typeof NOTIFIERS;

/** What a kind's options are, under the names that they have in the file. */
export type OptionsOf<K extends ReceiverKind> = NonNullable<ValueOf<(typeof NOTIFIERS)[K]['options']>>;

/** One destination of a receiver. */
export type Integration = {
  [K in ReceiverKind]: { readonly kind: K; readonly options: OptionsOf<K> };
}[ReceiverKind];

export const RECEIVER_KINDS = Object.keys(NOTIFIERS) as ReceiverKind[];

export const notifierOf = (kind: ReceiverKind): NotifierKind => NOTIFIERS[kind] as unknown as NotifierKind;
