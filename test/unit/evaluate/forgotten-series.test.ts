/** Series that come and go do not fill the memory, and what is forgotten decides as if it had not been. */
import { createEvaluatorHost, type EvaluateEvent } from '../../../src/evaluate/host';
import { needsOfGroup } from '../../../src/evaluate/rule-series';
import { StreamStore } from '../../../src/evaluate/stream-store';
import { groupOf, createEvaluator, knowing, rule, sample } from './sketches';

const DAY = 86_400;
const pod = (at: number, n: number, value = 1) => sample(at, value, { instance_id: `pod-${n}` });

function churned() {
  const evaluator = createEvaluator({ rules: [rule()] });
  const told = (metric: ReturnType<typeof sample>) => evaluator.offer(metric).map(({ kind }) => kind);
  evaluator.offer(sample(0, 95, { instance_id: 'firing' }));
  evaluator.offer(sample(0, 50, { instance_id: 'quiet' }));
  const crowd = (at: number) => {
    for (let n = 0; n < 1_200; n++) evaluator.offer(pod(at, n + at));
  };
  return { evaluator, told, crowd };
}

test('a quiet series unseen for a day is dropped, and fires as ever when it comes back', () => {
  const { evaluator, told, crowd } = churned();
  for (let day = 0; day < 5; day++) crowd(day * (DAY + 10));
  expect(evaluator.series()).toBeLessThan(3_500);
  expect(told(sample(5 * DAY, 95, { instance_id: 'quiet' }))).toEqual(['firing']);
});

test('a firing series is kept, however long it is unseen', () => {
  const { told, crowd } = churned();
  for (let day = 0; day < 5; day++) crowd(day * (DAY + 10));
  expect(told(sample(6 * DAY, 50, { instance_id: 'firing' }))).toEqual(['resolved']);
});

test('tables of one instance are dropped as well', () => {
  const tables = createEvaluator({ rules: [rule()] });
  for (let day = 0; day < 5; day++)
    for (let n = 0; n < 1_200; n++)
      tables.offer(sample(day * (DAY + 10) + n / 1_000, 1, { tags: { table: `t${day}-${n}` } }));
  expect(tables.series()).toBeLessThan(3_500);
});

test('a metric has so many series and no more; the known ones are evaluated, the others are counted', () => {
  const refused: string[] = [];
  const evaluator = createEvaluator({
    rules: [rule()],
    maxSeriesOfMetric: 2,
    onSeriesRefused: (metric) => refused.push(metric),
  });
  const told = [pod(0, 1), pod(0, 2), pod(0, 3, 95), pod(1, 2, 95), pod(1, 3, 95)].flatMap((each) =>
    evaluator.offer(each),
  );
  expect(told.map(({ labels }) => labels.instance_id)).toEqual(['pod-2']);
  expect(refused).toEqual(['connections_used_percent', 'connections_used_percent']);
  expect(evaluator.series()).toBe(2);
});

test('the first refusal of a metric is told apart from the rest', async () => {
  const events: EvaluateEvent[] = [];
  const host = createEvaluatorHost({
    intervalMs: 15_000,
    groups: [groupOf([rule()])],
    openAlerts: knowing([]),
    publisher: { publish: () => Promise.resolve() },
    maxSeriesOfMetric: 1,
    onEvent: (event) => events.push(event),
  });
  await host.assigned([0], [0]);
  for (let n = 0; n < 3; n++) host.offer(pod(0, n), 1, { topic: 'm', partition: 0, replayed: false });
  const refusals = events.filter((event) => event.kind === 'series_refused');
  expect(refusals.map(({ first }) => first)).toEqual([true, false]);
});

test('names that nobody asks for are forgotten, and those that somebody does are found again', () => {
  const store = new StreamStore({
    needs: needsOfGroup(groupOf([rule()]), 15_000),
    maxOfMetric: 100,
    onRefused: () => undefined,
  });
  for (let n = 0; n < 50_000; n++) store.add(sample(n, 1, { metric_name: `made_up_${n}` }), n);
  expect(store.names).toBeLessThan(21_000);
  // However many names have come before it, none of its samples is lost.
  for (let n = 0; n < 2_500; n++) {
    store.add(sample(n, 1, { metric_name: `more_${n}` }), n);
    if (n % 100 === 0) expect(store.add(pod(n, n), 100_000_000 * (n + 1))).not.toBeNull();
  }
  expect(store.size).toBeGreaterThan(0);
});
