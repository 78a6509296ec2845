/**
 * The series of a store as one thing that can be written down: what each is, and all samples side by side in two arrays, with
 * the bits of stale markers as they are.
 */
import type { Labels } from '../domain/labels';
import type { Samples } from '../promql/samples';

export interface SavedSeries<Id> {
  readonly ids: readonly Id[];
  /** How many samples each has. */
  readonly counts: Uint32Array;
  readonly times: Float64Array;
  readonly values: Float64Array;
}

/** What tells a metric's series from others. */
export interface MetricId {
  readonly metric_name: string;
  readonly instance_id: string;
  readonly database_type: string;
  readonly tags: Labels;
}

export function saveSeries<S extends { readonly samples: Samples }, Id>(
  all: readonly S[],
  idOf: (series: S) => Id,
): SavedSeries<Id> {
  const counts = Uint32Array.from(all, ({ samples }) => samples.length);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const times = new Float64Array(total);
  const values = new Float64Array(total);
  let at = 0;
  for (const { samples } of all) {
    times.set(samples.times.subarray(samples.from, samples.to), at);
    values.set(samples.values.subarray(samples.from, samples.to), at);
    at += samples.length;
  }
  return { ids: all.map(idOf), counts, times, values };
}

export function loadSeries<Id>(
  { ids, counts, times, values }: SavedSeries<Id>,
  samplesOf: (id: Id) => Samples | null,
): void {
  let at = 0;
  ids.forEach((id, i) => {
    const end = at + counts[i]!;
    samplesOf(id)?.load(times.subarray(at, end), values.subarray(at, end));
    at = end;
  });
}
