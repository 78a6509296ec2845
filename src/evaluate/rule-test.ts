/**
 * Runs tests of rules: puts the samples into a store as they would have come, evaluates the groups at every interval, and
 * compares what fires, and what expressions yield, with what is expected. The meaning is that of `promtool test rules`.
 */
import type { RuleGroup } from '../domain/rule-group';
import { messageOf } from '../domain/errors';
import { LabelSet } from '../promql/label-set';
import { momentAt } from '../promql/moment';
import { Preparer } from '../promql/prepare';
import { MemorySource } from '../promql/source';
import type { Value } from '../promql/values';
import type {
  AlertExpectation,
  ExprExpectation,
  ExpectedAlert,
  ExpectedSample,
  RuleTest,
  RuleTestFile,
  TestFailure,
} from './port';
import { createGroup, type EvaluatedGroup, type SeriesWriter } from './rule-group';

export interface TestedRule {
  readonly file: string | null;
  readonly group: string;
  readonly rule: string;
}

export interface RuleTestResult {
  readonly failures: readonly TestFailure[];
  /** Alerting rules that fired at some time, and recording rules that yielded something. */
  readonly covered: readonly TestedRule[];
}

export function runRuleTest(
  test: RuleTest,
  file: RuleTestFile,
  groups: readonly RuleGroup[],
): RuleTestResult {
  const bench = new Bench(test, file, inOrder(groups, file.groupOrder));
  return { failures: bench.run(), covered: bench.covered() };
}

/** Groups that the file orders come after those that it does not name, in its order. */
function inOrder(groups: readonly RuleGroup[], order: readonly string[]): RuleGroup[] {
  const placeOf = ({ name }: RuleGroup): number => Math.max(0, order.indexOf(name));
  return [...groups].sort((a, b) => placeOf(a) - placeOf(b));
}

class Bench {
  private readonly source = new MemorySource();
  private readonly preparer: Preparer;
  private readonly groups: readonly EvaluatedGroup[];
  private readonly failures: TestFailure[] = [];
  private readonly coveredRules = new Map<string, TestedRule>();
  private fed = 0;

  constructor(
    private readonly test: RuleTest,
    private readonly file: RuleTestFile,
    groups: readonly RuleGroup[],
  ) {
    const { externalLabels, externalUrl } = test;
    const { intervalMs } = file;
    this.preparer = new Preparer({ source: this.source, defaultStepMs: intervalMs });
    const options = { preparer: this.preparer, intervalMs, write: this.write, externalLabels, externalUrl };
    this.groups = groups.map((group) => createGroup(group, options));
  }

  run(): TestFailure[] {
    const { startMs, alerts, exprs } = this.test;
    const { intervalMs } = this.file;
    const last = Math.max(0, ...alerts.map(({ timeMs }) => timeMs), ...exprs.map(({ timeMs }) => timeMs));
    const due = [...alerts].sort((a, b) => a.timeMs - b.timeMs);
    for (let elapsed = 0; elapsed <= last; elapsed += intervalMs) {
      this.feed(startMs + elapsed);
      if (!this.evaluate(startMs + elapsed, elapsed)) return this.failures;
      while (due.length > 0 && due[0]!.timeMs < elapsed + intervalMs) this.checkAlerts(due.shift()!);
    }
    this.feed(startMs + last);
    for (const expectation of exprs) this.checkExpr(expectation);
    return this.failures;
  }

  covered(): readonly TestedRule[] {
    return [...this.coveredRules.values()];
  }

  private readonly write: SeriesWriter = (labels, time, sample) => {
    const { samples } = this.source.series(labels);
    if (sample === 'stale') samples.add(time, NaN, true);
    else samples.add(time, sample);
    return true;
  };

  /** Samples up to the time: what is evaluated must not see what comes later. */
  private feed(until: number): void {
    const { series, startMs, intervalMs } = this.test;
    for (; startMs + this.fed * intervalMs <= until; this.fed++) {
      const time = startMs + this.fed * intervalMs;
      for (const { labels, samples } of series) {
        const sample = samples[this.fed];
        if (sample === null || sample === undefined) continue;
        this.write(labels, time, 'stale' in sample ? 'stale' : sample.value);
      }
    }
  }

