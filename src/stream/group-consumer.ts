/**
 * A consumer of one group that stays alive: it finds its topics, reads them in batches, and hands each batch over until
 * that succeeds. Topics that appear later are read within seconds, and whatever ends kafkajs' own consumer (Kafka away,
 * a crash, a topic deleted) makes a new one with a reason that is told.
 *
 * Promise: at least once, in offset order within a partition; an offset is committed only after its batch was taken.
 * What a batch means, and what follows from it, is left to the caller.
 *
 * kafkajs heartbeats only between batches, so everything that may take long runs inside `whileAlive`.
 */
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import type { EachBatchPayload, KafkaMessage } from 'kafkajs';
import { messageOf } from '../domain/errors';
import { followAnswers, type Answered } from './answers';
import { copartition } from './assigner';
import { createCommitLedger } from './commit-ledger';
import type { OnStreamEvent } from './events';
import type { Kafka } from './kafka';
import { atMost } from './within-time';

/** Topic → partitions that this member reads. */
export type Assignment = Readonly<Record<string, readonly number[]>>;

export interface RawBatch {
  readonly topic: string;
  readonly partition: number;
  readonly messages: readonly KafkaMessage[];
  /** The partition's end when it was fetched. */
  readonly highWatermark: string;
  /** Of what was fetched, messages or not. */
  lastOffset(): string;
}

export interface BatchHands {
  /**
   * Does `work` until it succeeds, with growing pauses, and stays a member of the group meanwhile. Gives up by throwing
   * only when the batch will be delivered again: this member stops, or has lost the partition.
   */
  persist(work: () => Promise<void>): Promise<void>;
  /** Marks everything up to and with this message as done. `metadata` is kept with the committed offset. */
  done(message: KafkaMessage, messages: number, metadata?: string): void;
  /**
   * Lets the process do other things if the batch has held it for long, and stays a member of the group. A fetch of well
   * compressed messages can take seconds to work through, and what follows from a few can take longer. Throws like `persist`.
   */
  breathe(): Promise<void>;
  /** Goes on after this message without committing it: it lies before the committed offset. */
  pass(message: KafkaMessage): void;
}

export interface GroupConsumerOptions {
  readonly kafka: Kafka;
  readonly group: string;
  /**
   * Asked before the consumer joins, and every `topicPollMs` with those that it reads: a different answer makes it join again
   * with the new topics.
   */
  readonly topics: (read: readonly string[]) => Promise<readonly string[]>;
  readonly topicPollMs?: number;
  /** How many partitions are worked on at a time. */
  readonly concurrency?: number;
  readonly commitEveryMessages?: number;
  readonly commitEveryMs?: number;
  /** False for a reader that keeps its own position. */
  readonly commits?: boolean;
  /** A member that is silent for so long has died. Where a broker takes no such short time, 6 s. */
  readonly sessionTimeoutMs?: number;
  /** What this member says of itself to whoever describes the group. */
  readonly note?: Buffer;
  /** Called at each new assignment; no batch comes before it has resolved. A rejection starts the consumer anew. */
  onAssigned?(
    assignment: Assignment,
    seek: (topic: string, partition: number, offset: string) => void,
  ): Promise<void>;
  onBatch(batch: RawBatch, hands: BatchHands): Promise<void>;
  /**
   * Told again and again while brokers answer, each by itself: what a node had at this time, of `now`, has been handed over,
   * but for partitions whose batches did not reach their end.
   */
  readonly answered?: Answered;
  /** Up to this offset, a partition had nothing but what is no message. */
  onSkipped?(topic: string, partition: number, lastOffset: number): void;
  readonly onEvent: OnStreamEvent;
}

export interface GroupConsumer {
  /** Finishes the batches at hand, commits and leaves the group. */
  stop(): Promise<void>;
  /** Whether the member has joined and has its partitions. */
  joined(): boolean;
}

/** A batch was given up because it will be delivered again. */
class Interrupted extends Error {}

/** What `group.min.session.timeout.ms` is where nobody has changed it. */
const ANY_BROKER_TAKES_MS = 6_000;
const HEARTBEAT_MS = 300;
/** Work that does not wait for anything goes on for at most this long at a time. */
const BREATH_MS = 20;
/** kafkajs decodes a whole fetch at once: what the limits are for is the pause that this makes. */
const FETCH_BYTES = 2 * 1_048_576;
const FETCH_BYTES_A_PARTITION = 524_288;
/** An empty fetch ends after this long, because kafkajs heartbeats between fetches. */
const FETCH_WAIT_MS = 300;
const REBALANCE_TIMEOUT_MS = 20_000;
const DISCONNECT_TIMEOUT_MS = 5_000;
const RESTART_FIRST_MS = 500;
const RESTART_MAX_MS = 5_000;
const RETRY_FIRST_MS = 100;
const RETRY_MAX_MS = 5_000;
const LOST_MEMBERSHIP = new Set([
  'REBALANCE_IN_PROGRESS',
  'NOT_COORDINATOR_FOR_GROUP',
  'ILLEGAL_GENERATION',
  'UNKNOWN_MEMBER_ID',
  'FENCED_INSTANCE_ID',
]);

