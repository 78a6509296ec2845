/** Where an expression finds its series, and one such place in memory. */
import type { Labels } from '../domain/labels';
import { compileMatchers, type Matcher } from '../domain/matchers';
import { METRIC_NAME, type LabelSet } from './label-set';
import { Samples } from './samples';

export interface StoredSeries {
  readonly labels: LabelSet;
  readonly samples: Samples;
}

/** The series that a selector finds: asked for at each evaluation, and the same array while they are the same. */
export interface Selection {
  series(): readonly StoredSeries[];
}

export interface SeriesSource {
  select(matchers: readonly Matcher[]): Selection;
  /** For what is evaluated once: nothing of it stays here. Default: as any other. */
  selectOnce?(matchers: readonly Matcher[]): Selection;
}

/** The metric's name where the matchers say exactly which. */
export function nameOf(matchers: readonly Matcher[]): string | null {
  return matchers.find(({ name, op }) => name === METRIC_NAME && op === '=')?.value ?? null;
}

/** Series in memory, for tests of rules and for expressions over a few samples. */
export class MemorySource implements SeriesSource {
  private readonly byKey = new Map<string, StoredSeries>();
  private all: readonly StoredSeries[] = [];

  /** The series of these labels; made when there is none. */
  series(labels: LabelSet): StoredSeries {
    let series = this.byKey.get(labels.key);
    if (series === undefined) {
      series = { labels, samples: new Samples() };
      this.byKey.set(labels.key, series);
      this.all = [...this.all, series];
    }
    return series;
  }

  select(matchers: readonly Matcher[]): Selection {
    const matches = compileMatchers(matchers);
    let seen: readonly StoredSeries[] | null = null;
    let found: readonly StoredSeries[] = [];
    return {
      series: () => {
        if (seen !== this.all) found = this.all.filter(({ labels }) => matches(bare(labels)));
        seen = this.all;
        return found;
      },
    };
  }
}

/** Without a prototype: a matcher may name any label, `constructor` too. */
const bare = (labels: LabelSet): Labels => Object.assign(Object.create(null) as object, labels.toLabels());
