/** The rules as the evaluator asks for them: by metric, matchers compiled, a rule after the one that inhibits it. */
import { fingerprint, overlaid, ALERT_NAME, type Labels } from '../domain/labels';
import { compileMatchers } from '../domain/matchers';
import { SEVERITIES, type ThresholdRule } from '../domain/rule';

export interface CompiledRule {
  readonly rule: ThresholdRule;
  matches(series: Labels): boolean;
  alertLabels(series: Labels): Labels;
}

export interface RuleSet {
  /** The rules about a metric; undefined when no rule wants it. */
  about(metric: string): readonly CompiledRule[] | undefined;
  /** Whether a rule still makes this alert of this series. */
  makes(alert: string, metric: string, series: Labels): boolean;
  /**
   * How far back, in milliseconds, samples can still matter to a decision: what a process that takes over a partition
   * has to read again.
   */
  readonly lookbackMs: number;
}

/** How far apart the samples of consecutive failures are assumed to be, and how late the first may have come. */
const ASSUMED_INTERVAL_MS = 60_000;
/** Beyond this, pending times start anew after a restart: reading more would delay the alerts that are due. */
export const MAX_LOOKBACK_MS = 6 * 3_600_000;

export function compileRules(rules: readonly ThresholdRule[]): RuleSet {
  const byMetric = new Map<string, CompiledRule[]>();
  for (const rule of [...rules].sort(bySeverity)) {
    const known = byMetric.get(rule.metric);
    if (known === undefined) byMetric.set(rule.metric, [compile(rule)]);
    else known.push(compile(rule));
  }
  return {
    about: (metric) => byMetric.get(metric),
    makes: (alert, metric, series) =>
      (byMetric.get(metric) ?? []).some(
        (each) => each.matches(series) && fingerprint(each.alertLabels(series)) === alert,
      ),
    lookbackMs: Math.min(MAX_LOOKBACK_MS, Math.max(0, ...rules.map(lookback))),
  };
}

function compile(rule: ThresholdRule): CompiledRule {
  return {
    rule,
    matches: compileMatchers(rule.matchers),
    alertLabels: (series) => alertLabels(rule, series),
  };
}

/** An alert's labels: the series', over them the rule's, over them what names the rule; what they hide is exported. */
export function alertLabels(rule: ThresholdRule, series: Labels): Labels {
  const { labels, name, severity, metric } = rule;
  return overlaid(series, { ...labels, [ALERT_NAME]: name, severity, metric });
}

function bySeverity(a: ThresholdRule, b: ThresholdRule): number {
  return SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity);
}

function lookback({ forMs, windowMs, consecutiveFailures }: ThresholdRule): number {
  const needed = forMs + windowMs + (consecutiveFailures - 1) * ASSUMED_INTERVAL_MS;
  return needed === 0 ? 0 : needed + ASSUMED_INTERVAL_MS;
}
