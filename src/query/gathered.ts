/** The series that several evaluators have told: what comes twice is one series, and a time of it one sample. */
import { compileMatchers, type Matcher } from '../domain/matchers';
import { numberOf, type MetricValue } from '../domain/metric';
import { LabelSet } from '../promql/label-set';
import { Samples } from '../promql/samples';
import type { Selection, SeriesSource, StoredSeries } from '../promql/source';
import type { Piece } from './port';

interface GivenSeries {
  readonly labels: LabelSet;
  readonly samples: { readonly time: number; readonly value: MetricValue }[];
}

export class GatheredSeries implements SeriesSource {
  private readonly told = new Map<string, GivenSeries>();
  private made: readonly StoredSeries[] | null = null;

  /** Of a time that is told twice, the first stays. */
  take({ labels: plain, times, values }: Piece): void {
    const labels = LabelSet.of(plain);
    const series = this.told.get(labels.key) ?? { labels, samples: [] };
    this.told.set(labels.key, series);
    times.forEach((time, i) => series.samples.push({ time, value: values[i]! }));
    this.made = null;
  }

  select(matchers: readonly Matcher[]): Selection {
    const matches = compileMatchers(matchers);
    const found = this.all().filter(({ labels }) => matches(labels.toLabels()));
    return { series: () => found };
  }

  private all(): readonly StoredSeries[] {
    return (this.made ??= [...this.told.values()].map(inOrder));
  }
}

function inOrder({ labels, samples: told }: GivenSeries): StoredSeries {
  const samples = new Samples();
  const sorted = told.every(({ time }, i) => i === 0 || told[i - 1]!.time < time)
    ? told
    : [...told].sort((a, b) => a.time - b.time);
  for (const { time, value } of sorted) samples.add(time, numberOf(value), value === 'stale');
  return { labels, samples };
}
