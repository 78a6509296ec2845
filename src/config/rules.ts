/** Rules in the threshold form → what the evaluator of single samples takes. */
import { canonical } from '../domain/canonical';
import { fnv1a64 } from '../domain/labels';
import { matcherText } from '../domain/matchers';
import type { ThresholdRule } from '../domain/rule';
import { toExtensions } from './alert-extensions';
import { DEFAULTS } from './defaults';
import type { RawRule } from './short-forms/schema';
import { operatorOf, readThresholds } from './short-forms/thresholds';
import { inUnitOf } from './short-forms/units';

/** One or two; none where somebody is not to be told. The rule must be without error. */
export function toThresholdRules(raw: RawRule, group: string): ThresholdRule[] {
  const metric = raw.metric!;
  const { cooldownMs, mode, runbook } = toExtensions(raw, 'keep');
  if (mode !== 'active') return [];
  const { thresholds } = readThresholds(raw, (amount) => inUnitOf(metric, null, amount));
  return thresholds.map(({ severity, threshold, recovery, inhibitedBy }) => {
    const rule: Omit<ThresholdRule, 'hash'> = {
      ...{ group, name: raw.name, metric, matchers: raw.matchers ?? [], operator: operatorOf(raw) },
      ...{ threshold, recoveryThreshold: recovery, severity, inhibitedBy },
      forMs: raw.for,
      windowMs: raw.window ?? DEFAULTS.rule.window,
      consecutiveFailures: raw.consecutive_failures ?? DEFAULTS.rule.consecutive_failures,
      ...{ cooldownMs, runbook, labels: raw.labels, annotations: raw.annotations },
    };
    return { ...rule, hash: ruleHash(rule) };
  });
}

/** Identity of a rule's meaning, whatever the order of its keys. */
function ruleHash(rule: Omit<ThresholdRule, 'hash'>): string {
  return fnv1a64(canonical({ ...rule, matchers: rule.matchers.map(matcherText).sort() }));
}
