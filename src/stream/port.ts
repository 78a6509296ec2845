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
