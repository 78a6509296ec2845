/**
 * Durations as people write them: `90`, `1000ms`, `30s`, `5m`, `1h30m`, `2d`, `15 min`. Parsed here and nowhere else.
 *
 * A year, week and day are Prometheus' fixed lengths (365 d, 7 d, 24 h); there is no month. A bare number means seconds.
 */

/** Milliseconds of one. */
export const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  sec: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
};

const PART = /(\d+(?:\.\d+)?)\s*(ms|sec|min|[smhdwy])\s*/y;

export const DURATION_FORM = 'a duration such as 30s, 5m, 1h30m or 1000ms (a bare number means seconds)';

/** Milliseconds of `text`, or null when it is no duration. Zero is a duration; negative lengths are not. */
export function tryParseDuration(text: string | number): number | null {
  if (typeof text === 'number') return Number.isFinite(text) && text >= 0 ? text * 1_000 : null;
  const trimmed = text.trim();
  if (/^\d+(\.\d+)?$/.test(trimmed)) return Number(trimmed) * 1_000;
  let total = 0;
  PART.lastIndex = 0;
  while (PART.lastIndex < trimmed.length) {
    const match = PART.exec(trimmed);
    if (!match) return null;
    total += Number(match[1]) * UNIT_MS[match[2]!]!;
  }
  return trimmed === '' ? null : total;
}

/** `ms` in the shortest exact form that `tryParseDuration` reads back: 90000 → `1m30s`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s';
  let rest = Math.round(ms);
  let text = '';
  for (const unit of ['d', 'h', 'm', 's', 'ms'] as const) {
    const count = Math.floor(rest / UNIT_MS[unit]!);
    rest -= count * UNIT_MS[unit]!;
    if (count > 0) text += `${count}${unit}`;
  }
  return text || '0s';
}
