/** What rules on trial would have told, read once. */
import { withAdmin, type Kafka } from './kafka';
import type { Transition } from '../domain/transition';
import { readSpans, spansSince } from './span-reader';
import { shadowTopic } from './topics';
import { decodeTransition } from './transition-message';

export interface ShadowReaderOptions {
  readonly kafka: Kafka;
  readonly instance: string;
  /** Default 60 s. */
  readonly timeoutMs?: number;
}

/** Takes the transitions since this record time in the order of the topic; none where the topic is not there. */
export async function readShadow(
  { kafka, instance, timeoutMs = 60_000 }: ShadowReaderOptions,
  sinceMs: number,
  take: (transition: Transition) => void,
): Promise<void> {
  const topic = shadowTopic(instance);
  const spans = await withAdmin(kafka, async (admin) =>
    (await admin.listTopics()).includes(topic) ? spansSince(admin, topic, sinceMs) : [],
  );
  await readSpans({ kafka, instance, what: 'shadow-transitions', timeoutMs }, spans, ({ value }) => {
    const decoded = decodeTransition(value);
    if (decoded.ok) take(decoded.value);
  });
}
