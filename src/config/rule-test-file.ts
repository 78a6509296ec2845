/** Files of rule tests, in the form that Prometheus gave them: which rules, which samples, what must come of it. */
import { z } from 'zod';
import { LabelSet } from '../promql/label-set';
import { parseExpr, parseSeriesLabels } from '../promql/parse';
import { parseSamples } from '../promql/series-notation';
import { messageOf } from '../domain/errors';
import type { RuleTest, RuleTestFile } from '../evaluate/port';
import { flag, labelValue, span, text } from './fields';
import { parseAll } from './parse-all';
import type { Finding, Path, Problem } from './problems';
import { readSource } from './source';

const DEFAULT_INTERVAL_MS = 60_000;
const labels = () => z.record(z.string(), labelValue()).nullish();
const optional = <T extends z.ZodType>(item: T) => z.array(item).nullish();

const testSchema = z.strictObject({
  name: labelValue().optional(),
  interval: span().optional(),
  input_series: optional(z.strictObject({ series: text(), values: z.union([text(), z.number()]) })),
  alert_rule_test: optional(
    z.strictObject({
      eval_time: span().default(0),
      alertname: text(),
      exp_alerts: optional(z.strictObject({ exp_labels: labels(), exp_annotations: labels() })),
    }),
  ),
  promql_expr_test: optional(
    z.strictObject({
      expr: z.union([text(), z.number().transform(String)]),
      eval_time: span().default(0),
      exp_samples: optional(
        z.strictObject({
          labels: z.string().nullish(),
          value: z.union([z.number(), z.string()]).nullish(),
          histogram: z.string().optional(),
        }),
      ),
    }),
  ),
  external_labels: labels(),
  external_url: z.string().nullish(),
  start_timestamp: z.union([z.number(), z.string(), z.date()]).optional(),
});

const fileSchema = z.strictObject({
  rule_files: optional(text()),
  evaluation_interval: span().optional(),
  group_eval_order: optional(text()),
  fuzzy_compare: flag().default(false),
  tests: optional(testSchema),
});

type RawTest = z.output<typeof testSchema>;

export interface RuleTestsResult {
  /** Null where the file could not be understood. */
  readonly file: RuleTestFile | null;
  readonly problems: readonly Problem[];
}

export function readRuleTests(content: string, name: string): RuleTestsResult {
  const source = readSource(content, name, null);
  if (source.value === undefined) return { file: null, problems: source.problems };
  const { value, problems: refused, place } = parseAll(fileSchema, source);
  if (value === null) return { file: null, problems: refused };
  const findings: Finding[] = [];
  const interval = value.evaluation_interval || DEFAULT_INTERVAL_MS;
  const order = value.group_eval_order ?? [];
  order.forEach((group, i) => {
    if (order.indexOf(group) < i)
      findings.push({
        path: ['group_eval_order', i],
        value: JSON.stringify(group),
        message: 'is repeated in the evaluation order',
      });
  });
  const tests = (value.tests ?? []).map((raw, i) => toTest(raw, ['tests', i], i, interval, findings));
  const file: RuleTestFile = {
    ruleFiles: value.rule_files ?? [],
    intervalMs: interval,
    groupOrder: order,
    fuzzy: value.fuzzy_compare,
    tests,
  };
  const problems = [...refused, ...place(findings)];
  return { file: problems.some(({ level }) => level === 'error') ? null : file, problems };
}

function toTest(raw: RawTest, at: Path, index: number, interval: number, findings: Finding[]): RuleTest {
  const read = <T>(path: Path, fallback: T, from: () => T): T => {
    try {
      return from();
    } catch (error) {
      findings.push({ path: [...at, ...path], message: messageOf(error) });
      return fallback;
    }
  };
  return {
    name: raw.name ?? `unnamed#${index}`,
    named: raw.name !== undefined,
    intervalMs: raw.interval || interval,
    startMs: read(['start_timestamp'], 0, () => startOf(raw.start_timestamp)),
    externalLabels: raw.external_labels ?? {},
    externalUrl: raw.external_url ?? '',
    series: (raw.input_series ?? []).map(({ series, values }, i) => ({
      labels: read(['input_series', i, 'series'], LabelSet.EMPTY, () => parseSeriesLabels(series)),
      samples: read(['input_series', i, 'values'], [], () => parseSamples(String(values))),
    })),
    alerts: (raw.alert_rule_test ?? []).map(({ eval_time, alertname, exp_alerts }) => ({
      timeMs: eval_time,
      alertname,
      expected: (exp_alerts ?? []).map(({ exp_labels, exp_annotations }) => ({
        labels: LabelSet.of({ ...exp_labels, alertname }),
        annotations: LabelSet.of(exp_annotations ?? {}),
      })),
    })),
    exprs: (raw.promql_expr_test ?? []).map(({ expr, eval_time, exp_samples }, i) => ({
      timeMs: eval_time,
      expr,
      parsed: read(['promql_expr_test', i, 'expr'], null, () => parseExpr(expr)),
      expected: (exp_samples ?? []).map((sample, j) => {
        const path = ['promql_expr_test', i, 'exp_samples', j] as const;
        return {
          labels: read([...path, 'labels'], LabelSet.EMPTY, () => sampleLabels(sample.labels ?? '')),
          value: read([...path, 'value'], NaN, () => sampleValue(sample)),
        };
      }),
    })),
  };
}

function startOf(value: number | string | Date | undefined): number {
  if (value === undefined) return 0;
  const ms = typeof value === 'number' || /^-?\d+(\.\d+)?$/.test(String(value)) ? Number(value) * 1_000 : NaN;
  const time = Number.isNaN(ms) ? new Date(value).getTime() : ms;
  if (Number.isNaN(time)) throw new RangeError(`${String(value)} is no time: seconds since 1970 or RFC 3339`);
  return time;
}

const sampleLabels = (text: string): LabelSet =>
  /^(\{\s*\})?$/.test(text.trim()) ? LabelSet.EMPTY : parseSeriesLabels(text);

function sampleValue({ value, histogram }: { value?: number | string | null; histogram?: string }): number {
  if (histogram !== undefined) throw new RangeError('native histograms are not supported');
  const [sample] = parseSamples(String(value ?? 0));
  return sample !== null && sample !== undefined && 'value' in sample ? sample.value : NaN;
}
