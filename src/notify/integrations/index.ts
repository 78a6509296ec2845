/** The integrations of a configuration's receivers: every kind that can be sent, each in one line. */
import type { AlertmanagerConfig } from '../../config/alertmanager/config';
import type { ReceiverKind } from '../../config/alertmanager/receivers/kinds';
import type { Integration } from '../port';
import { createTemplates } from './group-template';
import { refuseReferences } from './http/credentials';
import type { Environment } from './http/proxy';
import { createIntegration, type Addresses, type Kind, type Sender, type Surroundings } from './integration';
import { discord } from './discord';
import { email } from './email';
import { incidentio } from './incidentio';
import { jira } from './jira';
import { mattermost } from './mattermost';
import { msteams, msteamsv2 } from './msteams';
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

const KINDS = {
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
} satisfies { readonly [K in ReceiverKind]?: Kind<K> };

export const SENDABLE_KINDS: ReadonlySet<ReceiverKind> = new Set(Object.keys(KINDS) as ReceiverKind[]);

export interface IntegrationOptions {
  /** Where people reach Tocsin: it stands in links. */
  readonly externalUrl: string;
  /** The files that the configuration's `templates` match. */
  readonly templateFiles: readonly string[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** The process's variables, for `proxy_from_environment`. */
  readonly environment: Environment;
  /** Where services are that have one address for all: other ones in tests. */
  readonly addresses?: Addresses;
}

/** Of all receivers, in the order of the file. Throws TOC_CONFIG_INVALID for a configuration that cannot be sent by. */
export function createIntegrations(
  config: AlertmanagerConfig,
  { externalUrl, templateFiles, now, environment, addresses }: IntegrationOptions,
): readonly Integration[] {
  const templates = createTemplates(templateFiles, now);
  const surroundings: Surroundings = {
    externalUrl: externalUrl.replace(/\/+$/, ''),
    templates,
    now,
    environment,
    addresses,
  };
  return config.receivers.flatMap(({ name: receiver, integrations }) =>
    integrations.map(({ kind, options }, index) => {
      const place = { receiver, kind, index, sendResolved: options.send_resolved };
      const http = 'http_config' in options ? options.http_config : null;
      if (http !== null) refuseReferences(http, `receiver ${receiver}, ${kind}`);
      return createIntegration(place, senderOf(kind, options, surroundings), http, surroundings);
    }),
  );
}

function senderOf(kind: ReceiverKind, options: unknown, surroundings: Surroundings): Sender {
  const make = (KINDS as Partial<Record<ReceiverKind, unknown>>)[kind] as
    ((options: unknown, surroundings: Surroundings) => Sender) | undefined;
  if (make === undefined) throw new RangeError(`there is no sender for ${kind}`);
  return make(options, surroundings);
}
