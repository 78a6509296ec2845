/**
 * Whether a condition flaps: how many of its evaluations within a window found it other than the one before, in percent.
 * What lies before the first evaluation counts as unchanged, so that two evaluations make no storm.
 *
 * Flapping begins above the higher bound and ends below the lower one, as in Nagios ("Detection and Handling of State
 * Flapping"); its weights for newer changes are left out: a percentage that people can count themselves explains more.
 */
import type { Flapping } from '../domain/rule-group';

export interface SavedFlaps {
  readonly times: readonly number[];
  readonly changes: readonly boolean[];
  readonly last: boolean;
  readonly isFlapping: boolean;
}

export class FlapDetector {
  private readonly times: number[];
  private readonly changes: boolean[];
  private last: boolean;
  isFlapping: boolean;

  constructor(
    private readonly bounds: Flapping,
    saved: SavedFlaps = { times: [], changes: [], last: false, isFlapping: false },
  ) {
    this.times = [...saved.times];
    this.changes = [...saved.changes];
    this.last = saved.last;
    this.isFlapping = saved.isFlapping;
  }

  save(): SavedFlaps {
    const { times, changes, last, isFlapping } = this;
    return { times: [...times], changes: [...changes], last, isFlapping };
  }

  /** Evaluations come in the order of time; one that is noted already counts once. */
  note(holds: boolean, time: number): void {
    if (time <= (this.times.at(-1) ?? -Infinity)) return;
    this.times.push(time);
    this.changes.push(this.times.length > 1 && holds !== this.last);
    this.last = holds;
    while (this.times[0]! <= time - this.bounds.windowMs) {
      this.times.shift();
      this.changes.shift();
    }
    const { highPercent, lowPercent } = this.bounds;
    this.isFlapping = this.isFlapping ? this.percent >= lowPercent : this.percent > highPercent;
  }

  /** Nothing is remembered that could still count. */
  get isQuiet(): boolean {
    return !this.isFlapping && !this.last && !this.changes.includes(true);
  }

  /** Of evaluations that found a change; those that a window has room for where it is not full yet. */
  get percent(): number {
    const count = this.times.length;
    const elapsed = count < 2 ? 0 : this.times[count - 1]! - this.times[0]!;
    if (elapsed === 0) return 0;
    const room = Math.max(count, ((count - 1) * this.bounds.windowMs) / elapsed);
    return (100 * this.changes.filter(Boolean).length) / room;
  }

  describe(): string {
    const { highPercent, lowPercent, windowMs } = this.bounds;
    const found = Math.round(this.percent * 10) / 10;
    return `${found}% of the evaluations of ${windowMs / 1_000}s found it changed (flapping above ${highPercent}%, until below ${lowPercent}%)`;
  }
}
