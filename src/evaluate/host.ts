/**
 * Puts rules under a stream of metrics: once for each partition number, so that a partition that goes takes its state with
 * it. What they decide waits in an outbox until Kafka has acknowledged it; a metric is never evaluated a second time for a
 * transition that could not be sent. What rules on trial would have told never comes among the alerts.
 *
 * Reading, decoding, dead letters and offsets are left to the stream; before a partition's first metric the open alerts
 * are known.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { messageOf, TocsinError } from '../domain/errors';
import type { Metric } from '../domain/metric';
import type { RuleGroup } from '../domain/rule-group';
import type { Transition, TransitionKind } from '../domain/transition';
import type { MetricPlace, MetricSink, OpenAlerts, TransitionPublisher } from '../stream/port';
import type { External } from './label-texts';
import { createLeftOpen } from './left-open';
import { createOutbox, handOver, type Lane, type Outbox } from './outbox';
import { createPoolRules } from './pool-rules';
import type { KeptPart } from './port';
import {
  createPartitionRules,
  type Listener,
  type PartitionRules,
  type PartitionRulesOptions,
} from './partition-rules';
import type { SavedEngine } from './rule-engine';
import { lookbackOf, metricsOf } from './rule-series';

export type EvaluateEvent =
  | { readonly kind: 'assigned'; readonly partitions: readonly number[]; readonly fresh: readonly number[] }
  | { readonly kind: 'adopted'; readonly fingerprint: string }
  /** A sample older than the last one of its series. */
  | { readonly kind: 'late' }
  /** A sample of a series that is one too many of its metric; `first` of the metric since the partition came. */
  | { readonly kind: 'series_refused'; readonly metric: string; readonly first: boolean }
  /** So many metrics that rules have made are not published. */
  | { readonly kind: 'derived_dropped'; readonly metrics: number; readonly problem: string }
  /** Refused for good: rules across instances, in this slot, are evaluated without so many samples of the partition. */
  | {
      readonly kind: 'shared_refused';
      readonly slot: number;
      readonly partition: number;
      readonly samples: number;
      readonly problem: string;
    }
  /** A rule of a group cannot be evaluated any more, or again: null. */
  | {
      readonly kind: 'rule_error';
      readonly group: string;
      readonly rule: string;
      readonly error: string | null;
    }
  /** Refused for good: nobody is told of it. */
  | {
      readonly kind: 'transition_refused';
      readonly transition: TransitionKind;
      readonly group: string;
      readonly rule: string;
      readonly fingerprint: string;
      readonly correlationId: string;
      readonly problem: string;
    }
  /** What a rule on trial would have told was recorded. */
  | {
      readonly kind: 'shadow_transition';
      readonly transition: TransitionKind;
      readonly rule: string;
      readonly fingerprint: string;
    }
  | {
      readonly kind: 'transition';
      readonly transition: TransitionKind;
      readonly rule: string;
      readonly fingerprint: string;
      readonly correlationId: string;
      /** From the event time of the sample to Kafka's acknowledgement. */
      readonly latencyMs: number;
    };

/** Where transitions are told, and what is known there of the alerts. */
export interface AlertTopic {
  readonly openAlerts: OpenAlerts;
  readonly publisher: TransitionPublisher;
}

export interface EvaluatorHostOptions extends AlertTopic, Partial<External> {
  /** Groups of rules that each partition can evaluate by itself. */
  readonly groups: readonly RuleGroup[];
  /** Those of them that a partition evaluates. Default: all. */
  readonly groupsOf?: (partition: number) => readonly RuleGroup[];
  /** Of groups that name none. */
  readonly intervalMs: number;
  /** For what rules on trial would have told. Without it that is recorded nowhere. */
  readonly shadow?: AlertTopic;
  /**
   * The partition number of a group, or that which senders usually choose for an instance's metrics: an open alert whose
   * transitions do not say where it was evaluated is looked for there. With it, an open alert that no rule makes any more is
   * resolved by the process that has its partition. Null: it is not evaluated here.
   */
  readonly partitionOf?: (instanceId: string, group: string) => number | null;
  /**
   * The evaluator pool of the groups; transitions name it. Pools with different rules share `gds.alerts`: the open alerts of
   * another one are left alone. Default: that of transitions which name none.
   */
  readonly pool?: string;
  /** Whether nobody else writes alerts of rules. Default: where `pool` is the default one. */
  readonly isOnlyPool?: boolean;
  /** All groups of the pool. Default: these. */
  readonly poolGroups?: readonly RuleGroup[];
  /** Told of each sample of a series that a partition's groups make. */
  readonly onMade?: (
    ...made: [partition: number, ...Parameters<NonNullable<PartitionRulesOptions['onMade']>>]
  ) => void;
  /** Samples may come long before time does. */
  readonly waits?: boolean;
  /** At most so many series of a metric in each partition. Default 100,000. */
  readonly maxSeriesOfMetric?: number;
  readonly now?: () => number;
  readonly onEvent?: (event: EvaluateEvent) => void;
}

