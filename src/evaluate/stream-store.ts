/**
 * The series of one partition that rules ask for, each kept for as long as the farthest-looking of them does. What no rule
 * mentions is told apart by its metric's name and costs nothing more. A series from which no sample has come for longer than
 * it is kept is dropped when others have come.
 */
import { boundedMatchers, compiledMatchers, type Matcher } from '../domain/matchers';
import { numberOf, type Metric } from '../domain/metric';
import type { Labels } from '../domain/labels';
import { LabelSet, METRIC_NAME } from '../promql/label-set';
import type { Need } from '../promql/needs';
import { Samples, type Reached } from '../promql/samples';
import { nameOf, type Selection, type SeriesSource, type StoredSeries } from '../promql/source';
import type { SeriesListeners } from './arrivals';
import { Interned } from './interned';
import { labelsOf, writtenPlainly } from './metric-labels';
import { loadSeries, saveSeries, type MetricId, type SavedSeries } from './saved-series';
import { SeriesIndex, type Indexed } from './series-index';

export interface StreamStoreOptions {
  readonly needs: readonly Need[];
  /** More series of one metric are not kept. */
  readonly maxOfMetric: number;
  /** Told of each sample of a series that is not kept. */
  readonly onRefused: (metric: string) => void;
  /** As far as is evaluated. Without it, the newest sample says what is too old. */
  readonly reached?: Reached;
  /** Told of each sample that comes after a later one of its series. */
  readonly onLate?: () => void;
  /** Who hears of each sample of a new series. */
  readonly listenersOf?: (metric: string, labels: Labels) => SeriesListeners | null;
}

export interface Kept extends StoredSeries, Indexed {
  /** 0: no rule wants it, and no sample is kept. */
  readonly keepMs: number;
  /** Of a series that no rule wants: when its last sample came. */
  seenAt: number;
  readonly listeners: SeriesListeners | null;
}

export interface SavedStore {
  readonly kept: SavedSeries<MetricId>;
  /** By rules. */
  readonly made: SavedSeries<Labels>;
}

interface MetricSeries {
  /** What is asked of this metric, and of every. */
  readonly needs: readonly CompiledNeed[];
  readonly index: SeriesIndex<Kept>;
  /** Of those that are kept. */
  readonly byKey: () => ReadonlyMap<string, Kept>;
  readonly selections: LiveSelection[];
}

interface CompiledNeed {
  readonly backMs: number;
  readonly matches: (labels: Labels) => boolean;
}

/** A series that no rule wants is remembered as such for so long after its last sample. */
const UNSEEN_MS = 3_600_000;
/** A small integer, as most series' it stays: another number takes room of its own. */
const NEVER = -1;
const NO_SAMPLES = new Samples(0);
/** Series that are added before the first look for those that have gone. */
const SWEEP_FROM = 1_000;
/** Up to so many names of metrics that come again and again are not looked up anew for each sample. */
const MANY_NAMES = 10_000;

export class StreamStore implements SeriesSource {
  /** When the last sample of a series that was one too many came, by its metric. */
  private readonly refusedAt = new Map<string, number>();
  private readonly byMetric = new Map<string, MetricSeries | null>();
  /** What rules themselves make: what others read, and what nobody does. */
  private readonly made = new Map<string, StoredSeries & { readonly keepMs: number }>();
  private readonly unread = new WeakSet<LabelSet>();
  private readonly byLabels = new WeakMap<LabelSet, Kept>();
  /** Of all samples the newest one's time; -Infinity where there is none. */
  newest = -Infinity;
  private added = 0;
  private sweepAt = SWEEP_FROM;
  private readonly selections: LiveSelection[] = [];
  private readonly interned = new Interned();
  private readonly needs: readonly (CompiledNeed & { readonly metric: string | null })[];

  constructor(private readonly options: StreamStoreOptions) {
    this.needs = options.needs.map(({ matchers, backMs }) => ({
      ...{ backMs, metric: nameOf(matchers), matches: compiledMatchers(matchers) },
    }));
  }

  /** The metric's series, where its newest sample this is; null where it is late, or no rule wants the series. */
  add(metric: Metric, time: number): Kept | null {
    const known = this.byMetric.get(metric.metric_name);
    if (known === null) return null;
    const all = known ?? this.open(metric.metric_name);
    if (all === null) return null;
    const series = all.index.find(metric) ?? this.foundOrMade(all, metric);
    if (series === null) {
      this.refuse(metric.metric_name, time);
      return null;
    }
    if (series.keepMs === 0) {
      series.seenAt = time;
      if (time > this.newest) this.newest = time;
      return null;
    }
    const isNewest = time > series.samples.lastTime;
    if (!isNewest) this.options.onLate?.();
    this.take(series, time, metric.value === 'stale' ? 'stale' : numberOf(metric.value));
    return isNewest ? series : null;
  }