export function runGroupConsumer(options: GroupConsumerOptions): GroupConsumer {
  const { group, onEvent, topicPollMs = 2_000 } = options;
  const stopping = new AbortController();
  let sessionTimeoutMs = options.sessionTimeoutMs ?? ANY_BROKER_TAKES_MS;
  let current: Session | null = null;
  const finished = supervise();

  async function supervise(): Promise<void> {
    let pause = RESTART_FIRST_MS;
    while (!stopping.signal.aborted) {
      const started = Date.now();
      try {
        await liveOnce(await findTopics());
        pause = RESTART_FIRST_MS;
      } catch (error) {
        if (stopping.signal.aborted) return;
        if (isTooShort(error)) sessionTimeoutMs = Math.max(sessionTimeoutMs, ANY_BROKER_TAKES_MS);
        if (Date.now() - started > 30_000) pause = RESTART_FIRST_MS;
        onEvent({ kind: 'consumer_restarting', group, reason: messageOf(error), delayMs: pause });
        await sleep(pause, stopping.signal);
        pause = Math.min(pause * 2, RESTART_MAX_MS);
      }
    }
  }

  /** Waits until there is a topic at all. */
  async function findTopics(): Promise<readonly string[]> {
    for (;;) {
      const topics = await options.topics([]);
      if (topics.length > 0 || stopping.signal.aborted) return topics;
      await sleep(topicPollMs, stopping.signal);
    }
  }

  async function liveOnce(topics: readonly string[]): Promise<void> {
    if (stopping.signal.aborted) return;
    const session = createSession({ ...options, sessionTimeoutMs }, topics);
    current = session;
    try {
      await session.start();
      onEvent({ kind: 'consumer_started', group, topics });
      await Promise.race([session.crashed, untilTopicsChange(topics, session.ended)]);
    } finally {
      current = null;
      await session.end();
    }
  }

  async function untilTopicsChange(topics: readonly string[], ended: AbortSignal): Promise<void> {
    const signal = AbortSignal.any([stopping.signal, ended]);
    while (!signal.aborted) {
      await sleep(topicPollMs, signal);
      if (signal.aborted) return;
      // A look that fails says nothing of the topics; the consumer finds out by itself when Kafka is away.
      const found = await options.topics(topics).catch(() => topics);
      if (found.length !== topics.length || found.some((topic) => !topics.includes(topic))) return;
    }
  }

  return {
    async stop() {
      stopping.abort();
      await finished;
    },
    joined: () => current?.joined() ?? false,
  };
}

/** One kafkajs consumer from its start to its end. */
interface Session {
  readonly crashed: Promise<never>;
  readonly ended: AbortSignal;
  start(): Promise<void>;
  end(): Promise<void>;
  joined(): boolean;
}

