/** The integrations of a configuration's receivers: every kind that can be sent, each in one line. */
import type { AlertmanagerConfig } from '../../config/alertmanager/config';
import type { ReceiverKind } from '../../config/alertmanager/receivers/kinds';
import type { Integration } from '../port';
import { createTemplates } from './group-template';
import { refuseReferences } from './http/credentials';
import type { Environment } from './http/proxy';
import { createIntegration, type Kind, type Sender, type Surroundings } from './integration';
import { webhook } from './webhook';

const KINDS = {
  webhook,
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
}

/** Of all receivers, in the order of the file. Throws TOC_CONFIG_INVALID for a configuration that cannot be sent by. */
export function createIntegrations(
  config: AlertmanagerConfig,
  { externalUrl, templateFiles, now, environment }: IntegrationOptions,
): readonly Integration[] {
  const templates = createTemplates(templateFiles, now);
  const surroundings: Surroundings = {
    externalUrl: externalUrl.replace(/\/+$/, ''),
    templates,
    now,
    environment,
  };
  return config.receivers.flatMap(({ name: receiver, integrations }) =>
    integrations.map(({ kind, options }, index) => {
      const place = { receiver, kind, index, sendResolved: options.send_resolved };
      const http = 'http_config' in options ? options.http_config : null;
      if (http !== null) refuseReferences(http, `receiver ${receiver}, ${kind}`);
      return createIntegration(
        place,
        senderOf(kind, options, surroundings),
        http,
        surroundings,
      );
    }),
  );
}

function senderOf(kind: ReceiverKind, options: unknown, surroundings: Surroundings): Sender {
  const make = (KINDS as Partial<Record<ReceiverKind, unknown>>)[kind] as
    ((options: unknown, surroundings: Surroundings) => Sender) | undefined;
  if (make === undefined) throw new RangeError(`there is no sender for ${kind}`);
  return make(options, surroundings);
}
