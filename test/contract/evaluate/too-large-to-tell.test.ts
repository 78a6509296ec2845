/**
 * An alert whose texts are too long is told with less of them, and one that nobody would take holds up no other: neither
 * what readers refuse, nor what Kafka does.
 */
import { randomBytes } from 'node:crypto';
import { ConfigResourceTypes } from 'kafkajs';
import { withAdmin } from '../../../src/stream/kafka';
import { alertingGroup } from '../../../src/stream/metric-consumer';
import { createMetricPublisher } from '../../../src/stream/publishers';
import { alertsTopic } from '../../../src/stream/topics';
import { decodeTransition } from '../../../src/stream/transition-message';
import { countCommitted, metric, openBench, readAll, rule, until, type Bench } from '../stream/kafka-harness';
import { startEvaluator } from './evaluator-process';

let bench: Bench;
beforeEach(async () => (bench = await openBench()));
afterEach(() => bench.close());

/** Compressed it is hardly shorter. */
const text = (bytes: number): string => randomBytes(bytes / 2).toString('hex');

async function limitAlerts(bytes: number): Promise<void> {
  const configEntries = [{ name: 'max.message.bytes', value: String(bytes) }];
  const topic = { type: ConfigResourceTypes.TOPIC, name: alertsTopic(bench.instance), configEntries };
  await withAdmin(bench.kafka, (admin) => admin.alterConfigs({ validateOnly: false, resources: [topic] }));
}

test.each([
  ['a reader', 600_000, 600_000, null, 'is longer than 524288 bytes'],
  ['Kafka', 200_000, 100_000, 50_000, 'Kafka refuses the record'],
])('what %s would refuse is told shortened, or left out', async (_, annotation, label, limit, problem) => {
  const { kafka, instance, onEvent } = bench;
  if (limit !== null) await limitAlerts(limit);
  const publisher = createMetricPublisher({ kafka, instance, lingerMs: 0 });
  bench.after(() => publisher.close());
  const evaluator = startEvaluator({
    ...{ kafka, instance, onEvent, commitEveryMessages: 1 },
    rules: [
      rule({ name: 'Plain' }),
      rule({ name: 'Vast', labels: { blob: text(label) } }),
      rule({ name: 'Wordy', annotations: { summary: text(annotation) } }),
      rule({ name: 'Last' }),
    ],
  });
  bench.after(() => evaluator.stop());
  await publisher.publish([metric({ value: 95 })]);
  await until(
    'the commit',
    async () => (await countCommitted(bench, alertingGroup(instance, 'default'))) === 1,
  );

  // Halves that are handed over again may bring the same twice.
  const decoded = (await readAll(bench, alertsTopic(instance))).map(({ value }) => decodeTransition(value));
  const told = new Map(
    decoded.flatMap((each) => (each.ok ? [[each.value.rule!.name, each.value] as const] : [])),
  );
  expect([decoded.every(({ ok }) => ok), [...told.keys()]]).toEqual([true, ['Plain', 'Wordy', 'Last']]);
  expect(told.get('Wordy')!.annotations.summary).toMatch(/^[0-9a-f]+… \(cut\)$/);
  expect(evaluator.events.filter(({ kind }) => kind === 'transition_refused')).toMatchObject([
    { transition: 'firing', rule: 'Vast', problem: expect.stringContaining(problem) as string },
  ]);
});
