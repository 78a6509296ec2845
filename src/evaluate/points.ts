/** What is remembered of a series: its last points for people, and the points of a window for means. */
import type { MetricValue } from '../domain/metric';
import { metricValue } from '../domain/metric';
import { MAX_RECENT } from '../domain/transition';

/**
 * The last points of a series, at most 60, in a ring that is written in place: time and value side by side, since with
 * many series each sample finds another ring, and what is not in the processor's cache has to be fetched once.
 */
export class RecentPoints {
  private readonly ring: number[] = [];
  private count = 0;

  add(time: number, value: number): void {
    const at = (this.count++ % MAX_RECENT) * 2;
    this.ring[at] = time;
    this.ring[at + 1] = value;
  }

  /** Oldest first, as a transition carries them. */
  list(): [number, MetricValue][] {
    const kept = Math.min(this.count, MAX_RECENT);
    return Array.from({ length: kept }, (_, i) => {
      const at = ((this.count - kept + i) % MAX_RECENT) * 2;
      return [this.ring[at]!, metricValue(this.ring[at + 1]!)];
    });
  }
}

/**
 * The points of the last `lengthMs` of event time. A late point takes its place in time and counts from the next mean
 * on; one with a known time is a repeat and changes nothing. The sum is taken anew each time: a running sum would carry
 * rounding of points that have left, and a replay from elsewhere would decide otherwise.
 */
export class Window {
  private readonly times: number[] = [];
  private readonly values: number[] = [];

  constructor(private readonly lengthMs: number) {}

  add(time: number, value: number): void {
    let at = this.times.length;
    while (at > 0 && this.times[at - 1]! > time) at--;
    if (at > 0 && this.times[at - 1] === time) return;
    this.times.splice(at, 0, time);
    this.values.splice(at, 0, value);
  }

  /** The mean of the points in (now - length, now]; NaN when there is none. */
  mean(now: number): number {
    let gone = 0;
    while (gone < this.times.length && this.times[gone]! <= now - this.lengthMs) gone++;
    this.times.splice(0, gone);
    this.values.splice(0, gone);
    let sum = 0;
    for (const value of this.values) sum += value;
    return this.values.length === 0 ? NaN : sum / this.values.length;
  }

  clear(): void {
    this.times.length = 0;
    this.values.length = 0;
  }
}
