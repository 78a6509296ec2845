/**
 * Runs scripts of `load`, `clear` and `eval`, the form in which Prometheus tests PromQL: samples in, expressions, and what
 * they must yield. Ours are beside the tests; TOCSIN_PROMQL_SCRIPTS names a folder of others.
 */
import { tryParseDuration } from '../../src/domain/duration';
import { ParseError } from '../../src/promql/errors';
import { LabelSet } from '../../src/promql/label-set';
import { parseExpr, parseSeriesLabels } from '../../src/promql/parse';
import { Preparer, type Moment } from '../../src/promql/prepare';
import { parseSamples, type NotedSample } from '../../src/promql/series-notation';
import { MemorySource } from '../../src/promql/source';
import type { Value } from '../../src/promql/values';

export interface ScriptResult {
  readonly passed: number;
  /** Evaluations of what is refused by design. */
  readonly refused: readonly string[];
  readonly failures: readonly string[];
}

interface Evaluation {
  readonly line: number;
  readonly query: string;
  readonly at: { readonly from: number; readonly to: number; readonly step: number } | number;
  readonly fails: boolean;
  readonly message: string | null;
  readonly pattern: string | null;
  readonly ordered: boolean;
  readonly text: string | null;
  readonly rangeVector: { readonly from: number; readonly to: number; readonly step: number } | null;
  readonly lines: readonly string[];
}

export function runScript(script: string): ScriptResult {
  const lines = script.split('\n');
  const failures: string[] = [];
  const refused: string[] = [];
  let passed = 0;
  let source = new MemorySource();
  const native = new Set<string>();
  for (let at = 0; at < lines.length;) {
    const line = lines[at]!.trim();
    if (line === '' || line.startsWith('#')) {
      at += 1;
      continue;
    }
    const body: string[] = [];
    let next = at + 1;
    while (next < lines.length && lines[next]!.trim() !== '' && /^\s|^#/.test(lines[next]!)) {
      if (!lines[next]!.trim().startsWith('#')) body.push(lines[next]!.trim());
      next += 1;
    }
    if (line === 'clear') source = new MemorySource();
    else if (line.startsWith('load')) load(source, line, body, native);
    else if (line.startsWith('eval')) {
      const evaluation = parseEvaluation(at + 1, line, body);
      const about = [...native].some((name) => new RegExp(`\\b${name}\\b`).test(evaluation.query));
      const problem = about ? REFUSED : check(source, evaluation);
      if (problem === null) passed += 1;
      else if (problem === REFUSED) refused.push(`${at + 1}: ${evaluation.query}`);
      else failures.push(`${at + 1}: ${evaluation.query}: ${problem}`);
    } else failures.push(`${at + 1}: no command: ${line}`);
    at = next;
  }
  return { passed, refused, failures };
}

const REFUSED = Symbol('refused');

function load(source: MemorySource, line: string, body: readonly string[], native: Set<string>): void {
  const step = tryParseDuration(line.split(/\s+/)[1]!)!;
  // Of two lines about one series the last counts.
  const lines = new Map(body.map((each) => seriesLine(each)).map((each) => [each.labels.key, each]));
  for (const { labels, samples } of lines.values()) {
    if (/^load_with_nhcb/.test(line)) native.add(labels.get('__name__').replace(/_(bucket|sum|count)$/, ''));
    if (samples === null) {
      native.add(labels.get('__name__'));
      continue;
    }
    const series = source.series(labels).samples;
    samples.forEach((sample, i) => {
      if (sample === null) return;
      if ('stale' in sample) series.add(i * step, NaN, true);
      else series.add(i * step, sample.value);
    });
  }
}

