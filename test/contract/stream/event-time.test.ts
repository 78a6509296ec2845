/** Metrics far from their record time: late ones are put aside as they came, those of a wrong clock go by the policy. */
import type { Message } from 'kafkajs';
import { seriesLabels } from '../../../src/domain/metric';
import type { DeadLetter } from '../../../src/stream/dead-letters';
import { DEFAULT_TIMING, type EventTiming } from '../../../src/stream/event-time';
import { alertingGroup } from '../../../src/stream/metric-consumer';
import { createSampleReader } from '../../../src/stream/sample-reader';
import {
  derivedTopic,
  ensureTopics,
  lateMetricsTopic,
  metricsDlqTopic,
  metricTopic,
} from '../../../src/stream/topics';
import { startEvaluator, type RunningEvaluator } from '../evaluate/evaluator-process';
import {
  committedOf,
  metric,
  openBench,
  readAll,
  readTransitions,
  rule,
  sendRaw,
  until,
  type Bench,
} from './kafka-harness';

const benches: Bench[] = [];
afterAll(async () => {
  for (const bench of benches) await bench.close();
});

const now = Date.now();
const at = (seconds: number, value: number): Message => ({
  key: 'db-1',
  partition: 3,
  value: JSON.stringify(metric({ timestamp: new Date(now + seconds * 1_000).toISOString(), value })),
});

async function openWith(messages: readonly Message[], topicOf = metricTopic) {
  const bench = await openBench();
  benches.push(bench);
  const { kafka, instance, onEvent } = bench;
  const topic = topicOf(instance, metric());
  await ensureTopics(kafka, instance, [topic]);
  await sendRaw(kafka, topic, messages);
  // The second rule makes a new process read again what was read before.
  const rules = [rule(), rule({ name: 'Slow', metric: 'locks', forMs: 60_000 })];

  async function evaluate(timing?: EventTiming): Promise<RunningEvaluator> {
    const evaluator = startEvaluator({ kafka, instance, onEvent, rules, commitEveryMessages: 1, timing });
    try {
      await until('everything to be read and committed', async () => {
        const committed = await committedOf(bench, alertingGroup(instance, 'default'));
        return evaluator.stats().samples > 0 && committed[`${topic}/3`] === messages.length;
      });
    } finally {
      await evaluator.stop();
    }
    return evaluator;
  }

  const told = async () => (await readTransitions(bench)).map(({ kind, event_time: time }) => [kind, time]);
  return { bench, topic, evaluate, told };
}

test('late metrics are kept as they came, and those of a clock ahead are evaluated for their record time', async () => {
  const messages = [at(-7_200, 99), at(-60, 50), at(660, 95), at(120, 20)];
  const { bench, topic, evaluate, told } = await openWith(messages);
  const recorded = (await readAll(bench, topic)).map(({ timestamp }) => Number(timestamp));
  const isoOf = (offset: number): string => new Date(recorded[offset]!).toISOString();
  expect((await evaluate()).stats()).toMatchObject({ samples: 3, late: 0 });

  const check = async (): Promise<void> => {
    expect(await told()).toEqual([
      ['firing', isoOf(2)],
      ['resolved', isoOf(3)],
    ]);
    const late = await readAll(bench, lateMetricsTopic(bench.instance));
    expect(late.map(({ key, value }) => [key?.toString(), value?.toString()])).toEqual([
      ['db-1', messages[0]!.value],
    ]);
    const headers = Object.entries(late[0]!.headers!).map(([name, value]) => [name, String(value)]);
    expect(Object.fromEntries(headers)).toEqual({
      'tocsin-topic': topic,
      'tocsin-partition': '3',
      'tocsin-offset': '0',
      'tocsin-record-time-ms': String(recorded[0]),
      'tocsin-late-ms': String(recorded[0]! - (now - 7_200_000)),
    });
    expect(await readAll(bench, metricsDlqTopic(bench.instance))).toEqual([]);
    const place = { topic, partition: 3, instanceId: 'db-1', samples: 1 };
    const of = (wanted: string) => bench.events.filter(({ kind }) => kind === wanted);
    expect(of('late_metrics')).toEqual([
      { kind: 'late_metrics', ...place, lateMs: recorded[0]! - (now - 7_200_000) },
    ]);
    expect(of('clock_skew')).toEqual([
      { kind: 'clock_skew', action: 'corrected', ...place, aheadMs: now + 660_000 - recorded[2]! },
    ]);
  };
  await check();
  // A process that reads all of it again comes to the same, and puts nothing aside a second time.
  expect((await evaluate()).stats()).toMatchObject({ samples: 3, late: 0 });
  await check();
});

test('a clock ahead makes dead letters where the policy rejects it, and nothing else is held against it', async () => {
  const { bench, topic, evaluate, told } = await openWith([at(-60, 50), at(660, 95), at(120, 96)]);
  const recorded = (await readAll(bench, topic)).map(({ timestamp }) => Number(timestamp));
  await evaluate({ ...DEFAULT_TIMING, skewPolicy: 'reject' });

  expect(await told()).toEqual([['firing', new Date(recorded[2]!).toISOString()]]);
  const letters = (await readAll(bench, metricsDlqTopic(bench.instance))).map(
    ({ value }) => JSON.parse(value!.toString()) as DeadLetter,
  );
  expect(letters.map(({ reason, offset }) => [reason, offset])).toEqual([['clock_skew', '1']]);
  const skewed = bench.events.filter(({ kind }) => kind === 'clock_skew');
  expect(skewed).toMatchObject([{ action: 'rejected', instanceId: 'db-1', samples: 1 }]);
});

test('how far is too far is set: a minute late, ten seconds ahead', async () => {
  const { bench, evaluate, told } = await openWith([at(-90, 99), at(-30, 50), at(30, 95)]);
  await evaluate({ maxSkewMs: 10_000, skewPolicy: 'reject', maxLateMs: 60_000 });
  expect(await told()).toEqual([]);
  expect(await readAll(bench, lateMetricsTopic(bench.instance))).toHaveLength(1);
  expect(await readAll(bench, metricsDlqTopic(bench.instance))).toHaveLength(1);
});

test('what rules make from a backlog is never late', async () => {
  const { bench, evaluate, told } = await openWith([at(-7_200, 95), at(-7_190, 20)], derivedTopic);
  await evaluate();
  expect((await told()).map(([kind]) => kind)).toEqual(['firing', 'resolved']);
  expect(await readAll(bench, lateMetricsTopic(bench.instance))).toEqual([]);
});

test('a verification reads samples at the times for which they are evaluated', async () => {
  const { bench, topic } = await openWith([at(-60, 50), at(240, 95)]);
  const recorded = (await readAll(bench, topic)).map(({ timestamp }) => Number(timestamp));
  const samples = createSampleReader(bench);
  const series = { metric: metric().metric_name, labels: seriesLabels(metric()) };
  expect(await samples.since(series, now - 120_000)).toEqual([
    [now - 60_000, 50],
    [recorded[1], 95],
  ]);
  expect(await samples.since(series, recorded[1]!)).toEqual([]);
});

test('a verification leaves out what evaluators leave out', async () => {
  const { bench } = await openWith([at(-7_200, 10), at(-60, 50), at(600, 95)]);
  const samples = createSampleReader({ ...bench, timing: { ...DEFAULT_TIMING, skewPolicy: 'reject' } });
  const series = { metric: metric().metric_name, labels: seriesLabels(metric()) };
  expect(await samples.since(series, now - 10_800_000)).toEqual([[now - 60_000, 50]]);
});
