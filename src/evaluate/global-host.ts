/**
 * Evaluators for rules that need the series of several instances, beside those for rules that do not. Each partition's
 * evaluator gives the samples that global groups ask for to the slots that evaluate them; a slot has a host of its own
 * under it, whose stream are those samples and whose clock is the slowest partition's.
 *
 * What recording rules make, wherever they are evaluated, is published as metrics. Of such metrics, those that rules here
 * make are not taken in a second time.
 */
import { canonical } from '../domain/canonical';
import { fnv1a64 } from '../domain/labels';
import type { Metric } from '../domain/metric';
import type {
  MetricPlace,
  MetricPublisher,
  MetricSink,
  SavedWorth,
  SharedPublisher,
  SharedRecord,
} from '../stream/port';
import { createDerivedMetrics, derivedMetric } from './derived';
import { createForwarder } from './forwarder';
import { coverageOf } from './coverage';
import type { GlobalPlan } from './global-groups';
import { createEvaluatorHost, type EvaluatorHostOptions, type HostStats } from './host';
import { sampleOf } from './made-sample';
import type { Kept } from './port';
import type { SavedEngine } from './rule-engine';
import { namesMade } from './rule-series';
import { createWatermark, type SavedWatermark, type Watermark } from './watermark';

export interface GlobalHostOptions extends Omit<
  EvaluatorHostOptions,
  'groups' | 'groupsOf' | 'poolGroups' | 'onMade' | 'waits'
> {
  readonly plan: GlobalPlan;
  /** Carries samples to the slots. */
  readonly shared: SharedPublisher & { readonly topic: string };
  readonly derived: MetricPublisher;
  /** Whether a topic's metrics are such that rules have made. */
  readonly isDerived: (topic: string) => boolean;
}

/** A slot of global groups that this process has. */
export interface SlotClock {
  readonly slot: number;
  /** -Infinity until all partitions have been heard of. */
  readonly time: number;
  /** The partition number that it waits for. */
  readonly slowest: number;
}

export interface GlobalHost extends MetricSink {
  stats(): HostStats;
  slots(): SlotClock[];
  /** What this process keeps, for whoever wants to look at it. */
  kept(): Kept;
}

/** What is known of a partition number: of its own series, and of those of its slot. */
interface SavedPartition {
  readonly form: number;
  readonly plan: string;
  readonly rules: string;
  readonly local: SavedEngine;
  readonly slot: { readonly engine: SavedEngine; readonly clock: SavedWatermark } | null;
}

/** Whoever changes what is saved, or what it means, counts it up: other forms are not read. */
const SAVED_FORM = 1;

type Made = Parameters<NonNullable<EvaluatorHostOptions['onMade']>>;

