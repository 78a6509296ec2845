/** Go's time.Duration: nanoseconds, with methods, printed as `1h30m0s`. */
import { define, type FunctionTable } from '../value/functions';
import { GoObject } from '../value/values';

export const SECOND = 1_000_000_000n;
const MILLISECOND = 1_000_000n;
const MICROSECOND = 1_000n;

const MIN = -(2n ** 63n);
const MAX = 2n ** 63n - 1n;

/** `pointer` for what Prometheus' toDuration answers: a `*time.Duration`. */
export function duration(nanoseconds: bigint, pointer = false): GoObject {
  return new GoObject({
    type: pointer ? '*time.Duration' : 'time.Duration',
    underlying: nanoseconds,
    text: () => durationText(nanoseconds),
    methods: methodsOf(nanoseconds),
  });
}

/** What lies outside of 64 bits, and NaN, becomes the least of them: so do Go's conversions on amd64. */
export function nanosecondsOf(seconds: number): bigint {
  const nanoseconds = Math.trunc(seconds * 1e9);
  if (!Number.isFinite(nanoseconds)) return MIN;
  const integer = BigInt(nanoseconds);
  return integer > MAX || integer < MIN ? MIN : integer;
}

/** The longest duration that there is stands for a longer one. */
export const within = (nanoseconds: bigint): bigint =>
  nanoseconds > MAX ? MAX : nanoseconds < MIN ? MIN : nanoseconds;

export function secondsOf(nanoseconds: bigint): number {
  return inUnits(nanoseconds, SECOND);
}

/** Whole and rest are converted apart, as in Go: the sum is rounded once. */
function inUnits(nanoseconds: bigint, unit: bigint): number {
  return Number(nanoseconds / unit) + Number(nanoseconds % unit) / Number(unit);
}

function methodsOf(nanoseconds: bigint): FunctionTable {
  return {
    String: define([], () => durationText(nanoseconds)),
    Hours: define([], () => inUnits(nanoseconds, 3600n * SECOND)),
    Minutes: define([], () => inUnits(nanoseconds, 60n * SECOND)),
    Seconds: define([], () => secondsOf(nanoseconds)),
    Milliseconds: define([], () => nanoseconds / MILLISECOND),
    Microseconds: define([], () => nanoseconds / MICROSECOND),
    Nanoseconds: define([], () => nanoseconds),
    Abs: define([], () => duration(absolute(nanoseconds))),
    Round: define(['time.Duration'], (unit) => duration(rounded(nanoseconds, unit.underlying!))),
    Truncate: define(['time.Duration'], (unit) => duration(truncated(nanoseconds, unit.underlying!))),
  };
}

/** The least duration has no counterpart: the greatest stands in. */
function absolute(nanoseconds: bigint): bigint {
  if (nanoseconds === MIN) return MAX;
  return nanoseconds < 0n ? -nanoseconds : nanoseconds;
}

function truncated(nanoseconds: bigint, unit: bigint): bigint {
  return unit <= 0n ? nanoseconds : nanoseconds - (nanoseconds % unit);
}

/** Halves away from zero. */
function rounded(nanoseconds: bigint, unit: bigint): bigint {
  if (unit <= 0n) return nanoseconds;
  const size = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  const rest = size % unit;
  const nearest = rest + rest < unit ? size - rest : size - rest + unit;
  return nanoseconds < 0n ? -nearest : nearest;
}

function durationText(nanoseconds: bigint): string {
  const size = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  return (nanoseconds < 0n ? '-' : '') + (size < SECOND ? smallText(size) : largeText(size));
}

function smallText(size: bigint): string {
  if (size === 0n) return '0s';
  if (size < MICROSECOND) return `${size}ns`;
  return size < MILLISECOND ? `${decimal(size, MICROSECOND)}µs` : `${decimal(size, MILLISECOND)}ms`;
}

function largeText(size: bigint): string {
  const seconds = `${decimal(size % (60n * SECOND), SECOND)}s`;
  const minutes = size / (60n * SECOND);
  if (minutes === 0n) return seconds;
  const hours = minutes / 60n;
  return `${hours > 0n ? `${hours}h` : ''}${minutes % 60n}m${seconds}`;
}

/** `size` in units, without trailing zeros. */
function decimal(size: bigint, unit: bigint): string {
  const digits = String(unit).length - 1;
  const fraction = String(size % unit)
    .padStart(digits, '0')
    .replace(/0+$/, '');
  return `${size / unit}${fraction === '' ? '' : `.${fraction}`}`;
}
