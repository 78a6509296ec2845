/** A sender may choose partitions by another partitioner than ours: an alert is taken over where its metrics are. */
import type { Metric } from '../../../src/domain/metric';
import { METRIC_PARTITIONS, metricTopic, partitionOfKey } from '../../../src/stream/topics';
import {
  metric,
  openBench,
  readTransitions,
  rule,
  sendRaw,
  until,
  type Bench,
} from '../stream/kafka-harness';
import { startEvaluator, type RunningEvaluator } from './evaluator-process';

let bench: Bench;
beforeAll(async () => (bench = await openBench()));
afterAll(() => bench.close());

/** A group's time decides: at its first evaluation, a partition without the series would end the alert. */
const MEAN_IS_HIGH = rule({ windowMs: 60_000, noData: 'ok' });
const usual = partitionOfKey('', 'db-1', METRIC_PARTITIONS);
const chosen = (usual + 1) % METRIC_PARTITIONS;

async function start(): Promise<RunningEvaluator> {
  const { kafka, instance, onEvent } = bench;
  const evaluator = startEvaluator({ kafka, instance, onEvent, rules: [MEAN_IS_HIGH], intervalMs: 1_000 });
  await until('the evaluator to have joined', () => evaluator.joined());
  return evaluator;
}

async function send(partition: number, over: Partial<Metric>): Promise<void> {
  const value = JSON.stringify(metric(over));
  await sendRaw(bench.kafka, metricTopic(bench.instance, metric()), [{ partition, key: null, value }]);
}

const told = async () =>
  (await readTransitions(bench)).map(
    ({ kind, labels, rule: of }) => `${labels.instance_id} ${kind} in ${of?.partition}`,
  );

test('it goes on there after a restart', async () => {
  const first = await start();
  await send(chosen, { value: 95 });
  await until('the alert', async () => (await told()).length === 1);
  await first.stop();

  const next = await start();
  bench.after(() => next.stop());
  await send(usual, { instance_id: 'db-2', value: 95 });
  await until('the other alert', async () => (await told()).some((line) => line.startsWith('db-2')));
  await until('the alert to be taken over', () => next.stats().adopted === 1);
  await send(chosen, { value: -1_000 });
  await until('its end', async () => (await told()).length === 3);
  expect(await told()).toEqual([
    `db-1 firing in ${chosen}`,
    `db-2 firing in ${usual}`,
    `db-1 resolved in ${chosen}`,
  ]);
});
