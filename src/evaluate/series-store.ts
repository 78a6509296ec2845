/**
 * The series that rules want, found by metric, instance and tags. The way to a series is on the path of every message,
 * so it makes no key text: an instance has few series of a metric, and comparing tags beats joining and hashing them.
 * Only where there are many (a metric by table, say) a key is made.
 */
import type { Labels } from '../domain/labels';
import { seriesLabels, type Metric } from '../domain/metric';
import { isAstir, type AlertState } from './alert-state';
import { calmBand, NO_BAND, type CalmBand } from './calm-band';
import { RecentPoints, Window } from './points';
import type { CompiledRule } from './rule-set';

export interface Series {
  readonly tags: Labels;
  readonly tagCount: number;
  readonly databaseType: string;
  readonly labels: Labels;
  /** Of the rules that match it, those of higher severity first. Empty: no rule wants it. */
  readonly states: readonly AlertState[];
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

export type NewStates = (
  wanted: readonly CompiledRule[],
  metric: Metric,
  labels: Labels,
) => readonly AlertState[];

interface SeriesList {
  readonly few: Series[];
  byKey: Map<string, Series> | null;
}

const MANY = 8;
const NO_STATES: readonly AlertState[] = [];
/** Stands in where nothing is ever added. */
const NO_POINTS = new RecentPoints();
const NO_WINDOWS: ReadonlyMap<number, Window> = new Map();

export function createSeriesStore(newStates: NewStates) {
  const byMetric = new Map<string, Map<string, SeriesList>>();
  let count = 0;

  function find(metric: Metric, rules: readonly CompiledRule[]): Series {
    let instances = byMetric.get(metric.metric_name);
    if (instances === undefined) byMetric.set(metric.metric_name, (instances = new Map()));
    let list = instances.get(metric.instance_id);
    if (list === undefined) instances.set(metric.instance_id, (list = { few: [], byKey: null }));
    if (list.byKey !== null) return findByKey(list.byKey, metric, rules);
    for (const series of list.few) if (sameTags(series, metric)) return series;
    const made = make(metric, rules);
    list.few.push(made);
    if (list.few.length > MANY)
      list.byKey = new Map(list.few.map((series) => [keyOf(series.tags, series.databaseType), series]));
    return made;
  }

  function findByKey(byKey: Map<string, Series>, metric: Metric, rules: readonly CompiledRule[]): Series {
    const key = keyOf(metric.tags, metric.database_type);
    const known = byKey.get(key);
    if (known !== undefined) return known;
    const made = make(metric, rules);
    byKey.set(key, made);
    return made;
  }

  function make(metric: Metric, rules: readonly CompiledRule[]): Series {
    const { tags, database_type: databaseType } = metric;
    const labels = seriesLabels(metric);
    const wanted = rules.filter((compiled) => compiled.matches(labels));
    const bare = { tags, tagCount: Object.keys(tags).length, databaseType, lastTime: -Infinity, interval: 0 };
    if (wanted.length === 0)
      return {
        ...bare,
        labels: tags,
        states: NO_STATES,
        calm: NO_BAND,
        astir: false,
        recent: NO_POINTS,
        windows: NO_WINDOWS,
      };
    count += 1;
    const states = newStates(wanted, metric, labels);
    const lengths = new Set(wanted.map(({ rule }) => rule.windowMs).filter((ms) => ms > 0));
    const windows = new Map([...lengths].map((ms) => [ms, new Window(ms)]));
    const calm = calmBand(wanted.map(({ rule }) => rule));
    return {
      ...bare,
      labels,
      states,
      calm,
      astir: states.some(isAstir),
      recent: new RecentPoints(),
      windows,
    };
  }

  return { find, size: (): number => count };
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
