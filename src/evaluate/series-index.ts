/**
 * Series of one metric, found by instance and tags. The way to a series is on the path of every message, so it makes no key
 * text: an instance has few series of a metric, and comparing tags beats joining and hashing them. Only where there are many
 * (a metric by table, say) a key is made.
 */
import type { Labels } from '../domain/labels';
import type { Metric } from '../domain/metric';

export interface Indexed {
  readonly tags: Labels;
  readonly tagCount: number;
  readonly databaseType: string;
}

export const indexed = ({ tags, database_type: databaseType }: Metric): Indexed => ({
  ...{ tags, databaseType },
  tagCount: Object.keys(tags).length,
});

interface SeriesList<S> {
  few: S[];
  byKey: Map<string, S> | null;
}

const MANY = 8;

export class SeriesIndex<S extends Indexed> implements Iterable<S> {
  private readonly byInstance = new Map<string, SeriesList<S>>();
  private count = 0;
  /** How often it has become another. */
  changes = 0;

  get size(): number {
    return this.count;
  }

  find(metric: Metric): S | undefined {
    const list = this.byInstance.get(metric.instance_id);
    if (list === undefined) return undefined;
    if (list.byKey !== null) return list.byKey.get(keyOf(metric.tags, metric.database_type));
    for (const series of list.few) if (sameTags(series, metric)) return series;
    return undefined;
  }

  /** One that `find` has not found. */
  add(instanceId: string, series: S): void {
    this.count += 1;
    this.changes += 1;
    let list = this.byInstance.get(instanceId);
    if (list === undefined) this.byInstance.set(instanceId, (list = { few: [], byKey: null }));
    if (list.byKey !== null) list.byKey.set(keyOf(series.tags, series.databaseType), series);
    else list.few.push(series);
    if (list.few.length > MANY) {
      list.byKey = new Map(list.few.map((each) => [keyOf(each.tags, each.databaseType), each]));
      list.few = [];
    }
  }

  drop(isForgotten: (series: S) => boolean): void {
    this.changes += 1;
    for (const [instanceId, list] of this.byInstance) {
      const before = sizeOf(list);
      if (list.byKey === null) list.few = list.few.filter((series) => !isForgotten(series));
      else for (const [key, series] of list.byKey) if (isForgotten(series)) list.byKey.delete(key);
      const left = sizeOf(list);
      this.count -= before - left;
      if (left === 0) this.byInstance.delete(instanceId);
    }
  }

  *[Symbol.iterator](): Iterator<S> {
    for (const { few, byKey } of this.byInstance.values()) yield* byKey?.values() ?? few;
  }
}

const sizeOf = <S>({ few, byKey }: SeriesList<S>): number => byKey?.size ?? few.length;

function sameTags({ tags, tagCount, databaseType }: Indexed, metric: Metric): boolean {
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
