/** A topic that appears while evaluators run is read, and what they keep of the others is kept. */
import { alertingGroup } from '../../../src/stream/metric-consumer';
import { createMetricPublisher } from '../../../src/stream/publishers';
import {
  countCommitted,
  metric,
  openBench,
  readTransitions,
  rule,
  until,
  type Bench,
} from '../stream/kafka-harness';
import { startEvaluator } from './evaluator-process';

let bench: Bench;
beforeAll(async () => (bench = await openBench()));
afterAll(() => bench.close());

test('its metrics are evaluated within ten seconds, and pending breaches elsewhere go on', async () => {
  const { kafka, instance, onEvent } = bench;
  const publisher = createMetricPublisher({ kafka, instance, onEvent, lingerMs: 0 });
  bench.after(() => publisher.close());
  const rules = [rule({ forMs: 60_000 }), rule({ name: 'AtOnce', metric: 'locks' })];
  const evaluator = startEvaluator({ kafka, instance, onEvent, rules, commitEveryMessages: 1 });
  bench.after(() => evaluator.stop());
  const start = Date.now() - 100_000;
  const at = (seconds: number, value: number, more = {}) =>
    metric({ value, timestamp: new Date(start + seconds * 1_000).toISOString(), ...more });
  const committed = (count: number) =>
    until(
      `${count} samples to be committed`,
      async () => (await countCommitted(bench, alertingGroup(instance, 'default'))) === count,
      10_000,
    );

  await until('the evaluator to have joined', () => evaluator.joined());
  await publisher.publish([at(0, 95)]);
  await committed(1);
  await publisher.publish([at(5, 95, { metric_name: 'locks', tags: { environment: 'staging' } })]);
  await committed(2);
  await publisher.publish([at(60, 95)]);
  await committed(3);

  expect(
    (await readTransitions(bench)).map(({ kind, rule: of, labels }) => [kind, of?.name, labels.environment]),
  ).toEqual([
    ['firing', 'AtOnce', 'staging'],
    ['firing', 'TooManyConnections', 'production'],
  ]);
  // Its partitions have moved to nobody, and nothing was read twice.
  expect(evaluator.stats()).toMatchObject({ samples: 3, late: 0, partitions: 12 });
});
