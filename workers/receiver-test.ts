/**
 * Sends a message that is marked as a test through receivers, and says what came of each: past routes, groups and mutes, with
 * the channels that real messages take. What the message opens at a service, its end closes where the receiver sends ends.
 */
import { randomUUID } from 'node:crypto';
import type { Config, ReceiverConfig } from '../src/config/config';
import type { MatcherMode } from '../src/domain/alertmanager-matchers';
import { TocsinError } from '../src/domain/errors';
import { fingerprint } from '../src/domain/labels';
import type { AlertRow } from '../src/history/port';
import { buildPayload } from '../src/notify/payload';
import type { Delivery, GroupAlert, Integration } from '../src/notify/port';
import { withinDeadline } from '../src/notify/within-deadline';
import { readAlertmanager } from './alertmanager';
import { channelOf } from './channels';

/** Which receivers are tested, and by whom. */
export interface ReceiverTest {
  /** Null: none of a tocsin.yaml. */
  readonly config: Config | null;
  readonly alertmanagerFile: string | null;
  readonly externalUrl: string;
  readonly matcherMode: MatcherMode;
  /** Empty: all. */
  readonly names: readonly string[];
  readonly by: string;
  readonly signal: AbortSignal;
}

export interface TestedReceiver {
  readonly file: 'tocsin.yaml' | 'alertmanager.yml';
  readonly receiver: string;
  readonly kind: string;
  readonly isDelivered: boolean;
  readonly tookMs: number;
  /** What the receiver answered, or why it was not told. */
  readonly detail: string;
}

const SEND_TIMEOUT_MS = 30_000;
const NAME = 'TocsinTest';

/** One way to tell somebody. */
interface Way {
  readonly file: TestedReceiver['file'];
  readonly receiver: string;
  readonly kind: string;
  tell(signal: AbortSignal): Promise<Delivery>;
  close(): Promise<void>;
}

/** All of them at once. Throws TOC_USAGE for a name that no file has. */
export async function testReceivers(test: ReceiverTest): Promise<readonly TestedReceiver[]> {
  const { names } = test;
  const ways = [...ownWays(test), ...alertmanagerWays(test)];
  try {
    const known = new Set(ways.map(({ receiver }) => receiver));
    const unknown = names.filter((name) => !known.has(name));
    if (unknown.length > 0) throw noSuch(unknown, [...known]);
    const asked = ways.filter(({ receiver }) => names.length === 0 || names.includes(receiver));
    return await Promise.all(asked.map((way) => outcomeOf(way, test.signal)));
  } finally {
    await Promise.all(ways.map((way) => way.close()));
  }
}

const noSuch = (unknown: readonly string[], known: readonly string[]): TocsinError =>
  new TocsinError(
    'TOC_USAGE',
    `${unknown.join(', ')}: no receiver with a way to tell anybody; there are ${known.join(', ') || 'none'}`,
  );

async function outcomeOf(way: Way, stop: AbortSignal): Promise<TestedReceiver> {
  const began = performance.now();
  const { file, receiver, kind } = way;
  const delivery = await withinDeadline(SEND_TIMEOUT_MS, stop, (signal) => way.tell(signal));
  const tookMs = Math.round(performance.now() - began);
  const isDelivered = delivery.kind === 'delivered';
  return {
    file,
    receiver,
    kind,
    isDelivered,
    tookMs,
    detail: isDelivered ? delivery.detail : delivery.error,
  };
}

const labelsOf = (receiver: string) => ({ alertname: NAME, severity: 'info', receiver, test: 'true' });
const annotationsOf = (by: string) => ({
  summary: `A test of this receiver, asked for by ${by}: nothing is wrong`,
  description: 'Sent by `tocsin receivers test`. Nobody has to do anything.',
});

const ownWays = ({ config, by }: ReceiverTest): Way[] =>
  config === null ? [] : config.receivers.map((receiver) => ownWay(receiver, config, by));

function ownWay(receiver: ReceiverConfig, config: Config, by: string): Way {
  const channel = channelOf(receiver, config, { timeline: async () => [] });
  const routingKey = receiver.type === 'notification_service' ? receiver.routingKey : null;
  return {
    ...{ file: 'tocsin.yaml', receiver: receiver.name, kind: receiver.type },
    tell(signal) {
      const now = new Date();
      const alert = testAlert(receiver.name, by, now);
      const step = `test-${randomUUID()}`;
      const facts = { alert, artifacts: [], remediation: null, underWay: null, related: [] };
      const messageId = `${alert.fingerprint}:${alert.episode}:${step}`;
      const payload = buildPayload(facts, { messageId, step, routingKey, onCallPerson: null, now });
      const about = { fingerprint: alert.fingerprint, episode: alert.episode, step };
      return channel.send({ payload, ...about, attempts: 0, memory: {} }, signal);
    },
    close: () => channel.close(),
  };
}

function testAlert(receiver: string, by: string, now: Date): AlertRow {
  const labels = labelsOf(receiver);
  return {
    ...{ fingerprint: fingerprint(labels), labels, annotations: annotationsOf(by), state: 'FIRING' },
    ...{ episode: now.getTime(), fireCount: 1, startsAt: now.toISOString(), endsAt: null },
    ...{ value: null, threshold: null, eventTime: now.getTime(), rule: null, condition: null },
    ...{ cooldownMs: null, runbook: null, recent: [], correlationId: `test-${now.getTime().toString(36)}` },
    ...{ acknowledgement: null, resolvedBy: null, quietUntil: null, expiresAt: null, timedOut: false },
    generatorUrl: '',
  };
}

function alertmanagerWays({ alertmanagerFile, externalUrl, matcherMode, by }: ReceiverTest): Way[] {
  if (alertmanagerFile === null) return [];
  const { integrations } = readAlertmanager({ file: alertmanagerFile, externalUrl, matcherMode });
  return [...integrations.values()].map((integration) => ({
    ...{ file: 'alertmanager.yml', receiver: integration.receiver, kind: integration.kind },
    tell: (signal) => tellGroup(integration, by, signal),
    close: () => integration.close(),
  }));
}

/** That it fires, and then that it is over, so that nothing stays open at a service. */
async function tellGroup(integration: Integration, by: string, signal: AbortSignal): Promise<Delivery> {
  const { receiver, sendResolved } = integration;
  const labels = labelsOf(receiver);
  const startsAt = new Date();
  const groupKey = `{}/{test="${randomUUID()}"}:{alertname="${NAME}"}`;
  const common = { groupKey, receiver, groupLabels: { alertname: NAME }, routeLabels: {} };
  const alert: GroupAlert = {
    ...{ fingerprint: fingerprint(labels), status: 'firing', labels, annotations: annotationsOf(by) },
    ...{ startsAt: startsAt.toISOString(), endsAt: null, generatorUrl: '' },
  };
  const fired = await integration.notify(
    {
      ...{ ...common, key: randomUUID(), alerts: [alert], at: startsAt.getTime() },
      ...{ reason: 'first notification', memory: {} },
    },
    signal,
  );
  if (fired.kind !== 'delivered' || !sendResolved) return fired;
  const over: GroupAlert = { ...alert, status: 'resolved', endsAt: new Date().toISOString() };
  const ended = await integration.notify(
    {
      ...{ ...common, key: randomUUID(), alerts: [over], at: Date.now() },
      ...{ reason: 'all alerts resolved', memory: fired.memory ?? {} },
    },
    signal,
  );
  if (ended.kind === 'delivered') return { ...ended, detail: `${fired.detail}; its end too` };
  return { ...ended, error: `it was told that the test fires, and not of its end: ${ended.error}` };
}