export interface HostStats {
  readonly samples: number;
  readonly late: number;
  readonly adopted: number;
  readonly series: number;
  readonly partitions: number;
  readonly unsent: number;
}

interface Slot {
  readonly rules: PartitionRules;
  /** Everything that was recorded before has been offered. */
  reachedAt: number;
  readonly outbox: Outbox;
}

export interface EvaluatorHost extends MetricSink {
  assigned(
    partitions: readonly number[],
    fresh: readonly number[],
    otherPlan?: readonly number[],
    saved?: ReadonlyMap<number, SavedEngine>,
  ): Promise<void>;
  /** Throws where the partition is not here. */
  save(partition: number): SavedEngine;
  wants(metricName: string): boolean;
  stats(): HostStats;
  /** What the partition numbers keep that this process has. */
  kept(): KeptPart[];
}

export function createEvaluatorHost(options: EvaluatorHostOptions): EvaluatorHost {
  const { shadow, pool, now = Date.now, onEvent = () => undefined } = options;
  const { groups, groupsOf = () => groups, intervalMs, onMade, externalLabels, externalUrl } = options;
  const counts = { samples: 0, late: 0, adopted: 0 };
  const slots = new Map<number, Slot>();
  const wanted = metricsOf(groups);
  const { poolGroups = groups, isOnlyPool } = options;
  const poolRules = createPoolRules({ groups: poolGroups, pool, isOnlyPool });
  const leftOpen = createLeftOpen({ ...options, poolRules, now });
  const alerts: Lane = { publisher: options.publisher, onTold: tell, onRefused: tellRefused };
  const trials: Lane | null = shadow
    ? { publisher: shadow.publisher, onTold: tellTrial, onRefused: tellRefused }
    : null;

  async function assigned(
    partitions: readonly number[],
    fresh: readonly number[],
    _: readonly number[] = [],
    saved: ReadonlyMap<number, SavedEngine> = new Map(),
  ): Promise<void> {
    for (const partition of [...slots.keys()]) {
      if (!partitions.includes(partition) || fresh.includes(partition)) slots.delete(partition);
    }
    const added = partitions.filter((partition) => !slots.has(partition));
    if (added.length > 0) {
      await caughtUp();
      const [numbers, { openAlerts }] = [new Set(added), options];
      const ended = leftOpen.ended(openAlerts, numbers);
      await handOver(ended, alerts);
      const onTrial = shadow && trials ? leftOpen.ended(shadow.openAlerts, numbers) : [];
      if (trials) await handOver(onTrial, trials);
      await handOver(leftOpen.named(openAlerts, numbers), { ...alerts, onTold: () => undefined });
      // Whoever finds open what has just been ended goes on with it instead of firing anew.
      if (ended.length + onTrial.length > 0) await caughtUp();
    }
    for (const partition of added) {
      slots.set(partition, newSlot(partition, saved.get(partition)));
      // A thousand rules take a tenth of a second: a group takes members that say nothing for long for dead.
      await nextTurn();
    }
    onEvent({ kind: 'assigned', partitions, fresh });
  }

  const caughtUp = async (): Promise<void> =>
    void (await Promise.all([options.openAlerts.caughtUp(), shadow?.openAlerts.caughtUp()]));

  function newSlot(partition: number, saved: SavedEngine | undefined): Slot {
    const refused = new Set<string>();
    const outbox = createOutbox(alerts, trials);
    const rules = made(saved !== undefined, {
      ...{ groups: groupsOf(partition), intervalMs, maxSeriesOfMetric: options.maxSeriesOfMetric },
      ...{ externalLabels, externalUrl, pool, poolRules },
      ...{ waits: options.waits, saved, partition: options.waits ? undefined : partition },
      ...listenerOf(options, partition, outbox.put),
      shadow: shadow && listenerOf(shadow, partition, outbox.putTrial),
      onMade: onMade && ((...made) => onMade(partition, ...made)),
      onAdopted(fingerprint) {
        counts.adopted += 1;
        onEvent({ kind: 'adopted', fingerprint });
      },
      onSeriesRefused(metric) {
        onEvent({ kind: 'series_refused', metric, first: !refused.has(metric) });
        refused.add(metric);
      },
      onLate() {
        counts.late += 1;
        onEvent({ kind: 'late' });
      },
      onError: (group, rule, error) =>
        onEvent({ kind: 'rule_error', group: group.name, rule: rule.name, error }),
    });
    return { rules, reachedAt: -Infinity, outbox };
  }

  function listenerOf({ openAlerts }: AlertTopic, partition: number, tell: Listener['tell']): Listener {
    return {
      open: leftOpen.in(openAlerts, partition),
      known: (fingerprint) => openAlerts.get(fingerprint),
      tell,
    };
  }

  function slotOf(partition: number): Slot {
    const slot = slots.get(partition);
    if (slot === undefined) throw new Error(`partition ${partition} is not assigned here`);
    return slot;
  }

  function offer(metric: Metric, eventTimeMs: number, place: MetricPlace): void {
    const slot = slotOf(place.partition);
    counts.samples += 1;
    slot.rules.offer(metric, eventTimeMs, place.replayed);
  }

  /** What time alone decides has no offset that waits for it: what cannot be sent is tried again as time passes. */
  function reached(partition: number, time: number, replayed: boolean): boolean {
    const slot = slots.get(partition);
    if (slot === undefined) return true;
    slot.reachedAt = Math.max(slot.reachedAt, time);
    const isDone = slot.rules.reached(time, replayed);
    slot.outbox.nudge();
    return isDone;
  }

  function tellTrial({ kind: transition, rule, fingerprint }: Transition): void {
    onEvent({ kind: 'shadow_transition', transition, rule: rule?.name ?? '', fingerprint });
  }

  function tellRefused(
    { kind: transition, rule, fingerprint, correlation_id: correlationId }: Transition,
    problem: string,
  ): void {
    const { group = '', name = '' } = rule ?? {};
    const about = { group, rule: name, fingerprint, correlationId };
    onEvent({ kind: 'transition_refused', transition, ...about, problem });
  }

  function tell({
    kind,
    rule,
    fingerprint,
    correlation_id: correlationId,
    event_time: at,
  }: Transition): void {
    const latencyMs = now() - Date.parse(at);
    onEvent({
      kind: 'transition',
      transition: kind,
      rule: rule?.name ?? '',
      fingerprint,
      correlationId,
      latencyMs,
    });
  }

  function stats(): HostStats {
    const all = [...slots.values()];
    const sum = (of: (slot: Slot) => number): number => all.reduce((total, slot) => total + of(slot), 0);
    return {
      ...counts,
      series: sum((slot) => slot.rules.series()),
      partitions: all.length,
      unsent: sum(({ outbox }) => outbox.unsent()),
    };
  }

  return {
    lookbackMs: Math.min(MAX_LOOKBACK_MS, lookbackOf(groups, intervalMs)),
    assigned,
    wants: (metric) => wanted === null || wanted.has(metric),
    offer,
    reached,
    flush: async (partition) => slots.get(partition)?.outbox.flush(),
    save: (partition) => slotOf(partition).rules.save(),
    stats,
    kept: () =>
      [...slots].map(([number, { rules, reachedAt: reached }]) => ({
        ...{ number, reached, read: rules.read, lacks: rules.lacks },
      })),
  };
}

function made(isSaved: boolean, options: PartitionRulesOptions): PartitionRules {
  try {
    return createPartitionRules(options);
  } catch (error) {
    if (!isSaved) throw error;
    const reason = `what was saved cannot be taken over: ${messageOf(error)}`;
    throw new TocsinError('TOC_STATE_UNUSABLE', reason, { cause: error });
  }
}

/** Beyond this, pending times start anew after a restart: reading more would delay the alerts that are due. */
const MAX_LOOKBACK_MS = 6 * 3_600_000;
