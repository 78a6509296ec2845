/**
 * What an alertmanager.yml means for a process that serves it: routes, receivers, mutes. Read again as a whole; one that is
 * refused leaves the one before in effect.
 */
import { readFileSync } from 'node:fs';
import type { AlertmanagerConfig } from '../src/config/alertmanager/config';
import { loadAlertmanager, type AlertmanagerOptions } from '../src/config/alertmanager/load';
import { templateFiles } from '../src/config/alertmanager/template-files';
import { processEnv } from '../src/config/env';
import type { KnownAlert } from '../src/history/port';
import { createInhibitionIndex, type InhibitionIndex } from '../src/mute/inhibition';
import { createTimeMutes, type TimeMutes } from '../src/mute/time-intervals';
import { createIntegrations, SENDABLE_KINDS } from '../src/notify/integrations';
import type { Integration, IntegrationName } from '../src/notify/port';
import type { Shared } from './compose';

export interface InEffect {
  readonly config: AlertmanagerConfig;
  readonly file: string;
  readonly text: string;
  readonly integrations: ReadonlyMap<IntegrationName, Integration>;
  readonly integrationsOf: (receiver: string) => readonly { name: IntegrationName; sendResolved: boolean }[];
  readonly inhibition: InhibitionIndex;
  readonly timeMutes: TimeMutes;
}

export const nameOf = ({ receiver, kind, index }: Integration): IntegrationName =>
  `${receiver}/${kind}/${index}`;

export interface ReadOptions extends Pick<AlertmanagerOptions, 'matcherMode'> {
  readonly file: string;
  readonly externalUrl: string;
}

/** How the roles read the alertmanager.yml that tocsin.yaml names; null where it names none. */
export function ownReadOptions({ config, url }: Pick<Shared, 'config' | 'url'>): ReadOptions | null {
  if (config.alertmanager === null) return null;
  const externalUrl = config.externalUrl === '' ? url : config.externalUrl;
  return { file: config.alertmanager.file, externalUrl, matcherMode: 'fallback' };
}

/** Throws `ConfigInvalid` with every problem. */
export function readAlertmanager({ file, externalUrl, matcherMode }: ReadOptions): InEffect {
  const text = readFileSync(file, 'utf8');
  const config = loadAlertmanager(file, { matcherMode, sendable: SENDABLE_KINDS });
  const made = createIntegrations(config, {
    externalUrl,
    templateFiles: templateFiles(config.templates),
    now: Date.now,
    environment: processEnv(),
  });
  return {
    config,
    file,
    text,
    integrations: new Map(made.map((integration) => [nameOf(integration), integration])),
    integrationsOf: (receiver) =>
      made
        .filter((integration) => integration.receiver === receiver)
        .map((integration) => ({ name: nameOf(integration), sendResolved: integration.sendResolved })),
    inhibition: createInhibitionIndex(config.inhibitRules),
    timeMutes: createTimeMutes(config.timeIntervals),
  };
}

/** What the alert means for others: it inhibits as long as it fires. */
export function noteForInhibition(inhibition: InhibitionIndex, alert: KnownAlert): void {
  const { fingerprint, labels, state, overAt } = alert;
  if (state === 'RESOLVED') inhibition.remove(fingerprint);
  else inhibition.add({ fingerprint, labels, ...(overAt !== null && { endsAt: overAt }) });
}

/** What was on its way by the configuration before may still be sent. */
const CLOSE_AFTER_MS = 60_000;

/** Its connections. */
export const closeAll = async ({ integrations }: InEffect): Promise<void> =>
  void (await Promise.all([...integrations.values()].map((integration) => integration.close())));

/** Of a configuration that another has replaced. */
export const closeLater = (before: InEffect): void =>
  void setTimeout(() => void closeAll(before), CLOSE_AFTER_MS).unref();
