/**
 * One series' samples in time order, in two typed arrays of which a part is filled: what is looked at is always one piece
 * of memory, so that a window is two indexes. Old samples leave at the front, and the room is used again when it is needed.
 *
 * A stale marker is Prometheus' own: a NaN with the bits 0x7ff0000000000002. It ends the series without being a value.
 */
const FIRST_ROOM = 2;
/** Of what is kept: more takes memory, less moves it more often. */
const ROOM = 1.4;
const STALE_HIGH = 0x7ff00000;
const STALE_LOW = 2;

/** How far time has come for those who look at samples: ahead of that, nothing makes older ones superfluous. */
export interface Reached {
  at: number;
}

const EVERYWHERE: Reached = { at: Infinity };

export class Samples {
  times = new Float64Array(FIRST_ROOM);
  values = new Float64Array(FIRST_ROOM);
  /** The values' bits, from when they are asked for: a small array costs less before its buffer is. */
  private bits: Uint32Array | null = null;
  /** What is kept lies in [from, to). */
  from = 0;
  to = 0;
  /** So many of them are stale markers. */
  stale = 0;

  /** Samples so much older than the newest, or than what is reached, are forgotten when their room is needed. */
  constructor(
    private readonly keepMs = Infinity,
    private readonly reached: Reached = EVERYWHERE,
  ) {}

  get length(): number {
    return this.to - this.from;
  }

  get lastTime(): number {
    return this.to === this.from ? -Infinity : this.times[this.to - 1]!;
  }

  /** Puts the sample in its place in time. One whose time is known, or past keeping, is not taken: the answer is false. */
  add(time: number, value: number, stale = false): boolean {
    if (time <= this.keptFrom()) return false;
    let at = this.to;
    while (at > this.from && this.times[at - 1]! > time) at -= 1;
    if (at > this.from && this.times[at - 1] === time) return false;
    if (this.to === this.times.length) at += this.makeRoom();
    if (at < this.to) {
      this.times.copyWithin(at + 1, at, this.to);
      this.values.copyWithin(at + 1, at, this.to);
    }
    this.to += 1;
    this.times[at] = time;
    if (stale) this.markStale(at);
    else this.values[at] = value;
    return true;
  }

  /** Takes over what another kept, stale markers included: in time order, instead of what is here. */
  load(times: Float64Array, values: Float64Array): void {
    this.times = times.slice();
    this.values = values.slice();
    this.bits = null;
    this.from = 0;
    this.to = times.length;
    this.stale = 0;
    for (let at = 0; at < this.to; at++) if (Number.isNaN(values[at]) && this.isStale(at)) this.stale += 1;
  }

  /** Forgets samples at or before `time`. */
  dropUntil(time: number): void {
    while (this.from < this.to && this.times[this.from]! <= time) {
      if (this.stale > 0 && this.isStale(this.from)) this.stale -= 1;
      this.from += 1;
    }
  }

  isStale(at: number): boolean {
    const bits = this.bitsOf();
    return bits[2 * at + 1] === STALE_HIGH && bits[2 * at] === STALE_LOW;
  }

  /** The index of the first sample after `time`. */
  after(time: number): number {
    if (this.to === this.from || this.times[this.to - 1]! <= time) return this.to;
    let low = this.from;
    let high = this.to - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.times[middle]! <= time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private bitsOf(): Uint32Array {
    return (this.bits ??= new Uint32Array(this.values.buffer));
  }

  private keptFrom(): number {
    return Math.min(this.lastTime, this.reached.at) - this.keepMs;
  }

  private markStale(at: number): void {
    const bits = this.bitsOf();
    bits[2 * at] = STALE_LOW;
    bits[2 * at + 1] = STALE_HIGH;
    this.stale += 1;
  }

  /** How far what is kept has moved. */
  private makeRoom(): number {
    this.dropUntil(this.keptFrom());
    const moved = -this.from;
    const { times, values } = this;
    const room = Math.max(FIRST_ROOM, Math.ceil(this.length * ROOM));
    // A window that neither grows nor shrinks much stays where it is.
    if (room > times.length || room * 2 < times.length) {
      this.times = new Float64Array(room);
      this.values = new Float64Array(room);
      this.bits = null;
    }
    this.times.set(times.subarray(this.from, this.to));
    this.values.set(values.subarray(this.from, this.to));
    this.to += moved;
    this.from = 0;
    return moved;
  }
}

/** The samples that a range function looks at: those in (`rangeStart`, `rangeEnd`], as indexes into the arrays. */
export interface Window {
  times: Float64Array;
  values: Float64Array;
  from: number;
  to: number;
  rangeStart: number;
  rangeEnd: number;
  /** When the expression is evaluated: other than `rangeEnd` where the selector is shifted. */
  time: number;
}

export const newWindow = (): Window => ({
  times: NONE,
  values: NONE,
  from: 0,
  to: 0,
  rangeStart: 0,
  rangeEnd: 0,
  time: 0,
});
const NONE = new Float64Array(0);

/** Points the window at the samples within its bounds, without stale markers; false when there are none. */
export function look(window: Window, samples: Samples): boolean {
  window.from = samples.after(window.rangeStart);
  window.to = samples.after(window.rangeEnd);
  window.times = samples.times;
  window.values = samples.values;
  if (samples.stale > 0) skipStale(window, samples);
  return window.to > window.from;
}

function skipStale(window: Window, samples: Samples): void {
  const times = new Float64Array(window.to - window.from);
  const values = new Float64Array(times.length);
  let count = 0;
  for (let at = window.from; at < window.to; at++) {
    if (samples.isStale(at)) continue;
    times[count] = samples.times[at]!;
    values[count++] = samples.values[at]!;
  }
  Object.assign(window, { times, values, from: 0, to: count });
}
