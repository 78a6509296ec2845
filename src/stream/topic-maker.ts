/**
 * Makes metric topics when metrics for them first come. Where their names follow from what samples say, their number is
 * bounded: each costs partitions, and all consumers join their group anew for it. One of them that cannot be made holds up
 * none of the others: the topic of the rest takes what is for it, until a later try.
 */
import { messageOf } from '../domain/errors';
import type { OnStreamEvent } from './events';
import type { Kafka } from './kafka';
import { ensureTopics, listMetricTopics, type TopicSettings } from './topics';

export interface TopicBound {
  /** Of topics that count, at most so many are made, by whichever process. */
  readonly most: number;
  counts(topic: string): boolean;
  /** Takes what is for those that are not made. */
  readonly rest: string;
  /** For so long one that could not be made is not tried again. Default: a minute. */
  readonly pauseMs?: number;
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

const PAUSE_MS = 60_000;

/** Asks Kafka once for each new topic; calls that need the same one at the same time share the asking. */
export function createTopicMaker(options: TopicMakerOptions): TopicMaker {
  const { kafka, instance, bound, onEvent } = options;
  const known = new Map<string, Promise<string>>();
  /** Those that could not be made. */
  const pausedUntil = new Map<string, number>();
  const choose = bound === undefined ? itself : createChoice(bound, options);

  async function ensure(topics: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const chosen = await choose(topics);
    const places = new Map([...new Set(chosen.values())].map((topic) => [topic, placeOf(topic)] as const));
    const found = [...chosen].map(async ([topic, by]) => [topic, await places.get(by)!] as const);
    return new Map(await Promise.all(found));
  }

  /** The topic itself, or while it cannot be made that of the rest. Where that cannot either, Kafka is away. */
  async function placeOf(topic: string): Promise<string> {
    if (bound === undefined || topic === bound.rest) return made(topic);
    if (isPaused(topic)) return made(bound.rest);
    try {
      return await made(topic);
    } catch (error) {
      const rest = await made(bound.rest);
      if (!isPaused(topic)) onEvent?.({ kind: 'topic_not_made', topic, rest, reason: messageOf(error) });
      pausedUntil.set(topic, Date.now() + (bound.pauseMs ?? PAUSE_MS));
      return rest;
    }
  }

  const isPaused = (topic: string): boolean => Date.now() < (pausedUntil.get(topic) ?? 0);

  function made(topic: string): Promise<string> {
    const asked = known.get(topic);
    if (asked !== undefined) return asked;
    const asking = ensureTopics(kafka, instance, [topic], options).then(() => topic);
    known.set(topic, asking);
    asking.catch(() => known.delete(topic));
    return asking;
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
