/** What other rooms ask of the stream. */
import type { Labels } from '../domain/labels';
import type { Metric, Point } from '../domain/metric';
import type { Transition } from '../domain/transition';

export interface MetricPublisher {
  /** Resolves when Kafka has acknowledged every metric (acks=all). Batched for up to 100 ms. */
  publish(metrics: readonly Metric[]): Promise<void>;
}

export interface TransitionPublisher {
  /** Resolves when Kafka has acknowledged every transition; waits for no batch. */
  publish(transitions: readonly Transition[]): Promise<void>;
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

/** Takes the metrics of the partitions that this process reads. */
export interface MetricSink {
  /** How far before its committed offset a partition that is new here is read again, in milliseconds of record time. */
  readonly lookbackMs: number;
  /**
   * Metrics of these partition numbers, of every topic, come from now on and of no others. State of `fresh` ones does
   * not hold any more: another process may have read them since. No metric comes before it has resolved.
   */
  assigned(partitions: readonly number[], fresh: readonly number[]): Promise<void>;
  /** In offset order within a topic's partition. Does no I/O. */
  offer(metric: Metric, eventTimeMs: number, place: MetricPlace): void;
  /**
   * Everything of the partition that was recorded before this time, in milliseconds since 1970, has been offered.
   * `replayed`: it lies before the committed offset, as with metrics. False when what follows from that takes longer than a
   * moment: another call goes on with it.
   */
  reached(partition: number, time: number, replayed: boolean): boolean;
  /**
   * Resolves when everything that follows from the partition's metrics so far is acknowledged; only then are their
   * offsets committed. Called again when it rejects.
   */
  flush(partition: number): Promise<void>;
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
