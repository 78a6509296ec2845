/** Points of one series, in seconds from two minutes ago on: published for evaluators, and what they have told of them. */
import { createMetricPublisher } from '../../../src/stream/publishers';
import { metric, readTransitions, type Bench } from '../stream/kafka-harness';

export type Points = ReturnType<typeof createPoints>;

export function createPoints(bench: Bench) {
  const start = Date.now() - 120_000;
  let published = 0;
  const isoAt = (seconds: number): string => new Date(start + seconds * 1_000).toISOString();

  return {
    isoAt,
    published: () => published,
    async publish(...points: [number, number][]): Promise<void> {
      const { kafka, instance } = bench;
      const publisher = createMetricPublisher({ kafka, instance, lingerMs: 0 });
      await publisher.publish(points.map(([at, value]) => metric({ value, timestamp: isoAt(at) })));
      await publisher.close();
      published += points.length;
    },
    /** As `[alertname, kind, starts_at, event_time]`. */
    async told() {
      const transitions = await readTransitions(bench);
      return transitions.map(({ kind, starts_at: from, event_time: at, labels }) => [
        ...[labels.alertname, kind, from, at],
      ]);
    },
  };
}
