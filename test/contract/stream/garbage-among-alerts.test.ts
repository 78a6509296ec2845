/** What is no transition stands in nobody's way: neither in that of those who act on them, nor in the view of open alerts. */
import type { DeadLetter } from '../../../src/stream/dead-letters';
import { followOpenAlerts } from '../../../src/stream/open-alerts';
import type { PlacedTransition } from '../../../src/stream/port';
import { alertsDlqTopic, alertsTopic } from '../../../src/stream/topics';
import { consumeTransitions } from '../../../src/stream/transition-consumer';
import { encodeTransition } from '../../../src/stream/transition-message';
import { createEvaluator } from '../../unit/evaluate/sketches';
import {
  countCommitted,
  metric,
  openBench,
  readAll,
  rule,
  sendRaw,
  until,
  type Bench,
} from './kafka-harness';

let bench: Bench;
beforeAll(async () => (bench = await openBench()));
afterAll(() => bench.close());

const firing = (instanceId: string) =>
  createEvaluator({ rules: [rule()] }).offer(metric({ instance_id: instanceId, value: 95 }))[0]!;
const [one, two, three] = [firing('db-1'), firing('db-2'), firing('db-3')];
const MESSAGES = [
  { value: null },
  { value: encodeTransition(one) },
  { value: 'garbage' },
  { value: JSON.stringify({ ...two, kind: 'flapping' }) },
  { value: encodeTransition(two) },
  { value: JSON.stringify({ ...two, labels: 'x'.repeat(900_000) }) },
];

test('a consumer is handed the transitions, again until it takes them, and the rest is put aside', async () => {
  const { kafka, instance, onEvent } = bench;
  await sendRaw(kafka, alertsTopic(instance), MESSAGES);
  const handed: PlacedTransition[] = [];
  let refusals = 2;
  const consumer = consumeTransitions({
    kafka,
    instance,
    groupId: 'pages',
    onEvent,
    onBatch(transitions) {
      if (refusals-- > 0) return Promise.reject(new Error('the rows are away'));
      handed.push(...transitions);
      return Promise.resolve();
    },
  });
  bench.after(() => consumer.stop());
  await until('everything to be committed', async () => {
    const committed = await countCommitted(bench, `${instance}.pages`);
    // Looked at afterwards: what was committed by then had to be handed over by now.
    expect(committed > 2 && handed.length === 0).toBe(false);
    return committed === MESSAGES.length;
  });
  expect(handed).toEqual([
    { partition: 0, offset: '1', transition: one },
    { partition: 0, offset: '4', transition: two },
  ]);
  expect(bench.events.filter(({ kind }) => kind === 'batch_retry')).toHaveLength(2);
  const letters = (await readAll(bench, alertsDlqTopic(instance))).map(
    ({ value }) => JSON.parse(value!.toString()) as DeadLetter,
  );
  expect(letters.map(({ offset, reason, topic }) => [offset, reason, topic])).toEqual(
    ['0', '2', '3', '5'].map((offset) => [offset, 'invalid_transition', alertsTopic(instance)]),
  );
});

test('the view of open alerts knows those between the garbage, and those that come after it', async () => {
  const { kafka, instance, onEvent } = bench;
  const view = followOpenAlerts({ kafka, instance, onEvent });
  bench.after(() => view.close());
  await view.caughtUp();
  const open = (): string[] => [...view.open()].map(({ last }) => last.labels.instance_id!).sort();
  expect(open()).toEqual(['db-1', 'db-2']);
  await sendRaw(kafka, alertsTopic(instance), [
    { value: 'more' },
    { value: encodeTransition(three) },
    { value: null },
  ]);
  await view.caughtUp();
  expect(open()).toEqual(['db-1', 'db-2', 'db-3']);
});
