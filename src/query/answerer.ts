/**
 * Answers for a process that evaluates: looks through what it keeps, and gives the samples away line by line. An evaluator has
 * other things to do, so it never works on an answer for longer than a moment, answers few at a time, and refuses what would
 * be too much before it begins.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { TocsinError } from '../domain/errors';
import { metricValue, type MetricValue } from '../domain/metric';
import type { Kept, KeptPart, Lack } from '../evaluate/port';
import type { Samples } from '../promql/samples';
import type { StoredSeries } from '../promql/source';
import { endLine, headLine, pieceLine } from './answer-lines';
import type { Answerer, PartClock, Question } from './port';

export interface AnswererOptions {
  readonly answerer: Answerer;
  readonly kept: () => Kept;
  readonly mostSeries?: number;
  readonly mostSamples?: number;
  /** Of looking through the series, and of telling them. */
  readonly mostMs?: number;
}

/** Lines of one answer. Throws TOC_USAGE before the first where it would be too much. */
export type AnswerLines = (question: Question, gone?: AbortSignal) => AsyncGenerator<string>;

const MOST_SERIES = 20_000;
const MOST_SAMPLES = 1_000_000;
const MOST_MS = 20_000;
const MOST_AT_ONCE = 4;
/** What comes meanwhile waits for so long. */
const MOMENT_MS = 2;
const SAMPLES_A_LINE = 1_000;
const MOST_LACKS = 10;
const MAX_LACK_LENGTH = 500;

export function createAnswerer(options: AnswererOptions): AnswerLines {
  const { answerer, kept, mostSeries = MOST_SERIES, mostSamples = MOST_SAMPLES, mostMs = MOST_MS } = options;
  let answering = 0;

  async function* lines(question: Question, gone?: AbortSignal): AsyncGenerator<string> {
    const { partitions, slots, plannedSlots, coverage } = kept();
    const pause = createPause(mostMs, gone);
    const found: StoredSeries[] = [];
    const lacks = new Set<string>();
    let samples = 0;
    for (const part of [...partitions, ...slots])
      for (const series of part.read(question.matchers)) {
        await pause();
        if (series === null) continue;
        const count = series.samples.to - series.samples.after(question.sinceMs);
        if (count === 0) continue;
        samples += count;
        found.push(series);
        if (found.length > mostSeries) throw tooMuch(`${mostSeries} series`);
        if (samples > mostSamples) throw tooMuch(`${mostSamples} samples`);
      }
    for (const part of [...partitions, ...slots])
      for (const lack of part.lacks(question.matchers, question.sinceMs)) {
        await pause();
        if (lack !== null && lacks.size < MOST_LACKS) lacks.add(lackText(lack).slice(0, MAX_LACK_LENGTH));
      }
    yield headLine({
      ...{ ...answerer, plannedSlots, coverage: coverage(question.matchers) },
      ...{ partitions: partitions.map(clockOf), slots: slots.map(clockOf), lacks: [...lacks] },
    });
    let pieces = 0;
    for (const { labels, samples: its } of found)
      for (let since: number | null = question.sinceMs; since !== null;) {
        await pause();
        const { times, values } = copied(its, since);
        if (times.length > 0) {
          yield pieceLine({ labels: labels.toLabels(), times, values });
          pieces += 1;
        }
        since = times.length < SAMPLES_A_LINE ? null : times.at(-1)!;
      }
    yield endLine(pieces);
  }

  return async function* (question, gone) {
    if (answering >= MOST_AT_ONCE)
      throw new TocsinError('TOC_DEPENDENCY_AWAY', `it is busy with ${MOST_AT_ONCE} other questions`);
    answering += 1;
    try {
      yield* lines(question, gone);
    } finally {
      answering -= 1;
    }
  };
}

const tooMuch = (most: string): TocsinError =>
  new TocsinError(
    'TOC_USAGE',
    `one evaluator alone has more than ${most} of it: add matchers to the selector, or shorten its range`,
  );

function createPause(mostMs: number, gone?: AbortSignal): () => Promise<void> | undefined {
  const began = performance.now();
  let since = began;
  return () => {
    const now = performance.now();
    if (now - since < MOMENT_MS) return undefined;
    gone?.throwIfAborted();
    if (now - began > mostMs)
      throw new TocsinError('TOC_USAGE', `it takes longer than ${mostMs / 1_000} s: add matchers`);
    return nextTurn().then(() => void (since = performance.now()));
  };
}

function lackText(lack: Lack): string {
  if (lack.kind === 'rule_error')
    return `the rule ${lack.group}/${lack.rule} cannot be evaluated: ${lack.error}`;
  return `${lack.metric} has more than ${lack.most} series in one place, and no more are kept`;
}

const clockOf = ({ number, reached }: KeptPart): PartClock => ({
  number,
  reached: Number.isFinite(reached) ? reached : null,
});

function copied(samples: Samples, since: number): { times: number[]; values: MetricValue[] } {
  const from = samples.after(since);
  const to = Math.min(samples.to, from + SAMPLES_A_LINE);
  const times: number[] = [];
  const values: MetricValue[] = [];
  for (let at = from; at < to; at++) {
    times.push(samples.times[at]!);
    const isStale = samples.stale > 0 && samples.isStale(at);
    values.push(isStale ? 'stale' : metricValue(samples.values[at]!));
  }
  return { times, values };
}
