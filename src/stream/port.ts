/** What other rooms ask of the stream. */
import type { Labels } from '../domain/labels';
import type { Metric, MetricValue, Point } from '../domain/metric';
import type { Transition } from '../domain/transition';

export interface MetricPublisher {
  /**
   * Resolves when Kafka has acknowledged every metric (acks=all). Batched for up to 100 ms. Throws TOC_MESSAGE_INVALID where
   * one of them is refused for good.
   */
  publish(metrics: readonly Metric[]): Promise<void>;
}

export interface TransitionPublisher {
  /**
   * Resolves when Kafka has acknowledged every transition; waits for no batch. Throws TOC_MESSAGE_INVALID where one of them
   * is refused for good; one that comes alone, only where cutting its texts does not help.
   */
  publish(transitions: readonly Transition[]): Promise<void>;
}

/** A sample on its way to those who evaluate rules across instances. */
export interface SharedSample {
  readonly metric_name: string;
  /** Empty in a series without the label. */
  readonly instance_id: string;
  readonly database_type: string;
  readonly tags: Labels;
  readonly value: MetricValue;
  /** Event time, milliseconds. */
  readonly time: number;
}

/** What a partition number gives to a slot. */
export interface SharedRecord {
  readonly slot: number;
  readonly from: number;
  /** Identity of what the sender gives to the slot. */
  readonly plan: string;
  /** Everything of the partition that was recorded before this time has been given, with this record; null: not said. */
  readonly time: number | null;
  readonly samples: readonly SharedSample[];
}

export interface SharedPublisher {
  /** Resolves when Kafka has acknowledged every record; waits for no batch. In the order of the calls. */
  publish(records: readonly SharedRecord[]): Promise<void>;
}

/** Takes what partitions give to the slots of this process. */
export interface SharedSink {
  readonly topic: string;
  /** In offset order. Does no I/O. `replayed` as with metrics. */
  offer(record: SharedRecord, replayed: boolean): void;
  /** Goes on with what follows from that; false when that takes longer than a moment. */
  advance(slot: number, replayed: boolean): boolean;
  flush(slot: number): Promise<void>;
  /** How far the slot has come, in record time of the partitions: a process that takes over reads from before it. */
  reachedBy(slot: number): number;
}

export interface PlacedTransition {
  readonly partition: number;
  readonly offset: string;
  readonly transition: Transition;
}

export interface SampleReader {
  /** The points of one series with an event time after `sinceMs`, read from the metric topics, in event time order. */
  since(series: { metric: string; labels: Labels }, sinceMs: number): Promise<Point[]>;
}

/** Where a metric came from, and whether it is read again only to rebuild state. */
export interface MetricPlace {
  readonly topic: string;
  readonly partition: number;
  /**
   * The metric lies before the committed offset: what followed from it has been published before. It may be counted and
   * remembered, but nothing new may follow from it.
   */
  readonly replayed: boolean;
}

/**
 * `whole`: nothing that lies before has to be read again. `part`: the rules are others now, and ask for what the look-back
 * holds as well. `none`: nothing can be taken over.
 */
export type SavedWorth = 'whole' | 'part' | 'none';

/** Takes the metrics of the partitions that this process reads. */
export interface MetricSink {
  /** How far before its committed offset a partition that is new here is read again, in milliseconds of record time. */
  readonly lookbackMs: number;
  /**
   * Identity of what follows from metrics beside transitions. Where others have read a partition number before, under another
   * plan, that has to follow from what is read again.
   */
  readonly plan?: string;
  readonly shared?: SharedSink;
  /**
   * Metrics of these partition numbers, of every topic, come from now on and of no others. State of `fresh` ones does
   * not hold any more: another process may have read them since. Of these, `otherPlan` were read under another plan, and of
   * others something `saved` is known; throws TOC_STATE_UNUSABLE where that cannot be taken over after all. No metric comes
   * before it has resolved.
   */
  assigned(
    partitions: readonly number[],
    fresh: readonly number[],
    otherPlan?: readonly number[],
    saved?: ReadonlyMap<number, unknown>,
  ): Promise<void>;
  /**
   * What is known of a partition number, as `structuredClone` takes it, for whoever gets it next. It holds once `flush`
   * has resolved: until then what has followed may be lost.
   */
  save?(partition: number): unknown;
  /** How far what somebody saved, of whatever form, spares reading again. Does no I/O. */
  worthOf?(saved: unknown): SavedWorth;
  /** Whether anything follows from metrics of this name, wherever they come from. Others need not be offered. Default: all. */
  wants?(metricName: string): boolean;
  /** In offset order within a topic's partition. Does no I/O. */
  offer(metric: Metric, eventTimeMs: number, place: MetricPlace): void;
  /**
   * Everything of the partition that was recorded before this time, in milliseconds since 1970, has been offered.
   * `replayed`: what time decides up to then was told before. False when what follows from that takes longer than a
   * moment: another call goes on with it.
   */
  reached(partition: number, time: number, replayed: boolean): boolean;
  /**
   * Resolves when everything that follows from the partition's metrics so far is acknowledged; only then are their
   * offsets committed. Called again when it rejects.
   */
  flush(partition: number): Promise<void>;
}

/** An evaluator as its group knows it. */
export interface EvaluatorMember {
  /** From where Kafka was connected to. */
  readonly host: string;
  /** What it says of itself; null for one that says nothing. */
  readonly note: { readonly id: string; readonly http: string } | null;
  /** The partition numbers that it has been given. */
  readonly partitions: readonly number[];
}

export interface EvaluatorPool {
  /** The consumer group. */
  readonly group: string;
  /** `rebalancing`: partitions are being shared out, and who has which is not known. */
  readonly state: 'stable' | 'empty' | 'rebalancing';
  /** How many partition numbers there are. */
  readonly partitions: number;
  readonly members: readonly EvaluatorMember[];
  /** Partitions that no member has. */
  readonly unread: readonly { readonly topic: string; readonly partitions: readonly number[] }[];
}

/** The last that `gds.alerts` knows of an alert. */
export interface KnownAlert {
  /** Milliseconds since 1970 at which the last episode began. */
  readonly episode: number;
  readonly firing: boolean;
  /** Event time of the last transition, milliseconds. */
  readonly eventTime: number;
  /** The last transition that was applied, without its points. */
  readonly last: Transition;
}

/** A view of the open alerts, fed by `gds.alerts` from its beginning. */
export interface OpenAlerts {
  /** Resolves when everything that was in the topic at the time of the call has been taken in. */
  caughtUp(): Promise<void>;
  /** Open or resolved; undefined when the topic does not (any more) know the alert. */
  get(fingerprint: string): KnownAlert | undefined;
  open(): Iterable<KnownAlert>;
}
