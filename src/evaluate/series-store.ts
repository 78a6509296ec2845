/**
 * The series that rules want, found by metric, instance and tags. The way to a series is on the path of every message,
 * so it makes no key text: an instance has few series of a metric, and comparing tags beats joining and hashing them.
 * Only where there are many (a metric by table, say) a key is made.
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

export interface Series {
  readonly tags: Labels;
  readonly tagCount: number;
  readonly databaseType: string;
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

interface SeriesList {
  readonly few: Series[];
  byKey: Map<string, Series> | null;
}

interface MetricSeries {
  readonly byInstance: Map<string, SeriesList>;
  count: number;
}

export interface SeriesStoreOptions {
  /** More series of one metric are not kept. */
  readonly maxOfMetric: number;
  /** Told of each sample of a series that is not kept. */
  readonly onRefused: (metric: string) => void;
}

const MANY = 8;
const UNSEEN_MS = 86_400_000;
const SWEEP_FROM = 1_000;
const NO_RULES: readonly CompiledRule[] = [];
/** Stands in where nothing is ever added. */
const NO_POINTS = new RecentPoints();
const NO_WINDOWS: ReadonlyMap<number, Window> = new Map();

export function createSeriesStore({ maxOfMetric, onRefused }: SeriesStoreOptions) {
  const byMetric = new Map<string, MetricSeries>();
  let count = 0;
  let added = 0;
  let sweepAt = SWEEP_FROM;

  /** The metric's series; one without rules where no rule wants it or it is not kept. */
  function find(metric: Metric, rules: readonly CompiledRule[]): Series {
    const list = byMetric.get(metric.metric_name)?.byInstance.get(metric.instance_id);
    if (list === undefined) return add(metric, rules);
    if (list.byKey !== null)
      return list.byKey.get(keyOf(metric.tags, metric.database_type)) ?? add(metric, rules);
    for (const series of list.few) if (sameTags(series, metric)) return series;
    return add(metric, rules);
  }

  function add(metric: Metric, rules: readonly CompiledRule[]): Series {
    if (++added >= sweepAt) sweep();
    let all = byMetric.get(metric.metric_name);
    if (all === undefined) byMetric.set(metric.metric_name, (all = { byInstance: new Map(), count: 0 }));
    if (all.count >= maxOfMetric) {
      onRefused(metric.metric_name);
      return unwanted(metric);
    }
    let list = all.byInstance.get(metric.instance_id);
    if (list === undefined) all.byInstance.set(metric.instance_id, (list = { few: [], byKey: null }));
    const made = make(metric, rules);
    all.count += 1;
    if (list.byKey !== null) list.byKey.set(keyOf(made.tags, made.databaseType), made);
    else list.few.push(made);
    if (list.few.length > MANY) {
      list.byKey = new Map(list.few.map((series) => [keyOf(series.tags, series.databaseType), series]));
      list.few.length = 0;
    }
    return made;
  }

  function sweep(): void {
    let newest = -Infinity;
    for (const series of everySeries()) newest = Math.max(newest, series.lastTime);
    let kept = 0;
    for (const all of byMetric.values()) {
      all.count = 0;
      for (const [instanceId, list] of all.byInstance) {
        const left = sweepList(list, newest);
        if (left === 0) all.byInstance.delete(instanceId);
        all.count += left;
      }
      kept += all.count;
    }
    count = 0;
    for (const { rules } of everySeries()) if (rules.length > 0) count += 1;
    added = 0;
    sweepAt = Math.max(SWEEP_FROM, kept);
  }

  function* everySeries(): Iterable<Series> {
    for (const { byInstance } of byMetric.values())
      for (const { few, byKey } of byInstance.values()) yield* byKey?.values() ?? few;
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

function bareOf({ tags, database_type: databaseType }: Metric) {
  return { tags, tagCount: Object.keys(tags).length, databaseType, lastTime: -Infinity, interval: 0 };
}

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

/** Drops what is quiet and unseen; how many are left. */
function sweepList({ few, byKey }: SeriesList, newest: number): number {
  if (byKey !== null) {
    for (const [key, series] of byKey) if (isForgotten(series, newest)) byKey.delete(key);
    return byKey.size;
  }
  const left = few.filter((series) => !isForgotten(series, newest));
  few.splice(0, few.length, ...left);
  return left.length;
}

/** What an alert needs of its past is known from `gds.alerts` when the series comes back; a window's points are not. */
function isForgotten({ astir, lastTime, windows }: Series, newest: number): boolean {
  return !astir && lastTime < newest - Math.max(UNSEEN_MS, ...windows.keys());
}

function sameTags({ tags, tagCount, databaseType }: Series, metric: Metric): boolean {
  if (databaseType !== metric.database_type) return false;
  const others = metric.tags;
  let count = 0;
  for (const name in others) {
    if (others[name] !== tags[name]) return false;
    count += 1;
  }
  return count === tagCount;
}

function keyOf(tags: Labels, databaseType: string): string {
  let key = databaseType;
  for (const name of Object.keys(tags).sort()) key += `\0${name}\0${tags[name]}`;
  return key;
}
