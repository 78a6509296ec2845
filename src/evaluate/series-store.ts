/**
 * The series that threshold rules want.
 *
 * Series that are quiet and unseen for a day of event time are dropped. They are looked for when as many series have been
 * added as were kept the last time: a store that does not grow never looks.
 */
import type { Labels } from '../domain/labels';
import { seriesLabels, type Metric } from '../domain/metric';
import type { AlertState } from './alert-state';
import { calmBand, NO_BAND, type CalmBand } from './calm-band';
import { RecentPoints, Window } from './points';
import type { CompiledRule } from './rule-set';
import { indexed, SeriesIndex, type Indexed } from './series-index';

export interface Series extends Indexed {
  readonly labels: Labels;
  /** That match it, those of higher severity first. Empty: no rule wants it. */
  readonly rules: readonly CompiledRule[];
  /** One for each rule; made when they are first needed: most samples lie within the calm band, most series always do. */
  states: readonly AlertState[] | null;
  readonly recent: RecentPoints;
  /** By length, shared by the rules that have the same. */
  readonly windows: ReadonlyMap<number, Window>;
  /** Samples within it breach no rule. */
  readonly calm: CalmBand;
  /** Whether a state fires or is pending: then every sample has to be judged. */
  astir: boolean;
  /** Event time of the newest sample; -Infinity before the first. */
  lastTime: number;
  /** The time between the last two samples. */
  interval: number;
}

export interface SeriesStoreOptions {
  /** More series of one metric are not kept. */
  readonly maxOfMetric: number;
  /** Told of each sample of a series that is not kept. */
  readonly onRefused: (metric: string) => void;
}

const UNSEEN_MS = 86_400_000;
const SWEEP_FROM = 1_000;
const NO_RULES: readonly CompiledRule[] = [];
/** Stands in where nothing is ever added. */
const NO_POINTS = new RecentPoints();
const NO_WINDOWS: ReadonlyMap<number, Window> = new Map();

export function createSeriesStore({ maxOfMetric, onRefused }: SeriesStoreOptions) {
  const byMetric = new Map<string, SeriesIndex<Series>>();
  let count = 0;
  let added = 0;
  let sweepAt = SWEEP_FROM;

  /** The metric's series; one without rules where no rule wants it or it is not kept. */
  function find(metric: Metric, rules: readonly CompiledRule[]): Series {
    return byMetric.get(metric.metric_name)?.find(metric) ?? add(metric, rules);
  }

  function add(metric: Metric, rules: readonly CompiledRule[]): Series {
    if (++added >= sweepAt) sweep();
    let all = byMetric.get(metric.metric_name);
    if (all === undefined) byMetric.set(metric.metric_name, (all = new SeriesIndex()));
    if (all.size >= maxOfMetric) {
      onRefused(metric.metric_name);
      return unwanted(metric);
    }
    const made = make(metric, rules);
    all.add(metric.instance_id, made);
    return made;
  }

  function sweep(): void {
    let newest = -Infinity;
    for (const series of everySeries()) newest = Math.max(newest, series.lastTime);
    let kept = 0;
    for (const all of byMetric.values()) {
      all.drop((series) => isForgotten(series, newest));
      kept += all.size;
    }
    count = 0;
    for (const { rules } of everySeries()) if (rules.length > 0) count += 1;
    added = 0;
    sweepAt = Math.max(SWEEP_FROM, kept);
  }

  function* everySeries(): Iterable<Series> {
    for (const all of byMetric.values()) yield* all;
  }

  function make(metric: Metric, rules: readonly CompiledRule[]): Series {
    const labels = seriesLabels(metric);
    const wanted = rules.filter((compiled) => compiled.matches(labels));
    if (wanted.length === 0) return unwanted(metric);
    count += 1;
    const lengths = new Set(wanted.map(({ rule }) => rule.windowMs).filter((ms) => ms > 0));
    const windows = new Map([...lengths].map((ms) => [ms, new Window(ms)]));
    const calm = calmBand(wanted.map(({ rule }) => rule));
    return {
      ...bareOf(metric),
      labels,
      rules: wanted,
      states: null,
      calm,
      astir: false,
      recent: new RecentPoints(),
      windows,
    };
  }

  return { find, size: (): number => count };
}

const bareOf = (metric: Metric) => ({ ...indexed(metric), lastTime: -Infinity, interval: 0 });

function unwanted(metric: Metric): Series {
  return {
    ...bareOf(metric),
    labels: metric.tags,
    rules: NO_RULES,
    states: null,
    calm: NO_BAND,
    astir: false,
    recent: NO_POINTS,
    windows: NO_WINDOWS,
  };
}

/** What an alert needs of its past is known from `gds.alerts` when the series comes back; a window's points are not. */
function isForgotten({ astir, lastTime, windows }: Series, newest: number): boolean {
  return !astir && lastTime < newest - Math.max(UNSEEN_MS, ...windows.keys());
}
