/**
 * Rules as people write them → the domain's threshold rules. `threshold_warning` and `threshold_critical` make two rules
 * of one name; the critical one, while it fires, keeps its warning twin from beginning.
 */
import { canonical } from '../domain/canonical';
import { fnv1a64 } from '../domain/labels';
import { matcherText } from '../domain/matchers';
import type { Operator, Severity, ThresholdRule } from '../domain/rule';
import { DEFAULTS } from './defaults';
import type { Amount } from './fields';
import type { Finding } from './problems';
import type { RawRule } from './schema';

export interface RuleContext {
  readonly group: string;
  /** The unit of a metric where the catalogue knows it: `percent`, `seconds`, `bytes`, `1`, … */
  readonly unitOf: (metric: string) => string | null;
}

export interface RulesResult {
  readonly rules: readonly ThresholdRule[];
  /** Paths are relative to the rule. */
  readonly findings: readonly Finding[];
}

type ThresholdKey = 'threshold' | 'threshold_warning' | 'threshold_critical';

interface Level {
  readonly key: ThresholdKey;
  readonly recoveryKey: 'recovery_threshold' | 'recovery_threshold_warning' | 'recovery_threshold_critical';
  readonly severity: Severity;
}

/** One or two rules, or the findings why not. */
export function toRules(raw: RawRule, context: RuleContext): RulesResult {
  const findings: Finding[] = [...exclusive(raw), ...reserved(raw)];
  const levels = levelsOf(raw);
  const rules = levels.map((level) => toRule(raw, level, levels.length === 2, context, findings));
  if (rules.length === 2) findings.push(...ordered(raw, rules[0]!, rules[1]!));
  return findings.some(({ level }) => level !== 'warning') ? { rules: [], findings } : { rules, findings };
}

function levelsOf(raw: RawRule): Level[] {
  if (raw.threshold_warning === undefined && raw.threshold_critical === undefined) {
    const severity = raw.severity ?? DEFAULTS.rule.severity;
    return raw.threshold === undefined
      ? []
      : [{ key: 'threshold', recoveryKey: 'recovery_threshold', severity }];
  }
  return (['warning', 'critical'] as const)
    .filter((severity) => raw[`threshold_${severity}`] !== undefined)
    .map((severity) => ({
      key: `threshold_${severity}`,
      recoveryKey: `recovery_threshold_${severity}`,
      severity,
    }));
}

function toRule(
  raw: RawRule,
  level: Level,
  paired: boolean,
  context: RuleContext,
  findings: Finding[],
): ThresholdRule {
  const unit = context.unitOf(raw.metric);
  const read = (key: ThresholdKey | Level['recoveryKey'], amount: Amount): number => {
    const value = inUnitOf(raw.metric, unit, amount);
    if (typeof value === 'number') return value;
    findings.push({
      path: [key],
      value: JSON.stringify(`${amount.number}${amount.unit}`),
      message: value.refused,
    });
    return NaN;
  };
  const threshold = read(level.key, raw[level.key]!);
  const recoveryKey = raw[level.recoveryKey] === undefined ? 'recovery_threshold' : level.recoveryKey;
  const written = raw[recoveryKey];
  const recoveryThreshold = written === undefined ? null : read(recoveryKey, written);
  if (recoveryThreshold !== null)
    findings.push(...goodSide(raw.operator, threshold, recoveryThreshold, level.key, recoveryKey));
  const rule: Omit<ThresholdRule, 'hash'> = {
    group: context.group,
    name: raw.name,
    metric: raw.metric,
    matchers: raw.matchers,
    operator: raw.operator,
    threshold,
    recoveryThreshold,
    severity: level.severity,
    forMs: raw.for,
    windowMs: raw.window,
    consecutiveFailures: raw.consecutive_failures,
    cooldownMs: raw.cooldown ?? (raw.cooldown_minutes === undefined ? null : raw.cooldown_minutes * 60_000),
    labels: raw.labels,
    annotations: raw.annotations,
    runbook: raw.runbook,
    inhibitedBy: paired && level.severity === 'warning' ? 'critical' : null,
  };
  return { ...rule, hash: ruleHash(rule) };
}

/** Identity of a rule's meaning, whatever the order of its keys. */
export function ruleHash(rule: Omit<ThresholdRule, 'hash'>): string {
  return fnv1a64(canonical({ ...rule, matchers: rule.matchers.map(matcherText).sort() }));
}

