/**
 * Sends a message that is marked as a test through receivers, and says what came of each: past routes, groups and mutes, with
 * the channels that real messages take. What the message opens at a service, its end closes where the receiver sends ends.
 */
import { randomUUID } from 'node:crypto';
import type { Config } from '../src/config/config';
import type { MatcherMode } from '../src/domain/alertmanager-matchers';
import { TocsinError } from '../src/domain/errors';
import type { Notice, NoticeWay } from '../src/notify/notices';
import type { Delivery } from '../src/notify/port';
import { withinDeadline } from '../src/notify/within-deadline';
import { alertmanagerWays, ownWay } from './notice-ways';

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

interface Tested extends Pick<TestedReceiver, 'file'> {
  readonly way: NoticeWay;
}

/** All of them at once. Throws TOC_USAGE for a name that no file has. */
export async function testReceivers(test: ReceiverTest): Promise<readonly TestedReceiver[]> {
  const { names } = test;
  const all = [...ofTocsin(test), ...ofAlertmanager(test)];
  try {
    const known = new Set(all.map(({ way }) => way.receiver));
    const unknown = names.filter((name) => !known.has(name));
    if (unknown.length > 0) throw noSuch(unknown, [...known]);
    const asked = all.filter(({ way }) => names.length === 0 || names.includes(way.receiver));
    return await Promise.all(asked.map((each) => outcomeOf(each, test)));
  } finally {
    await Promise.all(all.map(({ way }) => way.close()));
  }
}

const noSuch = (unknown: readonly string[], known: readonly string[]): TocsinError =>
  new TocsinError(
    'TOC_USAGE',
    `${unknown.join(', ')}: no receiver with a way to tell anybody; there are ${known.join(', ') || 'none'}`,
  );

async function outcomeOf({ file, way }: Tested, test: ReceiverTest): Promise<TestedReceiver> {
  const began = performance.now();
  const { receiver, kind } = way;
  const delivery = await withinDeadline(SEND_TIMEOUT_MS, test.signal, (signal) =>
    tell(way, noticeOf(receiver, test.by), signal),
  );
  const tookMs = Math.round(performance.now() - began);
  const isDelivered = delivery.kind === 'delivered';
  return {
    ...{ file, receiver, kind, isDelivered, tookMs },
    detail: isDelivered ? delivery.detail : delivery.error,
  };
}

/** That it fires, and then that it is over, so that nothing stays open at a service. */
async function tell(way: NoticeWay, notice: Notice, signal: AbortSignal): Promise<Delivery> {
  const fired = await way.begin(notice, 0, signal);
  if (fired.kind !== 'delivered' || !way.tellsEnd) return fired;
  const ended = await way.end(notice, fired.memory ?? {}, 0, signal);
  if (ended.kind === 'delivered') return { ...ended, detail: `${fired.detail}; its end too` };
  return { ...ended, error: `it was told that the test fires, and not of its end: ${ended.error}` };
}

const noticeOf = (receiver: string, by: string): Notice => ({
  labels: { alertname: 'TocsinTest', severity: 'info', receiver, test: 'true' },
  at: Date.now(),
  step: `test-${randomUUID()}`,
  summary: `A test of this receiver, asked for by ${by}: nothing is wrong`,
  description: 'Sent by `tocsin receivers test`. Nobody has to do anything.',
});

const ofTocsin = ({ config }: ReceiverTest): Tested[] =>
  config === null
    ? []
    : config.receivers.map((receiver) => ({ file: 'tocsin.yaml', way: ownWay(receiver, config) }));

const ofAlertmanager = ({ alertmanagerFile: file, externalUrl, matcherMode }: ReceiverTest): Tested[] =>
  file === null
    ? []
    : alertmanagerWays({ file, externalUrl, matcherMode }).map((way) => ({ file: 'alertmanager.yml', way }));
