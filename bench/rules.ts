/**
 * The evaluator under measurement and the rules it is given: the one file of the measurements that has to follow when
 * either changes. What is fed to it, and what is counted, is the measurements' own matter.
 */
import type { LabelSet } from '../src/promql/label-set';
import { NO_EXTENSIONS, type AlertRule, type RuleGroup } from '../src/domain/rule-group';
import { createEvaluatorHost, type EvaluateEvent } from '../src/evaluate/host';
import { createRuleEngine, type RuleEngine } from '../src/evaluate/rule-engine';
import type { MetricSink, OpenAlerts, TransitionPublisher } from '../src/stream/port';
import { INSTANCES, METRICS, metricName } from './series';

export const RULES = 1_000;

/**
 * `one`: each rule on one series, over all metrics. `all`: each on every instance, so that a message meets 20 of them.
 * `few`: each on one series of a tenth of the metrics, so that no rule wants nine messages in ten.
 */
export type PlainRules = 'one' | 'all' | 'few';

const WANTED_METRICS: Record<PlainRules, number> = { one: METRICS, all: METRICS, few: METRICS / 10 };
/** Every tenth instance from the seventh on, where few rules share a metric: the series that breach are among them. */
const FIRST_INSTANCE = 7;

/** What reads the stream: decides each message when it arrives. */
export function createStreamHost(options: {
  readonly rules: PlainRules;
  readonly openAlerts: OpenAlerts;
  readonly publisher: TransitionPublisher;
  readonly onEvent: (event: EvaluateEvent) => void;
}): MetricSink {
  return createEvaluatorHost({ intervalMs: 15_000, ...options, groups: [plainRules(options.rules)] });
}

function plainRules(of: PlainRules): RuleGroup {
  const metrics = WANTED_METRICS[of];
  const apart = INSTANCES / (RULES / metrics);
  const rules = Array.from({ length: RULES }, (_, k): AlertRule => {
    const instance = `pg-${(Math.floor(k / metrics) * apart + FIRST_INSTANCE) % INSTANCES}`;
    const series = `${metricName(k % metrics)}${of === 'all' ? '' : `{instance_id="${instance}"}`}`;
    return {
      ...{ kind: 'alert', name: `Rule${k}`, forMs: 0, keepFiringForMs: 0, ...NO_EXTENSIONS },
      expr: `${series} > ${of === 'all' && k >= METRICS ? 99 : 90}`,
      recovery: `${series} <= 85`,
      ...{ noData: 'keep', cooldownMs: 60_000 },
      ...{ labels: { severity: 'warning', team: 'dba' }, annotations: { summary: 'bench' } },
    };
  });
  return { file: null, name: 'bench', intervalMs: null, queryOffsetMs: null, limit: 0, rules };
}

/** What 1,000 rules of a group ask. All but `plain` look at the 200 series of a metric. */
export const RULE_KINDS = ['plain', 'average', 'rates', 'own'] as const;
export type RuleKind = (typeof RULE_KINDS)[number];

export const KIND_WORDS: Record<RuleKind, string> = {
  plain: 'm{instance_id="…"} > x, one series each',
  average: 'avg_over_time(m[5m]) > x, 200 series each',
  rates: 'sum by (region) (rate(m[5m])) > x, 200 series each',
  own: 'avg_over_time(m[…]) > x with a range of its own each, 200 series each',
};

/** What values stand at: see `valueAt`. A rule that fires does so for some of its series, and goes on to. */
const CUTS: Record<RuleKind, number> = { plain: 0, average: 450_000, rates: 160.5, own: 450_000 };
const NEVER = 1e15;
const ONE_FIRES_OF = 100;

export interface RuleText {
  readonly name: string;
  readonly expr: string;
}

/** As both sides are given them. */
export function ruleTexts(kind: RuleKind): RuleText[] {
  return Array.from({ length: RULES }, (_, k) => {
    const cut = k % ONE_FIRES_OF === FIRST_INSTANCE ? CUTS[kind] : NEVER;
    return { name: `Rule${k}`, expr: `${operandOf(kind, k)} > ${cut}` };
  });
}

function operandOf(kind: RuleKind, k: number): string {
  const metric = metricName(k % METRICS);
  switch (kind) {
    case 'plain':
      return `${metric}{instance_id="pg-${k % INSTANCES}"}`;
    case 'average':
      return `avg_over_time(${metric}[5m])`;
    case 'rates':
      return `sum by (region) (rate(${metric}[5m]))`;
    case 'own':
      return `avg_over_time(${metric}[${300 - Math.floor(k / METRICS)}s])`;
  }
}

/**
 * A thousand conditions as one team has them: a third plain, windows that several share and others that are their own,
 * sums, ratios of two metrics, forecasts, quantiles, and what is missing.
 */
export function mixedTexts(): RuleText[] {
  return Array.from({ length: RULES }, (_, k) => {
    const [metric, other] = [metricName(k % METRICS), metricName((k + 1) % METRICS)];
    const forms = [
      `${metric}{instance_id="pg-${k % INSTANCES}"} > ${NEVER}`,
      `${metric}{region="r${k % 5}"} > ${NEVER}`,
      `${metric} > ${450_000 + k * 1e6}`,
      `avg_over_time(${metric}[5m]) > ${NEVER}`,
      `sum by (region) (rate(${metric}[5m])) > 160.5`,
      `max_over_time(${metric}{region="r${k % 5}"}[2m]) > ${NEVER}`,
      `${metric} / ${other} > 100`,
      `predict_linear(${metric}{instance_id="pg-${k % INSTANCES}"}[5m], 3600) > ${NEVER}`,
      `quantile by (environment) (0.95, ${metric}) > ${NEVER}`,
      `absent(${metric}{instance_id="pg-${k % INSTANCES}"})`,
    ];
    return { name: `Rule${k}`, expr: forms[k % forms.length]! };
  });
}

export const SEVERITY = 'page';
export const INTERVAL_MS = 1_000;

export function groupOf(rules: readonly RuleText[]): RuleGroup {
  return {
    ...{ file: null, name: 'bench', intervalMs: INTERVAL_MS, queryOffsetMs: null, limit: 0 },
    rules: rules.map(({ name, expr }) => ({
      ...{ kind: 'alert', name, expr, forMs: 0, keepFiringForMs: 0 },
      ...{ labels: { severity: SEVERITY }, annotations: {}, ...NO_EXTENSIONS },
    })),
  };
}

export interface Evaluating {
  readonly engine: RuleEngine;
  /** The moment that was evaluated last; -Infinity before the first. */
  evaluatedAt(): number;
  /** The label sets of the alerts that fire. */
  firing(): Record<string, string>[];
}

/** The group's rules over all series in this process. */
export function createEvaluating(group: RuleGroup): Evaluating {
  const engine = createRuleEngine({
    ...{ groups: [group], defaultIntervalMs: INTERVAL_MS, onAlert: () => undefined },
    onError: (_, rule, error) => {
      if (error !== null) throw new Error(`rule "${rule.name}": ${error}`);
    },
  });
  const [evaluated] = engine.groups;
  return {
    engine,
    evaluatedAt: () => evaluated!.evaluatedAt(),
    firing: () =>
      evaluated!
        .rules()
        .flatMap(({ alerts }) => alerts)
        .filter(({ state }) => state === 'firing')
        .map(({ labels }) => plainLabels(labels)),
  };
}

const plainLabels = (labels: LabelSet): Record<string, string> => ({ ...labels.toLabels() });
