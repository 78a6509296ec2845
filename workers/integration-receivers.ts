/**
 * Receivers of an alertmanager.yml that levels and incidents of tocsin.yaml name: what their names stand for where messages are
 * written, and the notifier's own of them, which are read again whenever the configuration is.
 */
import { alertmanagerReceiver, nameInAlertmanager } from '../src/domain/drill';
import { messageOf } from '../src/domain/errors';
import { integrationChannel } from '../src/notify/integration-channel';
import type { Receiver } from '../src/notify/port';
import {
  closeAll,
  closeLater,
  nameOf,
  ownReadOptions,
  readAlertmanager,
  type InEffect,
} from './alertmanager';
import type { Shared } from './compose';
import { timedChannel } from './observers';

/** As long as messages of groups have. */
const TIMEOUT_MS = 60_000;

/** One that has no integrations, or is gone, keeps its name: its message is given up, and says so. */
export function waysIn(inEffect: (() => InEffect) | null): (receiver: string) => readonly string[] {
  return (receiver) => {
    const there = nameInAlertmanager(receiver);
    if (there === null || inEffect === null) return [receiver];
    const ways = inEffect().integrationsOf(there);
    return ways.length === 0 ? [receiver] : ways.map(({ name }) => alertmanagerReceiver(name));
  };
}

/** The same array until the file has been read again. */
export function followIntegrations(shared: Shared): () => readonly Receiver[] {
  const { log, parts } = shared;
  const options = ownReadOptions(shared);
  if (options === null) return () => NONE;
  const { file } = options;
  const read = (): InEffect => readAlertmanager(options);
  let inEffect = read();
  let receivers = receiversOf(shared, inEffect);

  function reload(): void {
    const next = read();
    const before = inEffect;
    inEffect = next;
    receivers = receiversOf(shared, next);
    closeLater(before);
    shared.wakeNotifier();
  }

  const onHangup = (): void => {
    try {
      reload();
    } catch (error) {
      log.error({ err: error }, `receivers of ${file} stay as they were: ${messageOf(error)}`);
    }
  };
  process.on('SIGHUP', onHangup);
  shared.onReload(async () => {
    reload();
    return 'receivers read';
  });
  parts.push({
    name: 'receivers of alertmanager.yml',
    async stop() {
      process.off('SIGHUP', onHangup);
      await closeAll(inEffect);
    },
  });
  return () => receivers;
}

const NONE: readonly Receiver[] = [];

const receiversOf = (shared: Shared, { integrations }: InEffect): readonly Receiver[] =>
  [...integrations.values()].map((integration) => {
    const name = alertmanagerReceiver(nameOf(integration));
    const channel = timedChannel(shared, name, integrationChannel(integration, Date.now));
    const { sendResolved } = integration;
    return { name, channel, routingKey: null, timeoutMs: TIMEOUT_MS, fallback: null, sendResolved };
  });
