/**
 * Makes metric topics when metrics for them first come. Where their names follow from what samples say, their number is
 * bounded: each costs partitions, and all consumers join their group anew for it.
 */
import type { OnStreamEvent } from './events';
import type { Kafka } from './kafka';
import { ensureTopics, listMetricTopics, type TopicSettings } from './topics';

export interface TopicBound {
  /** Of topics that count, at most so many are made, by whichever process. */
  readonly most: number;
  counts(topic: string): boolean;
  /** Takes what is for those that are not made. */
  readonly rest: string;
}

export interface TopicMakerOptions extends TopicSettings {
  readonly kafka: Kafka;
  readonly instance: string;
  readonly bound?: TopicBound;
  readonly onEvent?: OnStreamEvent;
}

export interface TopicMaker {
  /** Where what is for each of these goes: its topic, which is there, or that which takes the rest. Throws TOC_DEPENDENCY_AWAY. */
  ensure(topics: readonly string[]): Promise<ReadonlyMap<string, string>>;
}

/** Asks Kafka once for each new topic; calls that need the same one at the same time share the asking. */
export function createTopicMaker(options: TopicMakerOptions): TopicMaker {
  const { kafka, instance, bound } = options;
  const known = new Map<string, Promise<void>>();
  const choose = bound === undefined ? itself : createChoice(bound, options);

  async function ensure(topics: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const chosen = await choose(topics);
    const missing = [...new Set(chosen.values())].filter((topic) => !known.has(topic));
    if (missing.length > 0) {
      const made = ensureTopics(kafka, instance, missing, options);
      for (const topic of missing) known.set(topic, made);
      made.catch(() => missing.forEach((topic) => known.delete(topic)));
    }
    for (const topic of chosen.values()) await known.get(topic);
    return chosen;
  }

  return { ensure };
}

type Choose = (topics: readonly string[]) => Promise<ReadonlyMap<string, string>>;

const itself: Choose = (topics) => Promise.resolve(new Map(topics.map((topic) => [topic, topic])));

function createChoice(
  { most, counts, rest }: TopicBound,
  { kafka, instance, onEvent }: TopicMakerOptions,
): Choose {
  const taken = new Set<string>();
  let isFull = false;

  async function choose(topics: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const isNew = (topic: string): boolean => !taken.has(topic);
    if (!isFull && topics.some(isNew))
      for (const topic of await listMetricTopics(kafka, instance)) if (counts(topic)) taken.add(topic);
    for (const topic of topics.filter(isNew)) {
      if (taken.size < most) taken.add(topic);
      else if (!isFull) {
        isFull = true;
        onEvent?.({ kind: 'topics_bounded', topic, most, rest });
      }
    }
    return new Map(topics.map((topic) => [topic, taken.has(topic) ? topic : rest]));
  }

  return choose;
}
