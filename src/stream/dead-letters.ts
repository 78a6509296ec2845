/**
 * Dead letters: a message that is no metric, or no transition, is kept with everything that is needed to understand
 * and resend it. The write is acknowledged before the message's offset is committed, so after a crash one may stand
 * there twice: (topic, partition, offset) is its identity.
 */
import type { KafkaMessage } from 'kafkajs';
import { type OnStreamEvent, ignoreEvents } from './events';
import type { Kafka } from './kafka';
import { createSender } from './sender';

export type DeadLetterReason = 'invalid_metric' | 'clock_skew' | 'invalid_transition' | 'refused_transition';

export interface DeadLetter {
  readonly reason: DeadLetterReason;
  readonly problems: readonly string[];
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  /** As text, the first 1,024 characters. */
  readonly key: string | null;
  /** The record's time, ISO 8601; null where its sender gave it one that is no date. */
  readonly recorded_at: string | null;
  /** The original bytes; of more than 512 KiB the first 512. */
  readonly value_base64: string | null;
  readonly truncated: boolean;
}

const MAX_ORIGINAL_BYTES = 512 * 1_024;
const MAX_KEY_LENGTH = 1_024;

export function deadLetterOf(
  place: { topic: string; partition: number },
  message: Pick<KafkaMessage, 'offset' | 'key' | 'value' | 'timestamp'>,
  reason: DeadLetterReason,
  problems: readonly string[],
): DeadLetter {
  const { value, key } = message;
  return {
    reason,
    problems,
    topic: place.topic,
    partition: place.partition,
    offset: message.offset,
    key: key?.toString().slice(0, MAX_KEY_LENGTH) ?? null,
    recorded_at: isoTime(Number(message.timestamp)),
    value_base64: value === null ? null : value.subarray(0, MAX_ORIGINAL_BYTES).toString('base64'),
    truncated: value !== null && value.length > MAX_ORIGINAL_BYTES,
  };
}

/** Producers may write any number as a record's time. */
function isoTime(ms: number): string | null {
  const time = new Date(ms);
  return Number.isNaN(time.getTime()) ? null : time.toISOString();
}

export interface DeadLetterWriter {
  /** Resolves when Kafka has acknowledged all of them. Throws TOC_DEPENDENCY_AWAY. */
  write(letters: readonly DeadLetter[]): Promise<void>;
  close(): Promise<void>;
}

export function createDeadLetterWriter(
  kafka: Kafka,
  topic: string,
  onEvent: OnStreamEvent = ignoreEvents,
): DeadLetterWriter {
  const sender = createSender(kafka, { lane: 'dead letters', lingerMs: 0, timeoutMs: 5_000, onEvent });
  return {
    async write(letters) {
      const records = letters.map((letter) => ({
        topic,
        messages: [{ key: letter.key, value: JSON.stringify(letter) }],
      }));
      // One call a letter: large ones then leave in requests of their own instead of one that is too large.
      await Promise.all(records.map((record) => sender.send([record])));
      for (const letter of letters) {
        const { topic: from, partition, offset, reason, problems } = letter;
        onEvent({ kind: 'dead_letter', topic: from, partition, offset, reason, problems });
      }
    },
    close: sender.close,
  };
}
