/** Numbers for people, as Prometheus writes them: `1.235M`, `14m 59s`, `12.35%`. Numeric functions take numbers as texts too. */
import { formatFloat64 } from '../format/float';
import { parseFloat64 } from '../format/parse-float';
import { secondsOf } from '../time/duration';
import { nanosecondsAt, timeText } from '../time/time';
import { CallError, define, type FunctionTable } from '../value/functions';
import { GoObject, typeName, type Value } from '../value/values';

const LARGE = ['k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y'];
const SMALL = ['m', 'u', 'n', 'p', 'f', 'a', 'z', 'y'];
const LARGE_BINARY = ['ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei', 'Zi', 'Yi'];

export const HUMANIZE: FunctionTable = {
  humanize: define(['any'], (value) => humanize(toFloat(value))),
  humanize1024: define(['any'], (value) => humanize1024(toFloat(value))),
  humanizeDuration: define(['any'], (value) => humanizeDuration(toFloat(value))),
  humanizePercentage: define(['any'], (value) => `${fourDigits(toFloat(value) * 100)}%`),
  humanizeTimestamp: define(['any'], (value) => humanizeTimestamp(toFloat(value))),
};

export function toFloat(value: Value): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'string') return parseFloat64(value);
  if (value instanceof GoObject && value.type === 'time.Duration') return secondsOf(value.underlying!);
  throw new CallError(`can't convert ${value == null ? '<nil>' : typeName(value)} to float`);
}

function fourDigits(value: number): string {
  return formatFloat64(value, 'g', 4);
}

function humanize(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return fourDigits(value);
  return Math.abs(value) >= 1 ? withLargePrefix(value, 1000, LARGE) : withSmallPrefix(value);
}

function humanize1024(value: number): string {
  if (Math.abs(value) <= 1 || !Number.isFinite(value)) return fourDigits(value);
  return withLargePrefix(value, 1024, LARGE_BINARY);
}

/** Divides step by step: dividing once by a power of the base would round differently. */
function withLargePrefix(value: number, base: number, prefixes: readonly string[]): string {
  let [rest, used] = [value, ''];
  for (const prefix of prefixes) {
    if (Math.abs(rest) < base) break;
    [rest, used] = [rest / base, prefix];
  }
  return fourDigits(rest) + used;
}

function withSmallPrefix(value: number): string {
  let [rest, used] = [value, ''];
  for (const prefix of SMALL) {
    if (Math.abs(rest) >= 1) break;
    [rest, used] = [rest * 1000, prefix];
  }
  return fourDigits(rest) + used;
}

function humanizeDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return fourDigits(seconds);
  if (seconds === 0) return `${fourDigits(seconds)}s`;
  if (Math.abs(seconds) < 1) return `${withSmallPrefix(seconds)}s`;
  return (seconds < 0 ? '-' : '') + longDuration(Math.abs(seconds));
}

/** The most seconds that Go can count; what lies above overflows there, on each machine in its own way. */
const MAX_SECONDS = 2n ** 63n - 1n;

/** From a minute on, seconds have no fraction. */
function longDuration(seconds: number): string {
  const counted = BigInt(Math.trunc(seconds));
  const whole = counted > MAX_SECONDS ? MAX_SECONDS : counted;
  const [days, hours, minutes] = [whole / 86400n, (whole / 3600n) % 24n, (whole / 60n) % 60n];
  const rest = `${minutes}m ${whole % 60n}s`;
  if (days > 0n) return `${days}d ${hours}h ${rest}`;
  if (hours > 0n) return `${hours}h ${rest}`;
  return minutes > 0n ? rest : `${fourDigits(seconds)}s`;
}

function humanizeTimestamp(seconds: number): string {
  return Number.isFinite(seconds) ? timeText(nanosecondsAt(seconds)) : fourDigits(seconds);
}
