/**
 * Numbers as PromQL writes them. Sources: the language's own description ("Literals"), and Go's rules for integers, which it
 * follows.
 */
import { tryParseDuration } from '../domain/duration';

/**
 * A number literal without its sign: decimal, hexadecimal, octal (leading zero), `Inf`, `NaN`, or a duration in seconds.
 * null: none, or greater than numbers get.
 */
export function parseNumber(text: string): number | null {
  const plain = text.replaceAll('_', '').toLowerCase();
  if (plain === 'inf') return Infinity;
  if (plain === 'nan') return NaN;
  if (/^0x[0-9a-f]+$/.test(plain)) return Number(plain) < 2 ** 63 ? Number(plain) : null;
  if (/^0[0-7]+$/.test(plain)) return parseInt(plain, 8);
  if (/^(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/.test(plain)) return finite(Number(plain));
  const ms = tryParseDuration(plain);
  return ms === null ? null : finite(ms / 1_000);
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
