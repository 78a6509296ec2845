/** The number that a threshold means in the unit that its metric counts in. */
import { UNIT_MS } from '../../domain/duration';
import type { Amount } from '../fields';

const BYTES: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  TiB: 1024 ** 4,
};

export interface Refused {
  readonly refused: string;
}

/** An amount where a percentage is meant, whatever the metric counts. */
export function asPercent({ number, unit }: Amount): number | Refused {
  if (unit === null || unit === '%') return number;
  return { refused: `is ${kindOf(unit)}, but what is compared is a percentage; write a percentage` };
}

const kindOf = (unit: string): string =>
  unit === '%' ? 'a percentage' : unit in UNIT_MS ? 'a time' : 'an amount of bytes';

/**
 * The amount as the metric counts, by the ending of its name: a rule means the same in every process, also in one that
 * does not know the catalogue. The catalogue can only refuse what contradicts it.
 */
export function inUnitOf(metric: string, catalogued: string | null, amount: Amount): number | Refused {
  if (amount.unit === null) return amount.number;
  const kind = kindOf(amount.unit);
  const counted = unitInName(metric);
  const value = converted(amount.number, amount.unit, counted);
  const agrees =
    catalogued === null || counted === catalogued || (counted === null && catalogued === 'percent');
  if (value !== null && agrees) return value;
  const unit = catalogued ?? counted;
  if (unit === null)
    return { refused: `is ${kind}, but ${metric} does not say its unit; write a plain number` };
  return {
    refused: `is ${kind}, but ${metric} counts ${unit === '1' ? 'a plain ratio or flag' : unit}; write a plain number`,
  };
}

function converted(number: number, unit: string, counted: string | null): number | null {
  if (unit === '%')
    return counted === '1' ? number / 100 : counted === null || counted === 'percent' ? number : null;
  const ms = UNIT_MS[unit];
  if (ms === undefined) return counted === 'bytes' || counted === 'bytes/s' ? number * BYTES[unit]! : null;
  if (counted === 'seconds') return (number * ms) / 1_000;
  return counted === 'milliseconds' ? number * ms : null;
}

function unitInName(metric: string): string | null {
  if (/_(ms|millis|milliseconds)$/.test(metric)) return 'milliseconds';
  // a rate ends like a time
  if (/_per_(s|secs?|seconds?)$/.test(metric)) return /_bytes_per_/.test(metric) ? 'bytes/s' : '1/s';
  if (/_(s|secs|seconds)$/.test(metric)) return 'seconds';
  if (/_bytes$/.test(metric)) return 'bytes';
  if (/_ratio$/.test(metric)) return '1';
  return /_(percent|pct)$/.test(metric) ? 'percent' : null;
}
