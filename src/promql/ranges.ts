/** Range vectors: windows over the samples that series have, or that a subquery makes. */
import type { Subquery, VectorSelector } from './ast';
import { EvaluationError } from './errors';
import { formatDuration } from '../domain/duration';
import type { LabelSet } from './label-set';
import { shiftedTime, type Instant, type Moment } from './moment';
import { look, newWindow, Samples, type Window } from './samples';
import type { Selection } from './source';
import type { RangeSeries } from './values';

/** Shows each series' window that holds a sample. */
export type Range = (moment: Moment, see: (labels: LabelSet, window: Window) => void) => void;

/** As many as a range query of Prometheus may yield of one series. */
const MOST_STEPS = 11_000;
/** Of one evaluation: a few seconds' work. */
const MOST_SAMPLES = 50_000_000;
/** A sample that a subquery makes takes as long as so many that are there. */
const COST_OF_MAKING = 10;

/**
 * How many samples an evaluation may still look at; a series without one counts as well. Without an end a nested subquery
 * would hold the process for hours.
 */
export class Budget {
  private left = MOST_SAMPLES;

  renew(): void {
    this.left = MOST_SAMPLES;
  }

  spend(samples: number): void {
    this.left -= samples;
    if (this.left < 0)
      throw new EvaluationError(
        `the expression looks at more than ${MOST_SAMPLES} samples, or makes labels as long: narrow its ranges`,
      );
  }
}

export function storedRange(
  selector: VectorSelector,
  range: number,
  selection: Selection,
  budget: Budget,
): Range {
  const window = newWindow();
  return (moment, see) => {
    const rangeEnd = shiftedTime(selector, moment);
    window.time = moment.time;
    for (const { labels, samples } of selection.series()) {
      window.rangeEnd = rangeEnd;
      window.rangeStart = rangeEnd - range;
      const found = look(window, samples);
      budget.spend(window.to - window.from + 1);
      if (found) see(labels, window);
    }
  };
}

interface Made {
  readonly labels: LabelSet;
  readonly samples: Samples;
}

/** Evaluates at every multiple of the step within the range. Throws an EvaluationError where those are too many. */
export function subqueryRange(subquery: Subquery, inner: Instant, step: number, budget: Budget): Range {
  const { range } = subquery;
  if (range / step > MOST_STEPS)
    throw new EvaluationError(
      `a subquery over ${formatDuration(range)} in steps of ${formatDuration(step)} has more than ${MOST_STEPS} steps`,
    );
  const window = newWindow();
  return (moment, see) => {
    const rangeEnd = shiftedTime(subquery, moment);
    const rangeStart = rangeEnd - range;
    for (const { labels, samples } of made(inner, moment, stepsWithin(rangeStart, rangeEnd, step), budget)) {
      Object.assign(window, { rangeStart, rangeEnd, time: moment.time });
      if (look(window, samples)) see(labels, window);
    }
  };
}

/** Counted, not added up: far from 1970 a small step is lost in a sum. */
function stepsWithin(start: number, end: number, step: number): number[] {
  let first = Math.trunc(start / step) * step;
  if (first <= start) first += step;
  const count = Math.max(0, Math.floor((end - first) / step) + 1);
  return Array.from({ length: count }, (_, i) => first + i * step);
}

function made(inner: Instant, moment: Moment, times: readonly number[], budget: Budget): Iterable<Made> {
  const found = new Map<string, Made>();
  for (const time of times) {
    const { labels, values } = inner({ ...moment, time });
    budget.spend(COST_OF_MAKING * (labels.length + 1));
    for (let i = 0; i < labels.length; i++) seriesOf(found, labels[i]!).samples.add(time, values[i]!);
  }
  return found.values();
}

function seriesOf(found: Map<string, Made>, labels: LabelSet): Made {
  let series = found.get(labels.key);
  if (series === undefined) found.set(labels.key, (series = { labels, samples: new Samples() }));
  return series;
}

export function collected(range: Range, moment: Moment): RangeSeries[] {
  const series: RangeSeries[] = [];
  range(moment, (labels, { times, values, from, to }) => {
    const points = Array.from(
      { length: to - from },
      (_, i) => [times[from + i]!, values[from + i]!] as const,
    );
    series.push({ labels, points });
  });
  return series;
}
