/**
 * Series of one metric, found by instance and tags. The way to a series is on the path of every message, so it makes no key
 * text: an instance has few series of a metric, and comparing tags beats joining and hashing them. Only where there are many
 * (a metric by table, say) a key is made.
 */
import type { Labels } from '../domain/labels';
import type { MetricId } from './saved-series';

export interface Indexed {
  readonly instanceId: string;
  readonly tags: Labels;
  readonly tagCount: number;
  readonly databaseType: string;
}

/** An instance's series of the metric: one, few, or many by their keys. Nearly all have one, which needs no list. */
type Held<S> = S | readonly S[] | Map<string, S>;

const MANY = 8;

export class SeriesIndex<S extends Indexed> implements Iterable<S> {
  private readonly byInstance = new Map<string, Held<S>>();
  private count = 0;
  /** How often it has become another. */
  changes = 0;

  get size(): number {
    return this.count;
  }

  find(metric: MetricId): S | undefined {
    const held = this.byInstance.get(metric.instance_id);
    if (held === undefined) return undefined;
    if (held instanceof Map) return held.get(keyOf(metric.tags, metric.database_type));
    if (!isList(held)) return sameTags(held, metric) ? held : undefined;
    for (const series of held) if (sameTags(series, metric)) return series;
    return undefined;
  }

  /** One that `find` has not found. */
  add(series: S): void {
    this.count += 1;
    this.changes += 1;
    const held = this.byInstance.get(series.instanceId);
    if (held instanceof Map) held.set(keyOf(series.tags, series.databaseType), series);
    else
      this.byInstance.set(
        series.instanceId,
        held === undefined ? series : heldOf([...membersOf(held), series]),
      );
  }

  drop(isForgotten: (series: S) => boolean): void {
    this.changes += 1;
    for (const [instanceId, held] of this.byInstance) {
      const before = [...membersOf(held)];
      const left = before.filter((series) => !isForgotten(series));
      if (left.length === before.length) continue;
      this.count -= before.length - left.length;
      if (left.length === 0) this.byInstance.delete(instanceId);
      else this.byInstance.set(instanceId, heldOf(left));
    }
  }

  *[Symbol.iterator](): Iterator<S> {
    for (const held of this.byInstance.values()) yield* membersOf(held);
  }
}

const isList = <S>(held: S | readonly S[]): held is readonly S[] => Array.isArray(held);

function membersOf<S>(held: Held<S>): Iterable<S> {
  if (held instanceof Map) return held.values();
  return isList(held) ? held : [held];
}

function heldOf<S extends Indexed>(series: readonly S[]): Held<S> {
  if (series.length === 1) return series[0]!;
  return series.length <= MANY
    ? series
    : new Map(series.map((each) => [keyOf(each.tags, each.databaseType), each]));
}

function sameTags({ tags, tagCount, databaseType }: Indexed, metric: MetricId): boolean {
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
  for (const name of Object.keys(tags).sort())
    key += `\0${name.length}:${name}${tags[name]!.length}:${tags[name]}`;
  return key;
}
