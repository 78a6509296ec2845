/** The metric's last points before the alert fired, as its first transition brought them, with their range. */
import { numberOf } from '../../domain/metric';
import type { EnrichmentProvider } from '../port';

export const recentWindow: EnrichmentProvider = {
  name: 'recent_window',
  type: 'metrics',
  quick: true,
  applies: (_labels, recent) => recent.length > 0,
  collect({ recent }) {
    const values = recent.map(([, value]) => numberOf(value)).filter(Number.isFinite);
    const iso = (point: (typeof recent)[number]): string => new Date(point[0]).toISOString();
    const data = {
      points: recent,
      from: iso(recent[0]!),
      to: iso(recent.at(-1)!),
      min: values.length === 0 ? null : Math.min(...values),
      max: values.length === 0 ? null : Math.max(...values),
      first: recent[0]![1],
      last: recent.at(-1)![1],
    };
    return Promise.resolve({
      title: `${recent.length} point${recent.length === 1 ? '' : 's'} before the alert`,
      data,
    });
  },
};
