/** A metric on Kafka becomes a firing transition, and a good one after it a resolve. */
import { alertsTopic } from '../../../src/stream/topics';
import { createMetricPublisher } from '../../../src/stream/publishers';
import { decodeTransition } from '../../../src/stream/transition-message';
import { openBench, metric, readAll, rule, until, type Bench } from '../stream/kafka-harness';
import { startEvaluator } from './evaluator-process';

let bench: Bench;
beforeAll(async () => (bench = await openBench()));
afterAll(() => bench.close());

test('a breach fires once, a change is told, and recovery resolves', async () => {
  const { kafka, instance, onEvent } = bench;
  const publisher = createMetricPublisher({ kafka, instance, onEvent });
  const evaluator = startEvaluator({
    kafka,
    instance,
    onEvent,
    rules: [rule({ cooldownMs: 60_000, runbook: 'r' })],
  });
  bench.after(() => evaluator.stop());
  bench.after(() => publisher.close());
  const start = Date.now() - 60_000;
  const at = (seconds: number, value: number) =>
    metric({ value, timestamp: new Date(start + seconds * 1_000).toISOString() });
  await publisher.publish([at(0, 50), at(1, 95), at(2, 96), at(15, 120), at(30, 20)]);

  const records = await until('three transitions', async () => {
    const found = await readAll(bench, alertsTopic(instance));
    return found.length >= 3 ? found : null;
  });
  const transitions = records
    .map(({ value }) => decodeTransition(value))
    .map((decoded) => (decoded.ok ? decoded.value : null));
  expect(transitions.map((each) => [each?.kind, each?.value])).toEqual([
    ['firing', 95],
    ['changed', 120],
    ['resolved', 20],
  ]);
  const [fired, , resolved] = transitions;
  expect(records[0]!.key!.toString()).toBe(fired!.fingerprint);
  expect(fired).toMatchObject({
    source: 'evaluator',
    starts_at: new Date(start + 1_000).toISOString(),
    ends_at: null,
    threshold: 90,
    runbook: 'r',
    cooldown_ms: 60_000,
    correlation_id: 'c-1',
    labels: {
      alertname: 'TooManyConnections',
      severity: 'critical',
      metric: 'connections_used',
      instance_id: 'db-1',
    },
  });
  expect(fired!.recent.map(([, value]) => value)).toEqual([50, 95]);
  expect(resolved).toMatchObject({
    starts_at: fired!.starts_at,
    ends_at: new Date(start + 30_000).toISOString(),
  });
});
