/**
 * Makes metric topics when metrics for them first come. Where their names follow from what samples say, their number is
 * bounded: each costs partitions, and all consumers join their group anew for it. One of them that cannot be made holds up
 * none of the others and keeps no place among them: the topic of the rest takes what is for it, and nobody waits for a later try.
 */
import { messageOf } from '../domain/errors';
import type { OnStreamEvent } from './events';
import type { Kafka } from './kafka';
import { ensureTopics, listMetricTopics, type TopicSettings } from './topics';

export interface TopicBound {
  /** Of topics that count, at most so many are made beside `rest`, by whichever process. */
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

export function createTopicMaker(options: TopicMakerOptions): TopicMaker {
  const make = createMaking(options);
  const placeOf = options.bound === undefined ? make : createBoundedPlaces(options.bound, make, options);

  async function ensure(topics: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const found = topics.map(async (topic) => [topic, await placeOf(topic)] as const);
    return new Map(await Promise.all(found));
  }

  return { ensure };
}

/** Gives the topic back when it is there. */
type Make = (topic: string) => Promise<string>;

/** Asks Kafka once for each new topic; calls that need the same one at the same time share the asking. */
function createMaking(options: TopicMakerOptions): Make {
  const known = new Map<string, Promise<string>>();
  return (topic) => {
    const asked = known.get(topic);
    if (asked !== undefined) return asked;
    const asking = ensureTopics(options.kafka, options.instance, [topic], options).then(() => topic);
    known.set(topic, asking);
    asking.catch(() => known.delete(topic));
    return asking;
  };
}

/** Where what is for a topic goes: the topic itself, or that of the rest. Where that cannot be made either, Kafka is away. */
function createBoundedPlaces(bound: TopicBound, make: Make, options: TopicMakerOptions): Make {
  const { rest, pauseMs = PAUSE_MS } = bound;
  const choice = createChoice(bound, options);
  /** Those that could not be made, and when they are tried again. */
  const refused = new Map<string, number>();
  const trying = new Map<string, Promise<string>>();

  async function placeOf(topic: string): Promise<string> {
    if (topic === rest) return make(topic);
    const triedAgainAt = refused.get(topic);
    if (triedAgainAt === undefined) return refused.size < bound.most ? tried(topic) : make(rest);
    if (Date.now() >= triedAgainAt) tried(topic).catch(() => undefined);
    return make(rest);
  }

  function tried(topic: string): Promise<string> {
    const known = trying.get(topic) ?? attempt(topic).finally(() => trying.delete(topic));
    trying.set(topic, known);
    return known;
  }

  async function attempt(topic: string): Promise<string> {
    if (!(await choice.take(topic))) return make(rest);
    try {
      await make(topic);
      refused.delete(topic);
      return topic;
    } catch (error) {
      choice.giveUp(topic);
      await make(rest);
      options.onEvent?.({ kind: 'topic_not_made', topic, rest, reason: messageOf(error) });
      refused.set(topic, Date.now() + pauseMs);
      return rest;
    }
  }

  return placeOf;
}

interface Choice {
  /** Whether the topic has a place among those that are made, or gets one. */
  take(topic: string): Promise<boolean>;
  /** Its place is free again. */
  giveUp(topic: string): void;
}

function createChoice(
  { most, counts, rest }: TopicBound,
  { kafka, instance, onEvent }: TopicMakerOptions,
): Choice {
  const taken = new Set<string>();
  let looking: Promise<void> | null = null;
  let isTold = false;

  async function take(topic: string): Promise<boolean> {
    if (!taken.has(topic) && taken.size < most) await (looking ??= look().finally(() => (looking = null)));
    if (taken.has(topic)) return true;
    if (taken.size < most) {
      taken.add(topic);
      return true;
    }
    if (!isTold) onEvent?.({ kind: 'topics_bounded', topic, most, rest });
    isTold = true;
    return false;
  }

  /** What other processes have made counts, too. */
  async function look(): Promise<void> {
    for (const topic of await listMetricTopics(kafka, instance))
      if (topic !== rest && counts(topic)) taken.add(topic);
  }

  return { take, giveUp: (topic) => void taken.delete(topic) };
}
