/**
 * Reads `gds.alerts` for one consumer group and hands the transitions over in batches, in offset order. A batch is
 * handed over again until it is taken, and only then committed. A record that is no transition, or that its taker
 * refuses for good (TOC_VALUE_REFUSED), goes to `gds.alerts.dlq`, and the ones around it go on.
 */
import type { KafkaMessage } from 'kafkajs';
import { isRefusal } from '../domain/errors';
import { groupName } from '../domain/identity';
import { handOverInParts, type Refused } from '../domain/in-parts';
import { createDeadLetterWriter, deadLetterOf, type DeadLetter } from './dead-letters';
import { ignoreEvents, type OnStreamEvent } from './events';
import { runGroupConsumer, type BatchHands, type GroupConsumer, type RawBatch } from './group-consumer';
import type { Kafka } from './kafka';
import type { PlacedTransition } from './port';
import { alertsDlqTopic, alertsTopic } from './topics';
import { decodeTransition } from './transition-message';

export interface TransitionConsumerOptions {
  readonly kafka: Kafka;
  readonly instance: string;
  /** `pages`, `lives`, …; the instance is put before it. */
  readonly groupId: string;
  /**
   * Rejecting means: not taken. The same batch comes again after a pause; rejected with TOC_VALUE_REFUSED several times,
   * in parts, so that what is to blame can be put aside alone.
   */
  onBatch(transitions: readonly PlacedTransition[]): Promise<void>;
  /** At most this many transitions in one call. Default 500. */
  readonly maxBatch?: number;
  readonly sessionTimeoutMs?: number;
  readonly onEvent?: OnStreamEvent;
}

/** After a pause the first of a storm do not wait for hundreds of others; each call takes twice as many as the one before. */
const FIRST_BATCH = 50;
const PAUSE_MS = 1_000;
/** A refusal that passes by itself (a process of another version, say) costs no alert. */
const MOST_REFUSALS = 3;

export function consumeTransitions(options: TransitionConsumerOptions): GroupConsumer {
  const { kafka, instance, maxBatch = 500, onEvent = ignoreEvents } = options;
  const deadLetters = createDeadLetterWriter(kafka, alertsDlqTopic(instance), onEvent);
  let atOnce = 0;
  let endedAt = -Infinity;

  async function onBatch(batch: RawBatch, hands: BatchHands): Promise<void> {
    const { messages } = batch;
    if (performance.now() - endedAt > PAUSE_MS) atOnce = Math.min(FIRST_BATCH, maxBatch);
    for (let from = 0; from < messages.length;) {
      const part = messages.slice(from, from + atOnce);
      await handOver(batch, part, hands);
      from += part.length;
      atOnce = Math.min(atOnce * 2, maxBatch);
    }
    endedAt = performance.now();
  }

  async function handOver(
    batch: RawBatch,
    messages: readonly KafkaMessage[],
    hands: BatchHands,
  ): Promise<void> {
    const { placed, letters } = sortOut(batch, messages);
    if (letters.length > 0) await hands.persist(() => deadLetters.write(letters));
    if (placed.length > 0) await handOverPlaced(batch, messages, placed, hands);
    hands.done(messages.at(-1)!, messages.length);
  }

  async function handOverPlaced(
    batch: RawBatch,
    messages: readonly KafkaMessage[],
    placed: readonly PlacedTransition[],
    hands: BatchHands,
  ): Promise<void> {
    let refusals = 0;
    let refused: readonly Refused<PlacedTransition>[] = [];
    await hands.persist(async () => {
      if (refusals === MOST_REFUSALS) refused = await handOverInParts(placed, options.onBatch);
      else
        await options.onBatch(placed).catch((error: unknown) => {
          if (isRefusal(error)) refusals += 1;
          throw error;
        });
    });
    if (refused.length === 0) return;
    const letters = refused.map(({ item, problem }) => {
      const message = messages.find(({ offset }) => offset === item.offset)!;
      return deadLetterOf(batch, message, 'refused_transition', [`${options.groupId}: ${problem}`]);
    });
    await hands.persist(() => deadLetters.write(letters));
  }

  const consumer = runGroupConsumer({
    kafka,
    group: groupName(instance, options.groupId),
    topics: () => Promise.resolve([alertsTopic(instance)]),
    sessionTimeoutMs: options.sessionTimeoutMs,
    // What is handed over twice is harmless but not free: each batch is committed as soon as it is taken.
    commitEveryMessages: 1,
    onBatch,
    onEvent,
  });
  return {
    joined: consumer.joined,
    async stop() {
      await consumer.stop();
      await deadLetters.close();
    },
  };
}

function sortOut(
  batch: RawBatch,
  messages: readonly KafkaMessage[],
): { placed: PlacedTransition[]; letters: DeadLetter[] } {
  const placed: PlacedTransition[] = [];
  const letters: DeadLetter[] = [];
  for (const message of messages) {
    const decoded = decodeTransition(message.value);
    if (!decoded.ok) letters.push(deadLetterOf(batch, message, 'invalid_transition', decoded.problems));
    else placed.push({ partition: batch.partition, offset: message.offset, transition: decoded.value });
  }
  return { placed, letters };
}
