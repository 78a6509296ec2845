/** `parseDuration`: Prometheus' durations, which are stricter than those of Tocsin's own settings: largest unit first. */
import { quote } from '../format/quote';
import { CallError } from '../value/functions';

/** In the order in which they may follow each other. */
const UNITS: Readonly<Record<string, { rank: number; nanoseconds: bigint }>> = {
  y: { rank: 1, nanoseconds: 31_536_000_000_000_000n },
  w: { rank: 2, nanoseconds: 604_800_000_000_000n },
  d: { rank: 3, nanoseconds: 86_400_000_000_000n },
  h: { rank: 4, nanoseconds: 3_600_000_000_000n },
  m: { rank: 5, nanoseconds: 60_000_000_000n },
  s: { rank: 6, nanoseconds: 1_000_000_000n },
  ms: { rank: 7, nanoseconds: 1_000_000n },
};

const PART = /(\d+)([^\d]+)/y;
const LONGEST = 2n ** 63n;

/** Seconds. */
export function parsePrometheusDuration(text: string): number {
  const isNegative = text.startsWith('-');
  const nanoseconds = parseNanoseconds(isNegative ? text.slice(1) : text);
  return Number(isNegative ? -nanoseconds : nanoseconds) / 1e9;
}

function parseNanoseconds(text: string): bigint {
  if (text === '0') return 0n;
  if (text === '') throw new CallError('empty duration string');
  let [total, rank] = [0n, 0];
  for (PART.lastIndex = 0; PART.lastIndex < text.length;) {
    const part = readPart(text);
    if (part.rank <= rank) throw invalid(text);
    total += part.nanoseconds;
    if (part.nanoseconds > LONGEST || total >= LONGEST) throw new CallError('duration out of range');
    rank = part.rank;
  }
  return total;
}

function readPart(text: string): { rank: number; nanoseconds: bigint } {
  const match = PART.exec(text);
  if (!match || BigInt(match[1]!) >= 2n ** 64n) throw invalid(text);
  const name = match[2]!;
  if (!Object.hasOwn(UNITS, name)) {
    throw new CallError(`unknown unit ${quote(name)} in duration ${quote(text)}`);
  }
  const { rank, nanoseconds } = UNITS[name]!;
  return { rank, nanoseconds: BigInt(match[1]!) * nanoseconds };
}

function invalid(text: string): CallError {
  return new CallError(`not a valid duration string: ${quote(text)}`);
}