  private refuse(metric: string, time: number): void {
    this.refusedAt.set(metric, Math.max(time, this.refusedAt.get(metric) ?? -Infinity));
    this.options.onRefused(metric);
  }

  /** The metrics of which a series was one too many since this time. */
  *refused(sinceMs: number): Iterable<string> {
    for (const [metric, at] of this.refusedAt) if (at > sinceMs) yield metric;
  }

  /** The series of a metric that has these labels, name included. */
  find(labels: LabelSet): Kept | undefined {
    const known = this.byLabels.get(labels);
    if (known !== undefined) return known;
    return this.byMetric.get(labels.get(METRIC_NAME))?.byKey().get(labels.key);
  }

  /** A sample of a series that a rule makes; false when no rule reads it. */
  write(labels: LabelSet, time: number, sample: number | 'stale'): boolean {
    const series = this.unread.has(labels) ? null : this.madeSeries(labels);
    if (series === null) return false;
    this.take(series, time, sample);
    return true;
  }

  private madeSeries(labels: LabelSet): StoredSeries | null {
    const known = this.made.get(labels.key);
    if (known !== undefined) return known;
    const plain = labels.toLabels();
    const keepMs = longest(this.needs.filter(({ matches }) => matches(plain)));
    if (keepMs === 0) {
      this.unread.add(labels);
      return null;
    }
    this.countAdded();
    const series = { labels, samples: new Samples(keepMs, this.options.reached), keepMs };
    this.made.set(labels.key, series);
    this.show(series, plain, labels.get(METRIC_NAME));
    return series;
  }

  private take({ samples }: StoredSeries, time: number, sample: number | 'stale'): void {
    if (time > this.newest) this.newest = time;
    samples.add(time, sample === 'stale' ? NaN : sample, sample === 'stale');
  }

  private countAdded(): void {
    if (++this.added >= this.sweepAt) this.sweep();
  }

  private sweep(): void {
    const gone = new Set<StoredSeries>();
    const now = Math.min(this.newest, this.options.reached?.at ?? Infinity);
    const isGone = ({ samples, keepMs }: StoredSeries & { readonly keepMs: number }): boolean =>
      samples.lastTime < now - keepMs;
    const isForgotten = (series: Kept): boolean => {
      const is = isKept(series) ? isGone(series) : series.seenAt < now - UNSEEN_MS;
      if (is) gone.add(series);
      return is;
    };
    let kept = 0;
    const names = this.byMetric.size;
    for (const [name, all] of this.byMetric) {
      all?.index.drop(isForgotten);
      kept += all?.index.size ?? 0;
      // Whoever makes up names makes up any number of them.
      if (all === null || all.index.size === 0) this.byMetric.delete(name);
    }
    for (const name of this.refusedAt.keys()) if (!this.byMetric.has(name)) this.refusedAt.delete(name);
    for (const [key, series] of this.made) {
      if (!isGone(series)) continue;
      gone.add(series);
      this.made.delete(key);
    }
    for (const selection of this.selections) selection.forget(gone);
    this.interned.clear();
    this.added = 0;
    this.sweepAt = Math.max(SWEEP_FROM, kept + this.made.size, 2 * Math.min(names, MANY_NAMES));
  }

  save(): SavedStore {
    const kept = [...this.byMetric].flatMap(([name, all]) =>
      all === null ? [] : [...all.index].filter(isKept).map((series) => ({ ...series, name })),
    );
    return {
      kept: saveSeries(kept, ({ name, instanceId, databaseType, tags }) => ({
        ...{ metric_name: name, instance_id: instanceId, database_type: databaseType, tags },
      })),
      made: saveSeries([...this.made.values()], ({ labels }) => labels.toLabels()),
    };
  }

  /** Of a store that is empty. Series that no rule asks for any more are left out. */
  restore(saved: SavedStore): void {
    loadSeries(saved.kept, (id) => {
      const all = this.byMetric.get(id.metric_name) ?? this.open(id.metric_name);
      const series = all === null ? null : this.foundOrMade(all, id);
      return series === null || series.keepMs === 0 ? null : series.samples;
    });
    loadSeries(saved.made, (labels) => this.madeSeries(LabelSet.of(labels))?.samples ?? null);
    for (const { samples } of this.everySeries()) this.newest = Math.max(this.newest, samples.lastTime);
  }

  selectOnce(matchers: readonly Matcher[]): Selection {
    const matches = compiledMatchers(matchers);
    const found: StoredSeries[] = [];
    for (const series of this.seriesOf(nameOf(matchers)))
      if (series.keepMs > 0 && matches(series.labels.toLabels())) found.push(series);
    return { series: () => found };
  }