export function createGlobalHost(options: GlobalHostOptions): GlobalHost {
  const { plan, shared, isDerived, onEvent = () => undefined } = options;
  const forwarder = createForwarder(plan, shared, (refused) =>
    onEvent({ kind: 'shared_refused', ...refused }),
  );
  const derived = createDerivedMetrics(options.derived, (metrics, problem) =>
    onEvent({ kind: 'derived_dropped', metrics, problem }),
  );
  const { intervalMs, externalLabels = {}, externalUrl = '' } = options;
  const rules = fnv1a64(canonical([plan.local, plan.global, intervalMs, externalLabels, externalUrl]));
  const poolGroups = [...plan.local, ...plan.global];
  const own = namesMade(poolGroups);
  const coverage = coverageOf(plan, intervalMs);
  const clocks = new Map<number, Watermark>();
  /** What was read before under another plan has not been given to the slots of this one. */
  let unshared: ReadonlySet<number> = new Set();

  function forwardMade(...[partition, , labels, time, sample]: Made): void {
    if (plan.slots.length > 0) forwarder.offer(partition, sampleOf(labels, time, sample));
  }

  function publishMade(...[partition, group, labels, time, sample, replayed]: Made): void {
    if (replayed) return;
    const metric = derivedMetric(group, labels, time, sample);
    if (metric !== null) derived.offer(partition, metric);
  }

  const local = createEvaluatorHost({
    ...{ ...options, poolGroups },
    groups: plan.local,
    partitionOf: (instanceId, group) =>
      plan.slotOf(group) !== null ? null : (options.partitionOf?.(instanceId, group) ?? null),
    onMade(...made) {
      const [partition, , , , , replayed] = made;
      if (!replayed || unshared.has(partition)) forwardMade(...made);
      publishMade(...made);
    },
  });
  const global = createEvaluatorHost({
    ...{ ...options, poolGroups },
    groups: plan.global,
    waits: true,
    groupsOf: plan.groupsOf,
    partitionOf: (_, group) => plan.slotOf(group),
    onMade: publishMade,
    onEvent: (event) => (event.kind === 'assigned' ? undefined : onEvent(event)),
  });

  async function assigned(
    partitions: readonly number[],
    fresh: readonly number[],
    otherPlan: readonly number[] = [],
    saved: ReadonlyMap<number, unknown> = new Map(),
  ): Promise<void> {
    const known = [...saved].map(([partition, state]) => [partition, state as SavedPartition] as const);
    const clockOf = (slot: number): SavedWatermark | undefined =>
      (saved.get(slot) as SavedPartition | undefined)?.slot?.clock;
    unshared = new Set(
      [...unshared, ...otherPlan].filter((each) => !fresh.includes(each) || otherPlan.includes(each)),
    );
    forwarder.assigned(partitions, fresh);
    derived.keepOnly(partitions);
    for (const slot of [...clocks.keys()])
      if (!partitions.includes(slot) || fresh.includes(slot)) clocks.delete(slot);
    for (const { slot, id } of plan.slots)
      if (partitions.includes(slot) && !clocks.has(slot))
        clocks.set(slot, createWatermark(plan.partitions, id, clockOf(slot)));
    const engines = known.flatMap(([partition, { slot }]) =>
      slot === null ? [] : [[partition, slot.engine] as const],
    );
    await Promise.all([
      local.assigned(
        partitions,
        fresh,
        [],
        new Map(known.map(([partition, each]) => [partition, each.local])),
      ),
      global.assigned(partitions, fresh, [], new Map(engines)),
    ]);
  }

  function save(partition: number): SavedPartition {
    const clock = clocks.get(partition);
    return {
      ...{ form: SAVED_FORM, plan: plan.id, rules },
      local: local.save(partition),
      slot: clock === undefined ? null : { engine: global.save(partition), clock: clock.save() },
    };
  }

  /** Rules of another plan ask others for other samples: what they have given is not all. */
  function worthOf(saved: unknown): SavedWorth {
    const { form, plan: by, rules: of, local: own } = (saved ?? {}) as Partial<SavedPartition>;
    if (form !== SAVED_FORM || by !== plan.id || !own) return 'none';
    return of === rules ? 'whole' : 'part';
  }

  function offer(metric: Metric, time: number, place: MetricPlace): void {
    if (own.has(metric.metric_name) && isDerived(place.topic)) return;
    local.offer(metric, time, place);
    if (plan.slots.length === 0 || (place.replayed && !unshared.has(place.partition))) return;
    const { metric_name, instance_id, database_type, tags, value } = metric;
    forwarder.offer(place.partition, { metric_name, instance_id, database_type, tags, value, time });
  }

  function reached(partition: number, time: number, replayed: boolean): boolean {
    const isDone = local.reached(partition, time, replayed);
    if (isDone && !replayed) forwarder.reached(partition, time);
    void derived.flush(partition);
    return isDone;
  }

  async function flush(partition: number): Promise<void> {
    await Promise.all([local.flush(partition), forwarder.flush(partition), derived.flush(partition)]);
  }

  function offerShared({ slot, from, plan: by, time, samples }: SharedRecord, replayed: boolean): void {
    const place: MetricPlace = { topic: shared.topic, partition: slot, replayed };
    for (const sample of samples) global.offer({ ...sample, timestamp: '' }, sample.time, place);
    if (time !== null) clocks.get(slot)?.heard(from, time, by);
  }

  function advance(slot: number, replayed: boolean): boolean {
    const time = reachedBy(slot);
    if (time === -Infinity) return true;
    const isDone = global.reached(slot, time, replayed);
    void derived.flush(slot);
    return isDone;
  }

  const reachedBy = (slot: number): number => clocks.get(slot)?.time() ?? -Infinity;

  async function flushShared(slot: number): Promise<void> {
    await Promise.all([global.flush(slot), derived.flush(slot)]);
  }

  function stats(): HostStats {
    const [own, others] = [local.stats(), global.stats()];
    return {
      ...own,
      adopted: own.adopted + others.adopted,
      series: own.series + others.series,
      unsent: own.unsent + others.unsent + forwarder.unsent(),
    };
  }

  return {
    lookbackMs: Math.max(local.lookbackMs, global.lookbackMs),
    ...(plan.slots.length > 0 && {
      plan: plan.id,
      shared: { topic: shared.topic, offer: offerShared, advance, flush: flushShared, reachedBy },
    }),
    assigned,
    wants: (metric) => local.wants(metric) || forwarder.wants(metric),
    offer,
    reached,
    flush,
    save,
    worthOf,
    stats,
    kept: () => ({
      partitions: local.kept(),
      slots: global.kept().filter(({ number }) => clocks.has(number)),
      plannedSlots: plan.slots.map(({ slot }) => slot),
      coverage,
    }),
    slots: () => [...clocks].map(([slot, clock]) => ({ slot, time: clock.time(), slowest: clock.slowest() })),
  };
}
