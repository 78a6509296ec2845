/** What expressions yield. */
import type { LabelSet } from './label-set';

/** One value for each label set, side by side. */
export interface Vector {
  readonly labels: readonly LabelSet[];
  readonly values: readonly number[];
}

export const EMPTY: Vector = { labels: [], values: [] };

export type Value =
  | { readonly type: 'scalar'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'vector'; readonly vector: Vector }
  | { readonly type: 'matrix'; readonly series: readonly RangeSeries[] };

export interface RangeSeries {
  readonly labels: LabelSet;
  readonly points: readonly (readonly [time: number, value: number])[];
}
