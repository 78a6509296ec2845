/** A sample counts as read only when what followed from it is acknowledged: nothing is lost, and nothing told twice. */
import { alertingGroup } from '../../../src/stream/metric-consumer';
import { createMetricPublisher } from '../../../src/stream/publishers';
import { metricTopic, partitionOfKey } from '../../../src/stream/topics';
import {
  committedOf,
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

test('nothing is committed while transitions cannot be published, and everything is when they can', async () => {
  const { kafka, instance, onEvent, events } = bench;
  const publisher = createMetricPublisher({ kafka, instance, onEvent });
  bench.after(() => publisher.close());
  let broken = true;
  const evaluator = startEvaluator({
    kafka,
    instance,
    onEvent,
    rules: [rule({ consecutiveFailures: 2 })],
    commitEveryMessages: 1,
    publisher: (real) => ({
      publish: (transitions) => (broken ? Promise.reject(new Error('not now')) : real.publish(transitions)),
    }),
  });
  bench.after(() => evaluator.stop());
  const start = Date.now() - 60_000;
  const at = (seconds: number, value: number, more = {}) =>
    metric({ value, timestamp: new Date(start + seconds * 1_000).toISOString(), ...more });
  const place = (instanceId: string) =>
    `${metricTopic(instance, metric())}/${partitionOfKey('', instanceId, 12)}`;
  const other = { instance_id: 'db-2' };
  expect(place('db-1')).not.toBe(place('db-2'));
  const committed = () => committedOf(bench, alertingGroup(instance, 'default'));

  await publisher.publish([at(0, 50)]);
  await until('the good sample to be committed', async () => (await committed())[place('db-1')] === 1);
  await publisher.publish([at(1, 95), at(2, 96), at(3, 97), at(4, 20), at(0, 50, other)]);
  await until('three attempts', () => events.filter(({ kind }) => kind === 'batch_retry').length >= 3);
  await until('the other partition to go on', async () => (await committed())[place('db-2')] === 1);
  expect((await committed())[place('db-1')]).toBe(1);
  expect(await readTransitions(bench)).toEqual([]);
  expect(evaluator.stats()).toMatchObject({ samples: 6, late: 0, unsent: 2 });

  broken = false;
  await until('the rest to be committed', async () => (await committed())[place('db-1')] === 5);
  expect((await readTransitions(bench)).map(({ kind, value }) => [kind, value])).toEqual([
    ['firing', 96],
    ['resolved', 20],
  ]);
  expect(evaluator.stats()).toMatchObject({ samples: 6, late: 0, unsent: 0 });
});