  select(matchers: readonly Matcher[]): Selection {
    const metric = nameOf(matchers);
    const selection = new LiveSelection(compiledMatchers(matchers), metric);
    this.selections.push(selection);
    for (const series of this.everySeries()) selection.offer(series, series.labels.toLabels());
    if (metric !== null) this.byMetric.get(metric)?.selections.push(selection);
    else for (const all of this.byMetric.values()) all?.selections.push(selection);
    return selection;
  }

  /**
   * The series that are kept and match, one after the other: nothing stays behind. Null for each that does not match, so that
   * whoever looks through many can pause. Series may come and go meanwhile. Throws TOC_USAGE where one match would take too long.
   */
  *matching(matchers: readonly Matcher[]): Iterable<StoredSeries | null> {
    const matches = boundedMatchers(matchers);
    const name = nameOf(matchers);
    for (const series of this.seriesOf(name))
      yield series.keepMs > 0 && matches(series.labels.toLabels()) ? series : null;
  }

  private *seriesOf(metric: string | null): Iterable<StoredSeries & { readonly keepMs: number }> {
    if (metric === null) return yield* this.everySeries();
    yield* this.byMetric.get(metric)?.index ?? [];
    yield* this.made.values();
  }

  /** How many names of metrics are known, whether or not a rule wants them. */
  get names(): number {
    return this.byMetric.size;
  }

  get size(): number {
    let count = 0;
    for (const { keepMs } of this.everySeries()) if (keepMs > 0) count += 1;
    return count;
  }

  private *everySeries(): Iterable<StoredSeries & { readonly keepMs: number }> {
    for (const all of this.byMetric.values()) if (all !== null) yield* all.index;
    yield* this.made.values();
  }

  private open(name: string): MetricSeries | null {
    const needs = this.needs.filter(({ metric }) => metric === null || metric === name);
    const selections = this.selections.filter(({ metric }) => metric === null || metric === name);
    const index = new SeriesIndex<Kept>();
    const all = needs.length === 0 ? null : { needs, selections, index, byKey: keysOf(index) };
    this.countAdded();
    this.byMetric.set(name, all);
    return all;
  }

  private foundOrMade(all: MetricSeries, asSent: MetricId): Kept | null {
    const plain = writtenPlainly(asSent);
    return (plain === asSent ? undefined : all.index.find(plain)) ?? this.make(all, plain);
  }

  /** Null where it is one too many. */
  private make(all: MetricSeries, asSent: MetricId): Kept | null {
    this.countAdded();
    // What had no series until now may just have been forgotten.
    this.byMetric.set(asSent.metric_name, all);
    if (all.index.size >= this.options.maxOfMetric) return null;
    const metric = this.interned.idOf(asSent);
    const labels = labelsOf(metric);
    const keepMs = longest(all.needs.filter(({ matches }) => matches(labels)));
    const series: Kept = {
      instanceId: metric.instance_id,
      databaseType: metric.database_type,
      tags: metric.tags,
      tagCount: Object.keys(metric.tags).length,
      labels: keepMs === 0 ? LabelSet.EMPTY : LabelSet.of(labels, (names) => this.interned.namesOf(names)),
      samples: keepMs === 0 ? NO_SAMPLES : new Samples(keepMs, this.options.reached),
      keepMs,
      seenAt: NEVER,
      listeners: keepMs === 0 ? null : (this.options.listenersOf?.(metric.metric_name, labels) ?? null),
    };
    all.index.add(series);
    if (keepMs > 0) {
      this.byLabels.set(series.labels, series);
      this.show(series, labels, metric.metric_name);
    }
    return series;
  }

  private show(series: StoredSeries, labels: Labels, name: string): void {
    const selections = this.byMetric.get(name)?.selections ?? this.selections;
    for (const selection of selections) selection.offer(series, labels);
  }
}

/** Made again when series have come or gone: few ask. */
function keysOf(index: SeriesIndex<Kept>): () => ReadonlyMap<string, Kept> {
  let changes = -1;
  let byKey = new Map<string, Kept>();
  return () => {
    if (changes !== index.changes)
      byKey = new Map([...index].filter(isKept).map((each) => [each.labels.key, each]));
    changes = index.changes;
    return byKey;
  };
}

const isKept = ({ keepMs }: Kept): boolean => keepMs > 0;

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

  forget(gone: ReadonlySet<StoredSeries>): void {
    if (this.found.some((series) => gone.has(series)))
      this.found = this.found.filter((series) => !gone.has(series));
  }

  series(): readonly StoredSeries[] {
    return this.found;
  }
}

const longest = (needs: readonly { readonly backMs: number }[]): number =>
  needs.reduce((most, { backMs }) => Math.max(most, backMs), 0);
