/** An evaluator that starts anew goes on where the one before it ended: with its pending breaches and its open alerts. */
import { alertingGroup } from '../../../src/stream/metric-consumer';
import { countCommitted, openBench, rule, until, type Bench } from '../stream/kafka-harness';
import { startEvaluator, type RunningEvaluator } from './evaluator-process';
import { createPoints, type Points } from './points';

let bench: Bench;
let points: Points;
let running: RunningEvaluator | null = null;

beforeAll(async () => (points = createPoints((bench = await openBench()))));
afterAll(() => bench.close());

/** A new process reads everything there is and ends. */
async function evaluate(): Promise<RunningEvaluator> {
  const { kafka, instance, onEvent } = bench;
  const rules = [rule({ forMs: 60_000 })];
  const evaluator = startEvaluator({ kafka, instance, onEvent, rules, commitEveryMessages: 1 });
  running = evaluator;
  bench.after(async () => running === evaluator && (await evaluator.stop()));
  await until('everything to be committed', async () => {
    return (
      evaluator.joined() &&
      (await countCommitted(bench, alertingGroup(instance, 'default'))) === points.published()
    );
  });
  await evaluator.stop();
  running = null;
  return evaluator;
}

test('a pending breach goes on, and fires once and when its time has come', async () => {
  await points.publish([0, 95], [30, 95]);
  await evaluate();
  await points.publish([59, 95]);
  const second = await evaluate();
  // What the first has read is read again, to know since when it breaches.
  expect(second.stats().samples).toBe(3);
  expect(await points.told()).toEqual([]);
  await points.publish([60, 95], [65, 95]);
  await evaluate();
  expect(await points.told()).toEqual([['TooManyConnections', 'firing', points.isoAt(60), points.isoAt(60)]]);
});

test('an alert that recovered while nobody looked resolves at its first sample, as the episode that it was', async () => {
  await points.publish([70, 20]);
  const next = await evaluate();
  expect(next.events.filter(({ kind }) => kind === 'adopted')).toHaveLength(1);
  expect(await points.told()).toEqual([
    ['TooManyConnections', 'firing', points.isoAt(60), points.isoAt(60)],
    ['TooManyConnections', 'resolved', points.isoAt(60), points.isoAt(70)],
  ]);
});

test('nothing is told again by a process that reads again what all of them have read', async () => {
  await points.publish([80, 21]);
  await evaluate();
  expect(await points.told()).toHaveLength(2);
});
