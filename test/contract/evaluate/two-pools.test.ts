/** Evaluator pools with different rules share `gds.alerts`: none ends what another one has opened. */
import type { AlertRule } from '../../../src/domain/rule-group';
import { isOnlyPool } from '../../../src/stream/evaluators';
import { metricTopic } from '../../../src/stream/topics';
import {
  metric,
  openBench,
  readTransitions,
  rule,
  sendRaw,
  until,
  type Bench,
} from '../stream/kafka-harness';
import { startEvaluator } from './evaluator-process';

let bench: Bench;
beforeAll(async () => (bench = await openBench()));
afterAll(() => bench.close());

async function start(pool: string, rules: readonly AlertRule[]): Promise<void> {
  const { kafka, instance, onEvent } = bench;
  const evaluator = startEvaluator({ kafka, instance, onEvent, rules, pool });
  bench.after(() => evaluator.stop());
  await until(`an evaluator of ${pool} to have joined`, () => evaluator.joined());
}

async function send(value: number): Promise<void> {
  const message = { key: 'db-1', value: JSON.stringify(metric({ value })) };
  await sendRaw(bench.kafka, metricTopic(bench.instance, metric()), [message]);
}

const told = async () =>
  (await readTransitions(bench)).map(({ kind, rule: of, annotations }) =>
    `${of?.pool}: ${of?.name} ${kind} ${annotations.resolved_reason ?? ''}`.trimEnd(),
  );

test('each ends its own alerts, whoever starts later', async () => {
  const { kafka, instance } = bench;
  await start('default', [rule({ name: 'High' })]);
  expect(await isOnlyPool(kafka, { instance, pool: 'default' })).toBe(true);
  expect(await isOnlyPool(kafka, { instance, pool: 'others' })).toBe(false);
  await send(95);
  await until('the first alert', async () => (await told()).length === 1);

  await start('others', [rule({ name: 'VeryHigh', threshold: 98 })]);
  expect(await isOnlyPool(kafka, { instance, pool: 'default' })).toBe(false);
  await send(99);
  await until('the other alert', async () => (await told()).length >= 2);
  await send(50);
  await until('their ends', async () => (await told()).length >= 4);
  expect((await told()).sort()).toEqual([
    'default: High firing',
    'default: High resolved',
    'others: VeryHigh firing',
    'others: VeryHigh resolved',
  ]);
});
