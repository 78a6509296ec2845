/**
 * A lane to Kafka: records go out in the order of the calls, idempotent, acks=all, and each call resolves when all of
 * its records are acknowledged. Promise: at least once; the same once as long as the producer lives.
 *
 * A lane has one request in flight. kafkajs counts sequence numbers back when a request fails, so with two in flight a
 * broker that had taken the first would answer the second as its duplicate, and drop it. For the same reason a
 * producer that has failed for good is thrown away with its producer id, and the records go out under a new one.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Partitioners, type Message, type Producer, type TopicMessages } from 'kafkajs';
import { messageOf, TocsinError } from '../domain/errors';
import { compressionType, type Compression } from './compression';
import { ignoreEvents, type OnStreamEvent } from './events';
import type { Kafka } from './kafka';

export interface SenderOptions {
  /** Names the lane in events and errors: `metrics`, `transitions`, … */
  readonly lane: string;
  /** How long records may wait for more of them. 0 sends at once what there is. */
  readonly lingerMs: number;
  /** A request holds at most this many records. */
  readonly maxMessages?: number;
  /** How long a call waits for its acknowledgement. */
  readonly timeoutMs?: number;
  readonly compression?: Compression;
  readonly onEvent?: OnStreamEvent;
}

export interface Sender {
  /** Connects before there is something to send, so that the first call need not wait for it. Never throws. */
  open(): Promise<void>;
  /**
   * Throws TOC_DEPENDENCY_AWAY when Kafka has not acknowledged in time: the records may still arrive, and the caller
   * may send them again. Throws TOC_MESSAGE_INVALID when Kafka refuses a record for good.
   */
  send(records: readonly TopicMessages[]): Promise<void>;
  /** Waits for what is on its way, for at most the timeout of a call. */
  close(): Promise<void>;
}

interface Call {
  readonly records: readonly TopicMessages[];
  readonly count: number;
  readonly bytes: number;
  done: boolean;
  settle(error?: TocsinError): void;
}

/** Below Kafka's default max.message.bytes of 1 MiB, even if all records of a request meet in one partition. */
const MAX_REQUEST_BYTES = 900_000;
/** Smaller requests are not worth a codec's thread hop. */
const COMPRESS_FROM_BYTES = 1_024;
const DEFAULT_TIMEOUT_MS = 30_000;
const FIRST_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 2_000;
const REFUSED_FOR_GOOD = new Set([
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_TOPIC_EXCEPTION',
  'INVALID_RECORD',
]);