const PAIR_KEYS = ['threshold_warning', 'threshold_critical'] as const;
const PAIR_RECOVERY = ['recovery_threshold_warning', 'recovery_threshold_critical'] as const;

function exclusive(raw: RawRule): Finding[] {
  const findings: Finding[] = [];
  const pair = PAIR_KEYS.filter((key) => raw[key] !== undefined);
  if (raw.threshold === undefined && pair.length === 0) {
    findings.push({
      path: [],
      message: 'has no threshold',
      accepted: 'threshold, or threshold_warning and threshold_critical',
    });
  }
  if (raw.threshold !== undefined && pair.length > 0) {
    findings.push({
      path: ['threshold'],
      message: `cannot stand beside ${pair.join(' and ')}: each makes the rule's severity`,
    });
  }
  if (raw.severity !== undefined && pair.length > 0) {
    findings.push({
      path: ['severity'],
      message: `cannot stand beside ${pair.join(' and ')}: each makes the rule's severity`,
    });
  }
  for (const key of PAIR_RECOVERY) {
    const threshold = key.replace('recovery_', '') as (typeof PAIR_KEYS)[number];
    if (raw[key] !== undefined && raw[threshold] === undefined)
      findings.push({ path: [key], message: `needs ${threshold}` });
  }
  if (raw.cooldown !== undefined && raw.cooldown_minutes !== undefined) {
    findings.push({ path: ['cooldown_minutes'], message: 'cannot stand beside cooldown: both say the same' });
  }
  return findings;
}

/** Labels that the rule has keys of its own for. */
function reserved(raw: RawRule): Finding[] {
  const keys: Readonly<Record<string, string>> = { alertname: 'name', severity: 'severity' };
  return Object.keys(raw.labels)
    .filter((label) => label in keys)
    .map((label) => ({
      path: ['labels', label],
      message: `is made from the rule's ${keys[label]}; leave it out`,
    }));
}

const rises = (operator: Operator): boolean => operator === '>' || operator === '>=';
const falls = (operator: Operator): boolean => operator === '<' || operator === '<=';

function goodSide(
  operator: Operator,
  threshold: number,
  recovery: number,
  key: string,
  recoveryKey: string,
): Finding[] {
  const path = [recoveryKey];
  if (!rises(operator) && !falls(operator)) {
    return [
      {
        path,
        value: String(recovery),
        message: `has no meaning with the operator ${operator}`,
        accepted: 'leave it out',
      },
    ];
  }
  if (rises(operator) && recovery > threshold) {
    return [
      {
        path,
        value: String(recovery),
        message: `is on the bad side of ${key} ${threshold}`,
        accepted: `at most ${threshold}`,
      },
    ];
  }
  if (falls(operator) && recovery < threshold) {
    return [
      {
        path,
        value: String(recovery),
        message: `is on the bad side of ${key} ${threshold}`,
        accepted: `at least ${threshold}`,
      },
    ];
  }
  return [];
}

function ordered(raw: RawRule, warning: ThresholdRule, critical: ThresholdRule): Finding[] {
  const beyond = rises(raw.operator)
    ? critical.threshold > warning.threshold
    : critical.threshold < warning.threshold;
  if (!rises(raw.operator) && !falls(raw.operator)) {
    return [
      {
        path: ['operator'],
        value: raw.operator,
        message: 'cannot have two thresholds',
        accepted: '>, >=, <, <=',
      },
    ];
  }
  if (beyond || Number.isNaN(critical.threshold) || Number.isNaN(warning.threshold)) return [];
  const word = rises(raw.operator) ? 'above' : 'below';
  return [
    {
      path: ['threshold_critical'],
      value: String(critical.threshold),
      message: `has to be ${word} threshold_warning ${warning.threshold}`,
    },
  ];
}

const TIME_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  sec: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
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

/**
 * The amount as the metric counts, by the ending of its name: a rule means the same in every process, also in one that
 * does not know the catalogue. The catalogue can only refuse what contradicts it.
 */
function inUnitOf(metric: string, catalogued: string | null, amount: Amount): number | { refused: string } {
  if (amount.unit === null) return amount.number;
  const kind =
    amount.unit === '%' ? 'a percentage' : amount.unit in TIME_MS ? 'a time' : 'an amount of bytes';
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
  const ms = TIME_MS[unit];
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
