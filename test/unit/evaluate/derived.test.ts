/** What rules make is published without alerts having to wait for it. */
import { TocsinError } from '../../../src/domain/errors';
import type { Metric } from '../../../src/domain/metric';
import { createDerivedMetrics } from '../../../src/evaluate/derived';
import { x } from './pool-sketch';

function start() {
  const published: Metric[] = [];
  const dropped: [number, string][] = [];
  const kafka = { takes: true, refuses: (_: Metric): boolean => false };
  const derived = createDerivedMetrics(
    {
      async publish(metrics) {
        if (!kafka.takes) throw new Error('no right to write');
        if (metrics.some(kafka.refuses)) throw new TocsinError('TOC_MESSAGE_INVALID', 'too large');
        published.push(...metrics);
      },
    },
    (metrics, problem) => dropped.push([metrics, problem]),
  );
  return { published, dropped, kafka, derived };
}

test('what could not be published is, in its order, with what comes next', async () => {
  const { published, kafka, derived } = start();
  kafka.takes = false;
  derived.offer(0, x('a', 'i', 1));
  await derived.flush(0);
  derived.offer(0, x('b', 'i', 1));
  kafka.takes = true;
  await Promise.all([derived.flush(0), derived.flush(0)]);
  expect(published.map(({ metric_name: name }) => name)).toEqual(['a', 'b']);
});

test('the oldest are dropped, and told, when too many wait', async () => {
  const { published, dropped, kafka, derived } = start();
  kafka.takes = false;
  for (let i = 0; i < 10_005; i++) derived.offer(0, x('a', 'i', i));
  await derived.flush(0);
  expect(dropped).toEqual([[5, 'more than 10000 wait']]);
  kafka.takes = true;
  await derived.flush(0);
  expect([published.length, published[0]!.value]).toEqual([10_000, 5]);
});

test('what is refused for good is dropped alone, and told', async () => {
  const { published, dropped, kafka, derived } = start();
  kafka.refuses = ({ metric_name: name }) => name === 'vast';
  for (const name of ['a', 'vast', 'b', 'c', 'vast', 'd']) derived.offer(0, x(name, 'i', 1));
  await derived.flush(0);
  expect([published.map(({ metric_name: name }) => name).join(''), dropped]).toEqual([
    'abcd',
    [[2, 'too large']],
  ]);
  derived.offer(0, x('e', 'i', 1));
  await derived.flush(0);
  expect([published.length, dropped.length]).toEqual([5, 1]);
});

test('those of a partition that went are not published', async () => {
  const { published, derived } = start();
  derived.offer(0, x('a', 'i', 1));
  derived.offer(1, x('b', 'i', 1));
  derived.keepOnly([1]);
  await derived.flush(0);
  await derived.flush(1);
  expect(published.map(({ metric_name: name }) => name)).toEqual(['b']);
});
