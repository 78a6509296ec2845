/**
 * The thresholds of a rule: one, or one for warning and one for critical. The threshold form, the forecast and the rate of
 * change differ only in what is compared with them.
 */
import { OPPOSITE, type Operator, type Severity } from '../../domain/rule';
import { DEFAULTS } from '../defaults';
import type { Amount } from '../fields';
import type { Finding } from '../problems';
import type { Conditions } from './form';
import { numberText } from './promql-text';
import type { RawRule, RuleKey } from './schema';
import type { Refused } from './units';

const THRESHOLD = ['threshold', 'threshold_warning', 'threshold_critical'] as const;
const RECOVERY = ['recovery_threshold', 'recovery_threshold_warning', 'recovery_threshold_critical'] as const;

export const THRESHOLD_KEYS: readonly RuleKey[] = THRESHOLD;
/** What goes with thresholds, whatever is compared. */
export const COMPARISON_KEYS: readonly RuleKey[] = [
  'metric',
  'matchers',
  'operator',
  'severity',
  ...THRESHOLD,
  ...RECOVERY,
];

type ThresholdKey = (typeof THRESHOLD)[number];
type RecoveryKey = (typeof RECOVERY)[number];

export interface Threshold {
  readonly severity: Severity;
  readonly threshold: number;
  readonly recovery: number | null;
  /** The more severe of two; while its alert fires, this one's does not begin to. */
  readonly inhibitedBy: Severity | null;
}

interface Level {
  readonly key: ThresholdKey;
  readonly recoveryKey: RecoveryKey;
  readonly severity: Severity;
}

export interface Thresholds {
  /** The less severe first, as they are written. */
  readonly thresholds: readonly Threshold[];
  readonly findings: readonly Finding[];
}

export type AmountReader = (amount: Amount) => number | Refused;

/** `compared`: PromQL for what is compared with the thresholds. */
export function comparisons(raw: RawRule, read: AmountReader, compared: string): Conditions {
  const { thresholds, findings } = readThresholds(raw, read);
  const operator = operatorOf(raw);
  const conditions = thresholds.map(({ severity, threshold, recovery, inhibitedBy }) => ({
    ...{ severity, inhibitedBy, expr: `${compared} ${operator} ${numberText(threshold)}` },
    recovery: recovery === null ? null : `${compared} ${OPPOSITE[operator]} ${numberText(recovery)}`,
  }));
  return { conditions: conditions.reverse(), findings };
}

export const operatorOf = (raw: RawRule): Operator => raw.operator ?? DEFAULTS.rule.operator;

export function readThresholds(raw: RawRule, read: AmountReader): Thresholds {
  const findings: Finding[] = exclusive(raw);
  const levels = levelsOf(raw);
  const thresholds = levels.map((level) => toThreshold(raw, level, levels.length === 2, read, findings));
  if (thresholds.length === 2) findings.push(...ordered(operatorOf(raw), thresholds[0]!, thresholds[1]!));
  return { thresholds, findings };
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

function toThreshold(
  raw: RawRule,
  level: Level,
  paired: boolean,
  read: AmountReader,
  findings: Finding[],
): Threshold {
  const number = (key: ThresholdKey | RecoveryKey): number => {
    const amount = raw[key]!;
    const value = read(amount);
    if (typeof value === 'number') return value;
    const written = JSON.stringify(`${amount.number}${amount.unit}`);
    findings.push({ path: [key], value: written, message: value.refused });
    return NaN;
  };
  const threshold = number(level.key);
  const recoveryKey = raw[level.recoveryKey] === undefined ? 'recovery_threshold' : level.recoveryKey;
  const recovery = raw[recoveryKey] === undefined ? null : number(recoveryKey);
  if (recovery !== null)
    findings.push(...goodSide(operatorOf(raw), threshold, recovery, level.key, recoveryKey));
  const inhibitedBy = paired && level.severity === 'warning' ? 'critical' : null;
  return { severity: level.severity, threshold, recovery, inhibitedBy };
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
  const recoveries = RECOVERY.filter((key) => raw[key] !== undefined);
  if (raw.recovery !== undefined && recoveries.length > 0)
    findings.push({
      path: ['recovery'],
      message: `cannot stand beside ${recoveries[0]}: both say when it recovers`,
    });
  for (const key of PAIR_RECOVERY) {
    const threshold = key.replace('recovery_', '') as (typeof PAIR_KEYS)[number];
    if (raw[key] !== undefined && raw[threshold] === undefined)
      findings.push({ path: [key], message: `needs ${threshold}` });
  }
  return findings;
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

function ordered(operator: Operator, warning: Threshold, critical: Threshold): Finding[] {
  const beyond = rises(operator)
    ? critical.threshold > warning.threshold
    : critical.threshold < warning.threshold;
  if (!rises(operator) && !falls(operator)) {
    return [
      {
        path: ['operator'],
        value: operator,
        message: 'cannot have two thresholds',
        accepted: '>, >=, <, <=',
      },
    ];
  }
  if (beyond || Number.isNaN(critical.threshold) || Number.isNaN(warning.threshold)) return [];
  const word = rises(operator) ? 'above' : 'below';
  return [
    {
      path: ['threshold_critical'],
      value: String(critical.threshold),
      message: `has to be ${word} threshold_warning ${warning.threshold}`,
    },
  ];
}