function seriesLine(line: string): { labels: LabelSet; samples: readonly NotedSample[] | null } {
  const match = /^([^\s{]*(?:\{(?:[^"'`}]|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)*\})?)\s*(.*)$/.exec(
    line,
  )!;
  const name = match[1]!;
  const labels = name === '{}' || name === '' ? LabelSet.EMPTY : parseSeriesLabels(name);
  const samples = /\{\{|@/.test(match[2]!) ? null : parseSamples(match[2]!);
  return { labels, samples };
}

const EVAL =
  /^eval(_fail|_warn|_info|_ordered)?\s+(?:instant\s+at\s+(\S+)|range\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+))\s+(.*)$/;

function parseEvaluation(line: number, text: string, body: readonly string[]): Evaluation {
  const match = EVAL.exec(text);
  if (match === null) throw new Error(`line ${line}: ${text}`);
  const [, suffix, instant, from, to, step, query] = match;
  const ms = (value: string): number =>
    value.startsWith('-') ? -tryParseDuration(value.slice(1))! : tryParseDuration(value)!;
  const expects = body.filter((each) => /^expect(ed_fail)?[_ ]/.test(each));
  const said = (word: RegExp): string | null => {
    for (const each of expects) if (word.test(each)) return each.replace(word, '').trim();
    return null;
  };
  const range = said(/^expect range vector from/)?.split(/\s+(?:to|step)\s+/);
  const string = said(/^expect string\s/);
  return {
    line,
    query: query!,
    at: instant === undefined ? { from: ms(from!), to: ms(to!), step: ms(step!) } : ms(instant),
    fails: suffix === '_fail' || expects.some((each) => each.startsWith('expect fail')),
    message: said(/^(expect fail msg:?|expected_fail_message)\s/),
    pattern: said(/^(expect fail regex:?|expected_fail_regexp)\s/),
    ordered: suffix === '_ordered' || expects.includes('expect ordered'),
    text: string === null ? null : string.slice(1, -1),
    rangeVector: range === undefined ? null : { from: ms(range[0]!), to: ms(range[1]!), step: ms(range[2]!) },
    lines: body.filter((each) => !expects.includes(each)),
  };
}

function check(source: MemorySource, evaluation: Evaluation): string | typeof REFUSED | null {
  try {
    const { at } = evaluation;
    const problem =
      typeof at === 'number' ? checkInstant(source, evaluation, at) : checkRange(source, evaluation, at);
    if (evaluation.fails) return `should fail with ${evaluation.message ?? evaluation.pattern}`;
    return problem;
  } catch (error) {
    const { message } = error as Error;
    if (!evaluation.fails)
      return error instanceof ParseError && isRefusal(error) ? REFUSED : `failed: ${message}`;
    if (evaluation.message !== null && !message.includes(evaluation.message.replace(/^["`]|["`]$/g, '')))
      return `message ${message}`;
    if (evaluation.pattern !== null && !new RegExp(evaluation.pattern).test(message))
      return `message ${message}`;
    return null;
  }
}

const isRefusal = (error: ParseError): boolean =>
  /not supported|native histograms|not kept|no query range/.test(error.message);

function checkInstant(source: MemorySource, evaluation: Evaluation, time: number): string | null {
  const prepared = new Preparer({ source }).prepare(parseExpr(evaluation.query));
  const value = prepared.evaluate({ time, start: time, end: time });
  if (value.type === 'string')
    return value.value === evaluation.text ? null : `got ${JSON.stringify(value.value)}`;
  if (value.type === 'matrix') return checkMatrix(value, evaluation);
  const wanted = evaluation.lines.map((line) => wantedOf(line)).filter((each) => each !== null);
  const got = elementsOf(value);
  return compare(
    wanted.map(({ labels, samples }) => ({ key: labels, points: [[time, numberIn(samples[0]!)] as const] })),
    got.map(({ key, value: number }) => ({ key, points: [[time, number] as const] })),
    evaluation.ordered,
  );
}

function checkRange(
  source: MemorySource,
  { query, lines }: Evaluation,
  at: { from: number; to: number; step: number },
) {
  const prepared = new Preparer({ source }).prepare(parseExpr(query));
  const series = new Map<string, [number, number][]>();
  for (let time = at.from; time <= at.to; time += at.step) {
    const moment: Moment = { time, start: at.from, end: at.to };
    for (const { key, value } of elementsOf(prepared.evaluate(moment))) {
      if (!series.has(key)) series.set(key, []);
      series.get(key)!.push([time, value]);
    }
  }
  const wanted = lines.map((line) => wantedOf(line)).filter((each) => each !== null);
  return compare(
    wanted.map(({ labels, samples }) => ({ key: labels, points: pointsOf(samples, at.from, at.step) })),
    [...series].map(([key, points]) => ({ key, points })),
    false,
  );
}

function checkMatrix(value: Value & { type: 'matrix' }, { lines, rangeVector }: Evaluation): string | null {
  const wanted = lines.map((line) => wantedOf(line)).filter((each) => each !== null);
  const { from, step } = rangeVector ?? { from: 0, step: 1 };
  return compare(
    wanted.map(({ labels, samples }) => ({ key: labels, points: pointsOf(samples, from, step) })),
    value.series.map(({ labels, points }) => ({ key: labels.toString(), points })),
    false,
  );
}

function pointsOf(samples: readonly NotedSample[], from: number, step: number): [number, number][] {
  return samples.flatMap((sample, i): [number, number][] =>
    sample === null ? [] : [[from + i * step, numberIn(sample)]],
  );
}

const numberIn = (sample: NotedSample): number => (sample !== null && 'value' in sample ? sample.value : NaN);

function wantedOf(line: string): { labels: string; samples: readonly NotedSample[] } | null {
  if (/^[+-]?(\d|\.\d|inf|nan)\S*$/i.test(line)) return { labels: '{}', samples: parseSamples(line) };
  const { labels, samples } = seriesLine(line);
  if (samples === null) throw new ParseError('native histograms', line, { from: 0, to: 0 });
  return { labels: labels.toString(), samples };
}

function elementsOf(value: Value): { key: string; value: number }[] {
  if (value.type === 'scalar') return [{ key: '{}', value: value.value }];
  if (value.type !== 'vector') throw new Error(`a ${value.type}`);
  const { labels, values } = value.vector;
  return labels.map((each, i) => ({ key: each.toString(), value: values[i]! }));
}

interface Line {
  readonly key: string;
  readonly points: readonly (readonly [number, number])[];
}

function compare(wanted: readonly Line[], got: readonly Line[], ordered: boolean): string | null {
  const shown = JSON.stringify(got, (_, value: unknown) =>
    typeof value === 'number' ? String(value) : value,
  );
  if (wanted.length !== got.length)
    return `wanted ${wanted.length} elements, got ${got.length}: ${shown.slice(0, 400)}`;
  for (const [i, { key, points }] of wanted.entries()) {
    const found = ordered ? got[i]! : got.find((each) => each.key === key);
    if (found?.key !== key) return `${key} is missing: ${shown.slice(0, 400)}`;
    if (found.points.length !== points.length) return `${key}: ${shown.slice(0, 400)}`;
    for (const [j, [time, value]] of points.entries())
      if (found.points[j]![0] !== time || !almostEqual(found.points[j]![1], value))
        return `${key} at ${time}: wanted ${value}, got ${found.points[j]!.join(': ')}`;
  }
  return null;
}

/** To a millionth of the size, as Prometheus' own tests do. */
function almostEqual(a: number, b: number): boolean {
  if (Object.is(a, b) || a === b) return true;
  const [size, difference] = [Math.abs(a) + Math.abs(b), Math.abs(a - b)];
  if (a === 0 || b === 0 || size < 2 ** -1022) return difference < 1e-6 * 2 ** -1022;
  return difference / Math.min(size, Number.MAX_VALUE) < 1e-6;
}