export function createSender(kafka: Kafka, options: SenderOptions): Sender {
  const {
    lane,
    lingerMs,
    maxMessages = 1_000,
    timeoutMs = DEFAULT_TIMEOUT_MS,
    onEvent = ignoreEvents,
  } = options;
  const compression = compressionType(options.compression ?? 'lz4');
  const queue: Call[] = [];
  let queued = 0;
  let producer: Producer | null = null;
  let draining: Promise<void> | null = null;
  let closed = false;
  let full: (() => void) | null = null;

  function send(records: readonly TopicMessages[]): Promise<void> {
    if (closed)
      return Promise.reject(new TocsinError('TOC_DEPENDENCY_AWAY', `${lane}: the producer is closed`));
    return Promise.all(split(records, maxMessages).map(enqueue)).then(() => undefined);
  }

  function enqueue(records: readonly TopicMessages[]): Promise<void> {
    return new Promise((resolve, reject) => {
      const call = newCall(records, resolve, reject);
      queue.push(call);
      queued += call.count;
      if (queued >= maxMessages) full?.();
      draining ??= drain();
    });
  }

  function newCall(
    records: readonly TopicMessages[],
    resolve: () => void,
    reject: (error: TocsinError) => void,
  ): Call {
    const timer = setTimeout(() => call.settle(lateError(lane, timeoutMs)), timeoutMs);
    const call: Call = {
      records,
      count: records.reduce((sum, { messages }) => sum + messages.length, 0),
      bytes: records.reduce((sum, { messages }) => sum + messages.reduce((all, m) => all + bytesOf(m), 0), 0),
      done: false,
      settle(error) {
        if (call.done) return;
        call.done = true;
        clearTimeout(timer);
        if (error === undefined) resolve();
        else reject(error);
      },
    };
    return call;
  }

  async function drain(): Promise<void> {
    try {
      while (queue.length > 0) {
        await linger();
        const calls = take();
        if (calls.length > 0) await deliver(calls);
      }
    } finally {
      // In the same turn as the last look: what is queued after it begins anew.
      draining = null;
    }
  }

  async function linger(): Promise<void> {
    if (lingerMs === 0 || queued >= maxMessages || closed) return;
    const timer = new AbortController();
    full = () => timer.abort();
    await delay(lingerMs, undefined, { signal: timer.signal }).catch(() => undefined);
    full = null;
  }

  /** The calls of the next request: at least one, and as many as fit. */
  function take(): Call[] {
    const calls: Call[] = [];
    let count = 0;
    let bytes = 0;
    while (queue.length > 0) {
      const next = queue[0]!;
      const fits = count + next.count <= maxMessages && bytes + next.bytes <= MAX_REQUEST_BYTES;
      if (calls.length > 0 && !fits) break;
      queue.shift();
      queued -= next.count;
      if (next.done) continue;
      calls.push(next);
      count += next.count;
      bytes += next.bytes;
    }
    return calls;
  }

  async function deliver(calls: readonly Call[]): Promise<void> {
    let backoff = FIRST_BACKOFF_MS;
    for (let open = calls; open.length > 0; open = open.filter(({ done }) => !done)) {
      try {
        await request(open);
        for (const call of open) call.settle();
        return;
      } catch (error) {
        await discard();
        if (refusesRecord(error)) return refuse(open, error);
        onEvent({ kind: 'send_retry', lane, reason: messageOf(error), waiting: open.length + queue.length });
        await delay(backoff);
        backoff = Math.min(backoff * 2, MAX_BACKOFF_MS);
      }
    }
  }

  /** One bad record must not take the others of its request with it. */
  async function refuse(calls: readonly Call[], error: unknown): Promise<void> {
    if (calls.length > 1) {
      for (const call of calls) await deliver([call]);
      return;
    }
    const reason = `${lane}: Kafka refuses the record: ${messageOf(error)}`;
    calls[0]!.settle(new TocsinError('TOC_MESSAGE_INVALID', reason, { cause: error }));
  }

  async function request(calls: readonly Call[]): Promise<void> {
    const started = Date.now();
    const bytes = calls.reduce((sum, call) => sum + call.bytes, 0);
    const using = (producer ??= await connect());
    await using.sendBatch({
      acks: -1,
      compression: bytes < COMPRESS_FROM_BYTES ? compressionType('none') : compression,
      topicMessages: merge(calls),
    });
    const messages = calls.reduce((sum, call) => sum + call.count, 0);
    onEvent({ kind: 'sent', lane, messages, ms: Date.now() - started });
  }

  async function connect(): Promise<Producer> {
    const fresh = kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner,
      retry: { initialRetryTime: 100, maxRetryTime: 500, retries: 2 },
    });
    try {
      await fresh.connect();
      return fresh;
    } catch (error) {
      await fresh.disconnect().catch(() => undefined);
      throw error;
    }
  }

  async function open(): Promise<void> {
    const fresh = await connect().catch(() => null);
    // Whoever had something to send meanwhile has connected for himself.
    if (producer === null && draining === null && !closed) producer = fresh;
    else await fresh?.disconnect().catch(() => undefined);
  }

  async function discard(): Promise<void> {
    const spent = producer;
    producer = null;
    await spent?.disconnect().catch(() => undefined);
  }

  async function close(): Promise<void> {
    closed = true;
    full?.();
    await draining;
    await discard();
  }

  return { open, send, close };
}

/** The records of one call in parts that fit into a request, in order. */
function split(records: readonly TopicMessages[], maxMessages: number): TopicMessages[][] {
  const parts: TopicMessages[][] = [];
  let count = Infinity;
  let bytes = 0;
  for (const { topic, messages } of records) {
    for (const message of messages) {
      const size = bytesOf(message);
      if (count + 1 > maxMessages || bytes + size > MAX_REQUEST_BYTES) {
        parts.push([]);
        count = bytes = 0;
      }
      const part = parts.at(-1)!;
      if (part.at(-1)?.topic !== topic) part.push({ topic, messages: [] });
      part.at(-1)!.messages.push(message);
      count += 1;
      bytes += size;
    }
  }
  return parts;
}

function merge(calls: readonly Call[]): TopicMessages[] {
  const byTopic = new Map<string, Message[]>();
  for (const { records } of calls) {
    for (const { topic, messages } of records) {
      const known = byTopic.get(topic);
      if (known === undefined) byTopic.set(topic, [...messages]);
      else for (const message of messages) known.push(message);
    }
  }
  return [...byTopic].map(([topic, messages]) => ({ topic, messages }));
}

function bytesOf({ key, value, headers }: Message): number {
  let bytes = (key?.length ?? 0) + (value?.length ?? 0) + 20;
  for (const name in headers) bytes += name.length + (headers[name]?.length ?? 0) + 4;
  return bytes;
}

/** Of Kafka's own errors; what this lane then throws is one of the catalogue. */
function refusesRecord(error: unknown): boolean {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if (REFUSED_FOR_GOOD.has((at as { type?: string }).type ?? '')) return true;
  }
  return false;
}

function lateError(lane: string, timeoutMs: number): TocsinError {
  return new TocsinError(
    'TOC_DEPENDENCY_AWAY',
    `Kafka has not acknowledged the ${lane} within ${timeoutMs / 1_000} s`,
  );
}
