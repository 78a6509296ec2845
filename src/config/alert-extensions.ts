/** What an alerting rule may say beside Prometheus' fields, in rule groups and in short forms alike. */
import { z } from 'zod';
import { NO_DATA, RULE_MODES, type AlertExtensions, type Occurrences } from '../domain/rule-group';
import { MAX_COOLDOWN_MS } from '../domain/transition';
import { checkRecovery } from './expr-checks';
import { count, duration, occurrences, percent, span, text, word } from './fields';
import type { Finding, Path } from './problems';

export const extensionShape = {
  recovery: text('a PromQL expression').optional(),
  occurrences: occurrences().optional(),
  consecutive_failures: count(1, 1_000).optional(),
  cooldown: duration(0, MAX_COOLDOWN_MS).optional(),
  cooldown_minutes: count(0, MAX_COOLDOWN_MS / 60_000).optional(),
  flapping: z.strictObject({ low: percent(), high: percent(), window: duration(1) }).optional(),
  no_data: word(NO_DATA).optional(),
  evaluation_delay: span().optional(),
  mode: word(RULE_MODES).optional(),
  runbook: text("a runbook's name").nullish(),
  receivers: z.array(text("a receiver's name")).min(1).optional(),
  unit: text('a unit').optional(),
};

export type ExtensionKey = keyof typeof extensionShape;
export const EXTENSION_KEYS = Object.keys(extensionShape) as readonly ExtensionKey[];

export type RawExtensions = z.output<z.ZodObject<typeof extensionShape>>;

/** `form`: what holds in it where the rule does not say. */
export function toExtensions(
  raw: RawExtensions,
  form: Pick<AlertExtensions, 'noData' | 'exportsHidden'>,
): AlertExtensions {
  return {
    recovery: raw.recovery ?? null,
    occurrences: toOccurrences(raw),
    cooldownMs: raw.cooldown ?? (raw.cooldown_minutes === undefined ? null : raw.cooldown_minutes * 60_000),
    flapping: toFlapping(raw.flapping),
    noData: raw.no_data ?? form.noData,
    delayMs: raw.evaluation_delay ?? 0,
    mode: raw.mode ?? 'active',
    runbook: raw.runbook ?? null,
    receivers: raw.receivers ?? null,
    unit: raw.unit ?? null,
    exportsHidden: form.exportsHidden,
    inhibitedBy: null,
  };
}

/** Once of once is what holds anyway. */
function toOccurrences({ occurrences: given, consecutive_failures }: RawExtensions): Occurrences | null {
  const n = consecutive_failures ?? 1;
  const found = given ?? { count: n, of: n };
  return found.of === 1 ? null : found;
}

const toFlapping = (raw: RawExtensions['flapping']): AlertExtensions['flapping'] =>
  raw === undefined ? null : { lowPercent: raw.low, highPercent: raw.high, windowMs: raw.window };

/** `at`: the rule. */
export function checkExtensions(raw: RawExtensions, at: Path): Finding[] {
  const findings = [
    ...bothSay(raw, 'cooldown', 'cooldown_minutes', at),
    ...bothSay(raw, 'occurrences', 'consecutive_failures', at),
    ...checkFlapping(raw, [...at, 'flapping']),
  ];
  return raw.recovery === undefined
    ? findings
    : [...findings, ...checkRecovery(raw.recovery, [...at, 'recovery'])];
}

function bothSay(raw: RawExtensions, one: ExtensionKey, other: ExtensionKey, at: Path): Finding[] {
  if (raw[one] === undefined || raw[other] === undefined) return [];
  return [{ path: [...at, other], message: `cannot stand beside ${one}: both say the same` }];
}

/** Between the two nothing changes, so that being near the limit is no flapping of its own. */
function checkFlapping({ flapping }: RawExtensions, at: Path): Finding[] {
  if (flapping === undefined || flapping.low < flapping.high) return [];
  const { low, high } = flapping;
  return [
    {
      path: [...at, 'low'],
      value: `${low}%`,
      message: `is not below high ${high}%`,
      accepted: `less than ${high}%`,
    },
  ];
}