function createSession(
  options: GroupConsumerOptions & { readonly sessionTimeoutMs: number },
  topics: readonly string[],
): Session {
  const { kafka, group, onEvent, commits = true } = options;
  const consumer = kafka.consumer({
    groupId: group,
    partitionAssigners: [copartition(options.note)],
    sessionTimeout: options.sessionTimeoutMs,
    heartbeatInterval: HEARTBEAT_MS,
    rebalanceTimeout: REBALANCE_TIMEOUT_MS,
    maxWaitTimeInMs: FETCH_WAIT_MS,
    maxBytes: FETCH_BYTES,
    maxBytesPerPartition: FETCH_BYTES_A_PARTITION,
    allowAutoTopicCreation: false,
    retry: {
      initialRetryTime: 100,
      maxRetryTime: 1_000,
      retries: 3,
      restartOnFailure: () => Promise.resolve(false),
    },
  });
  const ending = new AbortController();
  const ledger = createCommitLedger({
    group,
    commit: (offsets) => consumer.commitOffsets(offsets),
    everyMessages: options.commitEveryMessages,
    everyMs: options.commitEveryMs,
    onEvent,
  });
  const working = new Set<Promise<void>>();
  let generation = 0;
  let ready: Promise<void> | null = null;
  let fail: (error: unknown) => void;
  const crashed = new Promise<never>((_, reject) => (fail = reject));
  crashed.catch(() => undefined);

  consumer.on(consumer.events.CRASH, ({ payload }) => fail(payload.error));
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => join(payload.memberAssignment));

  consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
    if (payload.batchSize === 0)
      options.onSkipped?.(payload.topic, payload.partition, Number(payload.lastOffset));
  });
  const answers = options.answered && followAnswers(consumer, options.answered, FETCH_BYTES);

  function join(assignment: Assignment): void {
    generation += 1;
    answers?.forget();
    ledger.keepOnly((topic, partition) => assignment[topic]?.includes(partition) ?? false);
    const seek = (topic: string, partition: number, offset: string) =>
      consumer.seek({ topic, partition, offset });
    const settling = (options.onAssigned?.(assignment, seek) ?? Promise.resolve()).then(() => {
      onEvent({ kind: 'assigned', group, partitions: assignment });
      answers?.forget();
      if (ready === settling) ready = null;
    });
    ready = settling;
    settling.catch(fail);
  }

  async function start(): Promise<void> {
    await consumer.connect();
    await consumer.subscribe({ topics: [...topics], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: options.concurrency ?? 12,
      eachBatch: (payload) => tracked(eachBatch(payload)),
    });
  }

  async function tracked(work: Promise<void>): Promise<void> {
    working.add(work);
    try {
      await work;
    } finally {
      working.delete(work);
    }
  }

  async function eachBatch(payload: EachBatchPayload): Promise<void> {
    const { batch, isStale } = payload;
    const { topic, partition, messages } = batch;
    if (ending.signal.aborted) return delay(50);
    const mine = generation;
    if (ready !== null) await whileAlive(payload, Promise.race([ready, aborted(ending.signal)]));
    const owned = (): boolean => mine === generation && !isStale();
    if (!owned() || ending.signal.aborted) return;
    const started = Date.now();
    try {
      await options.onBatch(batch, handsOf(payload, owned));
    } catch (error) {
      if (error instanceof Interrupted) return;
      throw error;
    }
    const ms = Date.now() - started;
    onEvent({
      kind: 'batch',
      group,
      topic,
      partition,
      messages: messages.length,
      lag: Number(batch.offsetLag()),
      ms,
    });
  }

  function handsOf(payload: EachBatchPayload, owned: () => boolean): BatchHands {
    const { topic, partition } = payload.batch;
    const pass = (message: KafkaMessage): void => {
      if (!owned()) throw new Interrupted();
      payload.resolveOffset(message.offset);
    };
    let since = performance.now();
    const breathe = async (): Promise<void> => {
      if (performance.now() - since < BREATH_MS) return;
      await nextTurn();
      payload.heartbeat().catch(() => undefined);
      if (!owned() || ending.signal.aborted) throw new Interrupted();
      since = performance.now();
    };
    return {
      persist: (work) => persist(payload, owned, work),
      breathe,
      pass,
      done(message, messages, metadata) {
        pass(message);
        const offset = String(BigInt(message.offset) + 1n);
        if (commits) ledger.note({ topic, partition, offset, metadata: metadata ?? null }, messages);
      },
    };
  }

  async function persist(
    payload: EachBatchPayload,
    owned: () => boolean,
    work: () => Promise<void>,
  ): Promise<void> {
    const { topic, partition } = payload.batch;
    let pause = RETRY_FIRST_MS;
    for (let attempt = 1; ; attempt++) {
      try {
        await whileAlive(payload, work());
        if (!owned()) throw new Interrupted();
        return;
      } catch (error) {
        if (isLost(error) || error instanceof Interrupted) throw error;
        onEvent({ kind: 'batch_retry', group, topic, partition, attempt, reason: messageOf(error) });
        await whileAlive(payload, sleep(pause, ending.signal));
        pause = Math.min(pause * 2, RETRY_MAX_MS);
        if (!owned() || ending.signal.aborted) throw new Interrupted();
      }
    }
  }

  async function end(): Promise<void> {
    ending.abort();
    await Promise.allSettled(working);
    await atMost(ledger.flush(), DISCONNECT_TIMEOUT_MS);
    ledger.close();
    await atMost(consumer.disconnect(), DISCONNECT_TIMEOUT_MS);
  }

  return { crashed, ended: ending.signal, start, end, joined: () => generation > 0 };
}

/**
 * Awaits `work` with heartbeats. When the work fails and membership is lost too, the loss is what is thrown: kafkajs
 * then joins again, and the batch comes again to whoever has the partition.
 */
async function whileAlive(payload: EachBatchPayload, work: Promise<void>): Promise<void> {
  let lost: unknown = null;
  const beat = (): void =>
    void payload.heartbeat().catch((error: unknown) => (lost ??= isLost(error) ? error : null));
  const timer = setInterval(beat, HEARTBEAT_MS);
  try {
    await work;
  } catch (error) {
    throw lost ?? error;
  } finally {
    clearInterval(timer);
  }
}

function isTooShort(error: unknown): boolean {
  for (let at: unknown = error; at instanceof Error; at = at.cause)
    if ((at as { type?: string }).type === 'INVALID_SESSION_TIMEOUT') return true;
  return false;
}

function isLost(error: unknown): boolean {
  return LOST_MEMBERSHIP.has((error as { type?: string } | null)?.type ?? '');
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return delay(ms, undefined, { signal }).catch(() => undefined);
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