  /** False when a rule could not be evaluated: what follows would only repeat it. */
  private evaluate(time: number, elapsed: number): boolean {
    for (const group of this.groups) {
      group.evaluate(time);
      for (const { rule, error, alerts } of group.rules()) {
        if (error !== null) this.fail({ kind: 'evaluation', rule: rule.name, timeMs: elapsed, error });
        const id = `${group.group.name}\0${rule.name}`;
        const fired = rule.kind === 'alert' ? alerts.some(({ state }) => state === 'firing') : error === null;
        if (fired && !this.coveredRules.has(id))
          this.coveredRules.set(id, { file: group.group.file, group: group.group.name, rule: rule.name });
      }
    }
    return this.failures.length === 0 || !this.failures.some(({ kind }) => kind === 'evaluation');
  }

  private checkAlerts({ timeMs, alertname, expected }: AlertExpectation): void {
    const got = this.groups
      .flatMap((group) => group.rules())
      .filter(({ rule }) => rule.kind === 'alert' && rule.name === alertname)
      .flatMap(({ alerts }) => alerts.filter(({ state }) => state === 'firing'))
      .map(({ labels, annotations }) => ({ labels, annotations: annotations() }));
    const keys = (alerts: readonly ExpectedAlert[]): string =>
      alerts
        .map(({ labels, annotations }) => `${labels.key}\0${annotations.key}`)
        .sort()
        .join('\n');
    if (keys(got) !== keys(expected)) this.fail({ kind: 'alerts', alertname, timeMs, expected, got });
  }

  private checkExpr({ timeMs, expr, parsed, expected }: ExprExpectation): void {
    try {
      const time = this.test.startMs + timeMs;
      const got = samplesOf(this.preparer.prepare(parsed!).evaluate(momentAt(time)));
      if (!sameSamples(expected, got, this.file.fuzzy))
        this.fail({ kind: 'expr', expr, timeMs, expected, got });
    } catch (error) {
      this.fail({ kind: 'expr', expr, timeMs, error: messageOf(error) });
    }
  }

  private fail(failure: TestFailure): void {
    this.failures.push(failure);
  }
}

function samplesOf(value: Value): ExpectedSample[] {
  if (value.type === 'scalar') return [{ labels: LabelSet.EMPTY, value: value.value }];
  if (value.type !== 'vector') throw new Error('rule result is not a vector or scalar');
  return value.vector.labels.map((labels, i) => ({ labels, value: value.vector.values[i]! }));
}

const byLabels = (a: { labels: LabelSet }, b: { labels: LabelSet }): number =>
  a.labels.key < b.labels.key ? -1 : 1;

function sameSamples(
  expected: readonly ExpectedSample[],
  got: readonly ExpectedSample[],
  fuzzy: boolean,
): boolean {
  if (expected.length !== got.length) return false;
  const [left, right] = [[...expected].sort(byLabels), [...got].sort(byLabels)];
  return left.every(
    ({ labels, value }, i) => labels.key === right[i]!.labels.key && sameValue(value, right[i]!.value, fuzzy),
  );
}

/** Fuzzily: also where the neighbouring float is meant. */
function sameValue(a: number, b: number, fuzzy: boolean): boolean {
  if (Object.is(a, b) || a === b) return true;
  return fuzzy && (neighbour(a, 1) === b || neighbour(a, -1) === b);
}

/** The next float up or down. */
function neighbour(value: number, direction: 1 | -1): number {
  if (!Number.isFinite(value)) return value;
  if (value === 0) return direction * Number.MIN_VALUE;
  const bits = new BigInt64Array(new Float64Array([value]).buffer);
  bits[0]! += BigInt(Math.sign(value) * direction);
  return new Float64Array(bits.buffer)[0]!;
}
