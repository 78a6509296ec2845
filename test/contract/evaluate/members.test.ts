/** Two evaluators share the partitions: one that joins or leaves costs no transition, doubles none and resets no `for`. */
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

const INSTANCES = Array.from({ length: 24 }, (_, at) => `db-${at}`);

test('a second member joins and leaves while alerts are pending and firing', async () => {
  const { kafka, instance, onEvent } = bench;
  const publisher = createMetricPublisher({ kafka, instance, onEvent, lingerMs: 0 });
  bench.after(() => publisher.close());
  const member = () =>
    startEvaluator({ kafka, instance, onEvent, rules: [rule({ forMs: 60_000 })], commitEveryMessages: 1 });
  const start = Date.now() - 200_000;
  const isoAt = (seconds: number): string => new Date(start + seconds * 1_000).toISOString();
  let published = 0;
  async function all(seconds: number, value: number): Promise<void> {
    const one = (instanceId: string) => metric({ instance_id: instanceId, value, timestamp: isoAt(seconds) });
    await publisher.publish(INSTANCES.map(one));
    published += INSTANCES.length;
    const group = alertingGroup(instance, 'default');
    await until(
      `the samples of ${seconds} s`,
      async () => (await countCommitted(bench, group)) === published,
    );
  }

  const first = member();
  bench.after(() => first.stop());
  await all(0, 95);
  const second = member();
  let stopped = false;
  bench.after(async () => stopped || (await second.stop()));
  const shares = () => [first, second].map((each) => each.stats().partitions);
  await until('an equal share each', () => shares().every((share) => share === 6));
  await all(30, 95);
  expect([first, second].map((each) => each.stats().series > 0)).toEqual([true, true]);
  await all(60, 95);
  await second.stop();
  stopped = true;
  await until('the first to have everything', () => first.stats().partitions === 12);
  await all(70, 95);
  await all(80, 20);

  const told = await readTransitions(bench);
  const of = (wanted: string) => told.filter(({ kind }) => kind === wanted);
  expect(told).toHaveLength(2 * INSTANCES.length);
  expect(new Set(told.map(({ transition_id: id }) => id)).size).toBe(told.length);
  expect(
    of('firing')
      .map(({ labels }) => labels.instance_id)
      .sort(),
  ).toEqual([...INSTANCES].sort());
  expect(new Set(of('firing').map(({ event_time: at }) => at))).toEqual(new Set([isoAt(60)]));
  expect(
    of('resolved')
      .map(({ labels }) => labels.instance_id)
      .sort(),
  ).toEqual([...INSTANCES].sort());
  expect(new Set(of('resolved').map(({ starts_at: at }) => at))).toEqual(new Set([isoAt(60)]));
});
