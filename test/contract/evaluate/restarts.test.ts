/** An evaluator that starts anew goes on where the one before it ended: with its pending breaches and its open alerts. */
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
import { startEvaluator, type RunningEvaluator } from './evaluator-process';

let bench: Bench;
let running: RunningEvaluator | null = null;
let published = 0;
const start = Date.now() - 120_000;
const isoAt = (seconds: number): string => new Date(start + seconds * 1_000).toISOString();

beforeAll(async () => (bench = await openBench()));
afterAll(() => bench.close());

async function publish(...points: [number, number][]): Promise<void> {
  const { kafka, instance } = bench;
  const publisher = createMetricPublisher({ kafka, instance, lingerMs: 0 });
  await publisher.publish(points.map(([at, value]) => metric({ value, timestamp: isoAt(at) })));
  await publisher.close();
  published += points.length;
}

/** A new process reads everything there is and ends. */
async function evaluate(): Promise<RunningEvaluator> {
  const { kafka, instance, onEvent } = bench;
  const rules = [rule({ forMs: 60_000 })];
  const evaluator = startEvaluator({ kafka, instance, onEvent, rules, commitEveryMessages: 1 });
  running = evaluator;
  bench.after(async () => running === evaluator && (await evaluator.stop()));
  await until('everything to be committed', async () => {
    return (
      evaluator.joined() && (await countCommitted(bench, alertingGroup(instance, 'default'))) === published
    );
  });
  await evaluator.stop();
  running = null;
  return evaluator;
}

const told = async () =>
  (await readTransitions(bench)).map(({ kind, starts_at: from, event_time: at }) => [kind, from, at]);

test('a pending breach goes on, and fires once and when its time has come', async () => {
  await publish([0, 95], [30, 95]);
  await evaluate();
  await publish([59, 95]);
  const second = await evaluate();
  // What the first has read is read again, to know since when it breaches.
  expect(second.stats().samples).toBe(3);
  expect(await told()).toEqual([]);
  await publish([60, 95], [65, 95]);
  await evaluate();
  expect(await told()).toEqual([['firing', isoAt(60), isoAt(60)]]);
});

test('an alert that recovered while nobody looked resolves at its first sample, as the episode that it was', async () => {
  await publish([70, 20]);
  const next = await evaluate();
  expect(next.events.filter(({ kind }) => kind === 'adopted')).toHaveLength(1);
  expect(await told()).toEqual([
    ['firing', isoAt(60), isoAt(60)],
    ['resolved', isoAt(60), isoAt(70)],
  ]);
});

test('nothing is told again by a process that reads again what all of them have read', async () => {
  await publish([80, 21]);
  await evaluate();
  expect(await told()).toHaveLength(2);
});
