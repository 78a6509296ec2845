/**
 * The open alerts as `gds.alerts` tells them: read from the beginning and followed from then on. An evaluator asks it,
 * when it takes over a partition, which alerts of its series are firing already.
 *
 * What rules on trial would have told has a topic of its own, and may be followed in the same way.
 *
 * Alerts that were resolved longer ago than the topic's retention are forgotten.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { TocsinError } from '../domain/errors';
import { applyTransition, type EpisodeState } from '../domain/episode';
import type { Transition } from '../domain/transition';
import { ignoreEvents, type OnStreamEvent } from './events';
import { runGroupConsumer, type BatchHands, type RawBatch } from './group-consumer';
import { withAdmin, type Kafka } from './kafka';
import type { KnownAlert, OpenAlerts } from './port';
import { deleteGroup, readerGroup } from './reader-group';
import { alertsTopic } from './topics';
import { decodeTransition } from './transition-message';

export interface OpenAlertsOptions {
  readonly kafka: Kafka;
  readonly instance: string;
  /** Default: `gds.alerts`. */
  readonly topic?: string;
  readonly onEvent?: OnStreamEvent;
}

const FORGET_AFTER_MS = 7 * 86_400_000;
const FORGET_EVERY_MS = 3_600_000;
const LOOK_EVERY_MS = 20;

/** An alert may be open for longer than the topic keeps its beginning: then its repeats and its end tell of it. */
function heardOf({ kind, starts_at: startsAt, event_time: eventTime }: Transition): EpisodeState {
  return { episode: Date.parse(startsAt), firing: kind !== 'resolved', eventTime: Date.parse(eventTime) };
}

function applied(known: EpisodeState, transition: Transition): EpisodeState | null {
  const { state, outcome } = applyTransition(known, transition);
  return outcome === 'stale' ? null : state;
}

/** What the tail knows, without Kafka: `take` is idempotent. */
export function createAlertView(now: () => number = Date.now) {
  const alerts = new Map<string, KnownAlert>();

  function take(transition: Transition): void {
    const known = alerts.get(transition.fingerprint);
    const state = known === undefined ? heardOf(transition) : applied(known, transition);
    if (state === null) return;
    alerts.set(transition.fingerprint, { ...state, last: { ...transition, recent: [] } });
  }

  function forgetOld(): void {
    for (const [fingerprint, { firing, eventTime }] of alerts) {
      if (!firing && eventTime < now() - FORGET_AFTER_MS) alerts.delete(fingerprint);
    }
  }

  return {
    take,
    forgetOld,
    get: (fingerprint: string): KnownAlert | undefined => alerts.get(fingerprint),
    open: (): Iterable<KnownAlert> => [...alerts.values()].filter(({ firing }) => firing),
  };
}

export function followOpenAlerts(options: OpenAlertsOptions): OpenAlerts & { close(): Promise<void> } {
  const { kafka, instance, topic = alertsTopic(instance), onEvent = ignoreEvents } = options;
  const group = readerGroup(instance, 'open-alerts');
  const view = createAlertView();
  /** The next offset of each partition that has been read from. */
  const positions = new Map<number, bigint>();
  const forgetting = setInterval(view.forgetOld, FORGET_EVERY_MS);
  forgetting.unref();
  let closed = false;

  async function onAssigned(
    _: unknown,
    seek: (topic: string, partition: number, offset: string) => void,
  ): Promise<void> {
    for (const [partition, offset] of positions) seek(topic, partition, String(offset));
  }

  async function read({ partition, messages }: RawBatch, hands: BatchHands): Promise<void> {
    for (const { value } of messages) {
      const decoded = decodeTransition(value);
      if (decoded.ok) view.take(decoded.value);
      await hands.breathe();
    }
    positions.set(partition, BigInt(messages.at(-1)!.offset) + 1n);
  }

  const consumer = runGroupConsumer({
    kafka,
    group,
    topics: () => Promise.resolve([topic]),
    commits: false,
    onAssigned,
    async onBatch(batch, hands) {
      await read(batch, hands);
      hands.pass(batch.messages.at(-1)!);
    },
    onEvent,
  });

  async function caughtUp(): Promise<void> {
    const ends = await withAdmin(kafka, (admin) => admin.fetchTopicOffsets(topic));
    const behind = ends.filter(({ high, low }) => BigInt(high) > BigInt(low));
    const reached = (): boolean =>
      behind.every(({ partition, high }) => (positions.get(partition) ?? 0n) >= BigInt(high));
    while (!reached()) {
      if (closed) throw new TocsinError('TOC_DEPENDENCY_AWAY', 'the view of the open alerts is closed');
      await delay(LOOK_EVERY_MS);
    }
  }

  return {
    caughtUp,
    get: view.get,
    open: view.open,
    async close() {
      closed = true;
      clearInterval(forgetting);
      await consumer.stop();
      await deleteGroup(kafka, group);
    },
  };
}
