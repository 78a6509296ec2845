/**
 * Durations as Prometheus' and Go's programs read them in their own files, which is stricter than Tocsin's settings are read.
 * Milliseconds; what is no duration throws a RangeError that says why.
 */

/** Largest unit first, each at most once. */
const PROMETHEUS_UNITS: readonly (readonly [string, bigint])[] = [
  ['y', 31_536_000_000_000_000n],
  ['w', 604_800_000_000_000n],
  ['d', 86_400_000_000_000n],
  ['h', 3_600_000_000_000n],
  ['m', 60_000_000_000n],
  ['s', 1_000_000_000n],
  ['ms', 1_000_000n],
];
const PROMETHEUS_FORM = new RegExp(`^${PROMETHEUS_UNITS.map(([unit]) => `(?:(\\d+)${unit})?`).join('')}$`);

/** Go counts nanoseconds in 64 bits: some 292 years. */
const LONGEST = 2n ** 63n;

/** `5m`, `1h30m`, `2d`; a bare `0` is the only number that needs no unit. */
export function prometheusDuration(text: string): number {
  if (text === '0') return 0;
  const match = PROMETHEUS_FORM.exec(text);
  if (match === null || text === '') throw new RangeError(unitsMissing(text));
  const total = PROMETHEUS_UNITS.reduce(
    (sum, [, nanoseconds], index) => sum + BigInt(match[index + 1] ?? 0) * nanoseconds,
    0n,
  );
  if (total >= LONGEST) throw new RangeError('is longer than 292 years');
  return Number(total) / 1e6;
}

function unitsMissing(text: string): string {
  return /^\d+$/.test(text) ? 'has no unit' : 'is no duration';
}

const GO_UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};
const GO_FORM = /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/;
const GO_PART = /(\d*\.?\d*)(ns|us|µs|μs|ms|s|m|h)/g;
const LONGEST_MS = Number(LONGEST) / 1e6;

/** `1.5h`, `300ms`, `-1m30s`: there is no day. */
export function goDuration(text: string): number {
  if (/^[+-]?0$/.test(text)) return 0;
  if (!GO_FORM.test(text)) {
    throw new RangeError(/^[+-]?[\d.]+$/.test(text) ? 'has no unit' : 'is no duration');
  }
  let total = 0;
  for (const [, number, unit] of text.matchAll(GO_PART)) total += Number(number) * GO_UNITS[unit!]!;
  if (total > LONGEST_MS) throw new RangeError('is longer than 292 years');
  return text.startsWith('-') ? -total : total;
}
