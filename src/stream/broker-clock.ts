/**
 * The brokers' time, learned by writing a record now and then whose time the broker says. This machine's own clock has no
 * part in it: it may be wrong, and may be set while the process runs. Between two answers, time passes as the machine counts
 * it since it started.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Producer } from 'kafkajs';
import { messageOf, TocsinError } from '../domain/errors';
import { ignoreEvents, type OnStreamEvent } from './events';
import { kafkaAway, type Kafka } from './kafka';
import { clockTopic, createTopics, type TopicSettings } from './topics';
import { atMost, withinTime } from './within-time';

export interface BrokerClock {
  /** Milliseconds since 1970, never ahead of the broker that was asked; -Infinity before its first answer. */
  now(): number;
  /** Resolves when a broker has answered; rejects where `close` comes first. */
  known(): Promise<void>;
  close(): Promise<void>;
}

export interface BrokerClockOptions extends TopicSettings {
  readonly kafka: Kafka;
  readonly instance: string;
  readonly onEvent?: OnStreamEvent;
}

const EVERY_MS = 10_000;
const FIRST_PAUSE_MS = 200;
const ANSWER_WITHIN_MS = 5_000;
const DISCONNECT_WITHIN_MS = 1_000;
const HOUR_MS = 3_600_000;
/** Brokers' clocks that are kept differ by less, and answer in turn when the topic's leader changes. */
const SET_BACK_MS = 60_000;

export function createBrokerClock(options: BrokerClockOptions): BrokerClock {
  const { kafka, instance, onEvent = ignoreEvents } = options;
  const topic = clockTopic(instance);
  const stopping = new AbortController();
  const estimate = createTimeEstimate();
  let producer: Promise<Producer> | null = null;
  let answered: () => void;
  let gaveUp: (error: Error) => void;
  const first = new Promise<void>((resolve, reject) => ([answered, gaveUp] = [resolve, reject]));
  first.catch(() => undefined);
  const asking = askAgainAndAgain();

  async function askAgainAndAgain(): Promise<void> {
    let pause = FIRST_PAUSE_MS;
    while (!stopping.signal.aborted) {
      try {
        await withinTime(ask(), 'its time', ANSWER_WITHIN_MS);
        pause = EVERY_MS;
      } catch (error) {
        await discard();
        onEvent({ kind: 'broker_clock_failed', reason: messageOf(kafkaAway(error)) });
        pause = Math.min(pause * 2, EVERY_MS);
      }
      await delay(pause, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }

  async function ask(): Promise<void> {
    const using = await (producer ??= connect());
    const before = performance.now();
    const [answer] = await using.send({ topic, acks: 1, messages: [{ value: null }] });
    const said = Number(answer?.logAppendTime ?? -1);
    if (said < 0)
      throw new TocsinError(
        'TOC_DEPENDENCY_AWAY',
        `Kafka does not say the time of records in ${topic}: set its message.timestamp.type to LogAppendTime`,
      );
    const backMs = estimate.heard(before, performance.now(), said);
    answered();
    onEvent({ kind: 'broker_clock', aheadMs: Date.now() - now() });
    if (backMs > SET_BACK_MS) onEvent({ kind: 'broker_clock_set_back', byMs: backMs });
  }

  async function connect(): Promise<Producer> {
    await createTopics(kafka, [specOf(topic)], options);
    const fresh = kafka.producer({ allowAutoTopicCreation: false, retry: { retries: 0 } });
    await fresh.connect();
    return fresh;
  }

  async function discard(): Promise<void> {
    const spent = producer;
    producer = null;
    if (spent === null) return;
    // One that is connected only later is let go then.
    const gone = spent.then((late) => late.disconnect());
    await atMost(gone, DISCONNECT_WITHIN_MS);
  }

  const now = (): number => Math.floor(estimate.at(performance.now()));

  return {
    now,
    known: () => first,
    async close() {
      stopping.abort();
      gaveUp(new TocsinError('TOC_DEPENDENCY_AWAY', 'the clock is closed'));
      await asking;
      await discard();
    },
  };
}

const specOf = (topic: string) => ({
  ...{ topic, partitions: 1, recordTimeOfBroker: true, retentionMs: HOUR_MS },
  config: { 'segment.ms': String(HOUR_MS) },
});

/** Another's time from when it was asked, when it answered, and what it said. Never ahead, and behind by a way's length at most. */
export function createTimeEstimate() {
  let ahead = -Infinity;
  return {
    /** Answers how far it was ahead of what is said now: 0 where it may have been right. */
    heard(asked: number, answered: number, said: number): number {
      const least = said - answered;
      const wasAhead = Math.max(0, ahead - (said - asked));
      if (ahead < least || wasAhead > 0) ahead = least;
      return wasAhead;
    },
    at: (moment: number): number => moment + ahead,
  };
}
