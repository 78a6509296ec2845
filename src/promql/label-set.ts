/**
 * A series' labels as evaluation needs them: immutable, in sorted order, without empty values, which in PromQL are no
 * labels at all. What is derived from one (its key, the set without its name) is made once and kept with it: the same
 * series meet the same expressions at every evaluation.
 */
import type { Labels } from '../domain/labels';

export const METRIC_NAME = '__name__';
/** Dropped together with the name, as in Prometheus. */
export const METADATA: ReadonlySet<string> = new Set([METRIC_NAME, '__type__', '__unit__']);

export class LabelSet {
  static readonly EMPTY = new LabelSet([], []);

  private textKey: string | undefined;
  private nameless: LabelSet | undefined;

  private constructor(
    /** Sorted. */
    readonly names: readonly string[],
    readonly values: readonly string[],
  ) {}

  /** `share`: an equal list of names for the set's own, that others have too. */
  static of(labels: Labels, share?: (names: readonly string[]) => readonly string[]): LabelSet {
    return LabelSet.fromEntries(Object.entries(labels), share);
  }

  /** Of names that are unique. */
  static fromEntries(
    entries: Iterable<readonly [string, string]>,
    share = (names: readonly string[]): readonly string[] => names,
  ): LabelSet {
    const kept = [...entries].filter(([, value]) => value !== '');
    if (kept.length === 0) return LabelSet.EMPTY;
    kept.sort(([a], [b]) => (a < b ? -1 : 1));
    return new LabelSet(
      share(kept.map(([name]) => name)),
      kept.map(([, value]) => value),
    );
  }

  /** Empty when there is no such label. */
  get(name: string): string {
    const at = this.names.indexOf(name);
    return at < 0 ? '' : this.values[at]!;
  }

  has(name: string): boolean {
    return this.names.includes(name);
  }

  get size(): number {
    return this.names.length;
  }

  *entries(): Iterable<readonly [string, string]> {
    for (let i = 0; i < this.names.length; i++) yield [this.names[i]!, this.values[i]!];
  }

  /** Equal for equal sets, and for no others. */
  get key(): string {
    return (this.textKey ??= this.names.map((name, i) => told(name) + told(this.values[i]!)).join(''));
  }

  /** Without the metric's name, type and unit. */
  withoutName(): LabelSet {
    return (this.nameless ??= this.filter((name) => !METADATA.has(name)));
  }

  filter(keep: (name: string) => boolean): LabelSet {
    if (this.names.every(keep)) return this;
    return LabelSet.fromEntries([...this.entries()].filter(([name]) => keep(name)));
  }

  /** With this value; without the label when it is empty. */
  with(name: string, value: string): LabelSet {
    if (this.get(name) === value) return this;
    return LabelSet.fromEntries([...[...this.entries()].filter(([other]) => other !== name), [name, value]]);
  }

  toLabels(): Labels {
    return Object.fromEntries(this.entries());
  }

  /** `name{a="b", c="d"}`, as Prometheus writes it. */
  toString(): string {
    const name = this.get(METRIC_NAME);
    const rest = [...this.entries()]
      .filter(([label]) => label !== METRIC_NAME)
      .map(([label, value]) => `${label}=${JSON.stringify(value)}`);
    return rest.length === 0 && name !== '' ? name : `${name}{${rest.join(', ')}}`;
  }
}

/** No text of whatever sender can look like the end of another. */
const told = (text: string): string => `${text.length}:${text}`;
