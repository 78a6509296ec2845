/**
 * The series of one partition that rules ask for, each kept for as long as the farthest-looking of them does. What no rule
 * mentions is told apart by its metric's name and costs nothing more.
 *
 * The way to a series is on the path of every message, so it makes no key text: an instance has few series of a metric, and
 * comparing tags beats joining and hashing them. Only where there are many (a metric by table, say) a key is made.
 */
import { compileMatchers, type Matcher } from '../domain/matchers';
import { numberOf, seriesLabels, type Metric } from '../domain/metric';
import type { Labels } from '../domain/labels';
import { LabelSet, METRIC_NAME } from '../promql/label-set';
import type { Need } from '../promql/needs';
import { Samples } from '../promql/samples';
import type { Selection, SeriesSource, StoredSeries } from '../promql/source';

export interface StreamStoreOptions {
  readonly needs: readonly Need[];
  /** More series of one metric are not kept. */
  readonly maxOfMetric: number;
  /** Told of each sample of a series that is not kept. */
  readonly onRefused: (metric: string) => void;
}

interface Kept extends StoredSeries {
  readonly tags: Labels;
  readonly tagCount: number;
  readonly databaseType: string;
  /** 0: no rule wants it. */
  readonly keepMs: number;
}

interface SeriesList {
  few: Kept[];
  byKey: Map<string, Kept> | null;
}

interface MetricSeries {
  /** What is asked of this metric, and of every. */
  readonly needs: readonly CompiledNeed[];
  readonly byInstance: Map<string, SeriesList>;
  readonly selections: LiveSelection[];
  count: number;
}

interface CompiledNeed {
  readonly backMs: number;
  readonly matches: (labels: Labels) => boolean;
}

const MANY = 8;

export class StreamStore implements SeriesSource {
  private readonly byMetric = new Map<string, MetricSeries | null>();
  /** What rules themselves make. */
  private readonly made = new Map<string, Kept>();
  private readonly selections: LiveSelection[] = [];
  private readonly needs: readonly (CompiledNeed & { readonly metric: string | null })[];

  constructor(private readonly options: StreamStoreOptions) {
    this.needs = options.needs.map(({ matchers, backMs }) => ({
      ...{ backMs, metric: nameOf(matchers), matches: compileMatchers(matchers) },
    }));
  }

  /** False when no rule wants the metric's series: then nothing is kept. */
  add(metric: Metric, time: number): boolean {
    const known = this.byMetric.get(metric.metric_name);
    if (known === null) return false;
    const all = known ?? this.open(metric.metric_name);
    if (all === null) return false;
    const series = find(all.byInstance.get(metric.instance_id), metric) ?? this.make(all, metric);
    if (series === null || series.keepMs === 0) return false;
    if (metric.value === 'stale') series.samples.add(time, NaN, true);
    else series.samples.add(time, numberOf(metric.value));
    return true;
  }

  /** A sample of a series that a rule makes; false when no rule reads it. */
  write(labels: LabelSet, time: number, sample: number | 'stale'): boolean {
    let series = this.made.get(labels.key);
    if (series === undefined) {
      const plain = labels.toLabels();
      const keepMs = longest(this.needs.filter(({ matches }) => matches(plain)));
      series = { ...bare(plain, ''), labels, samples: new Samples(keepMs), keepMs };
      this.made.set(labels.key, series);
      if (keepMs > 0) this.show(series, plain, labels.get(METRIC_NAME));
    }
    if (series.keepMs === 0) return false;
    series.samples.add(time, sample === 'stale' ? NaN : sample, sample === 'stale');
    return true;
  }

  select(matchers: readonly Matcher[]): Selection {
    const metric = nameOf(matchers);
    const selection = new LiveSelection(compileMatchers(matchers), metric);
    this.selections.push(selection);
    for (const series of this.everySeries()) selection.offer(series, series.labels.toLabels());
    if (metric !== null) this.byMetric.get(metric)?.selections.push(selection);
    else for (const all of this.byMetric.values()) all?.selections.push(selection);
    return selection;
  }

  get size(): number {
    let count = 0;
    for (const { keepMs } of this.everySeries()) if (keepMs > 0) count += 1;
    return count;
  }

  private *everySeries(): Iterable<Kept> {
    for (const all of this.byMetric.values())
      if (all !== null) for (const { few, byKey } of all.byInstance.values()) yield* byKey?.values() ?? few;
    yield* this.made.values();
  }

  private open(name: string): MetricSeries | null {
    const needs = this.needs.filter(({ metric }) => metric === null || metric === name);
    const selections = this.selections.filter(({ metric }) => metric === null || metric === name);
    const all = needs.length === 0 ? null : { needs, selections, byInstance: new Map(), count: 0 };
    this.byMetric.set(name, all);
    return all;
  }

  private make(all: MetricSeries, metric: Metric): Kept | null {
    if (all.count >= this.options.maxOfMetric) {
      this.options.onRefused(metric.metric_name);
      return null;
    }
    all.count += 1;
    const labels = { ...seriesLabels(metric), [METRIC_NAME]: metric.metric_name };
    const keepMs = longest(all.needs.filter(({ matches }) => matches(labels)));
    const series = {
      ...bare(metric.tags, metric.database_type),
      ...{
        labels: keepMs === 0 ? LabelSet.EMPTY : LabelSet.of(labels),
        samples: new Samples(keepMs),
        keepMs,
      },
    };
    put(all.byInstance, metric.instance_id, series);
    if (keepMs > 0) this.show(series, labels, metric.metric_name);
    return series;
  }

  private show(series: Kept, labels: Labels, name: string): void {
    const selections = this.byMetric.get(name)?.selections ?? this.selections;
    for (const selection of selections) selection.offer(series, labels);
  }
}

/** Grows as series appear. */
class LiveSelection implements Selection {
  private found: StoredSeries[] = [];

  constructor(
    private readonly matches: (labels: Labels) => boolean,
    readonly metric: string | null,
  ) {}

  offer(series: StoredSeries, labels: Labels): void {
    if (this.matches(labels)) this.found.push(series);
  }

  series(): readonly StoredSeries[] {
    return this.found;
  }
}

/** The metric's name where the matchers say exactly which. */
function nameOf(matchers: readonly Matcher[]): string | null {
  return matchers.find(({ name, op }) => name === METRIC_NAME && op === '=')?.value ?? null;
}

const longest = (needs: readonly { readonly backMs: number }[]): number =>
  needs.reduce((most, { backMs }) => Math.max(most, backMs), 0);

const bare = (tags: Labels, databaseType: string) => ({
  tags,
  tagCount: Object.keys(tags).length,
  databaseType,
});

function find(list: SeriesList | undefined, metric: Metric): Kept | undefined {
  if (list === undefined) return undefined;
  if (list.byKey !== null) return list.byKey.get(keyOf(metric.tags, metric.database_type));
  for (const series of list.few) if (sameTags(series, metric)) return series;
  return undefined;
}

function put(byInstance: Map<string, SeriesList>, instanceId: string, series: Kept): void {
  let list = byInstance.get(instanceId);
  if (list === undefined) byInstance.set(instanceId, (list = { few: [], byKey: null }));
  if (list.byKey !== null) list.byKey.set(keyOf(series.tags, series.databaseType), series);
  else list.few.push(series);
  if (list.few.length > MANY) {
    list.byKey = new Map(list.few.map((each) => [keyOf(each.tags, each.databaseType), each]));
    list.few = [];
  }
}

function sameTags({ tags, tagCount, databaseType }: Kept, metric: Metric): boolean {
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
