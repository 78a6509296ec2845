/** The first of many transitions are taken before the others: who writes their rows tells of them meanwhile. */
import { alertsTopic } from '../../../src/stream/topics';
import { consumeTransitions } from '../../../src/stream/transition-consumer';
import { encodeTransition } from '../../../src/stream/transition-message';
import { transition } from '../../builders/alerts';
import { openBench, sendRaw, until, type Bench } from './kafka-harness';

let bench: Bench;
beforeAll(async () => (bench = await openBench()));
afterAll(() => bench.close());

test('each call has twice as many as the one before, in order, and none is left out', async () => {
  const { kafka, instance, onEvent } = bench;
  const names = Array.from({ length: 400 }, (_, n) => `db-${n}`);
  const records = names.map((name) => ({
    partition: 0,
    value: encodeTransition(transition({ labels: { instance_id: name } })),
  }));
  await sendRaw(kafka, alertsTopic(instance), records);
  const calls: string[][] = [];
  const consumer = consumeTransitions({
    ...{ kafka, instance, onEvent, groupId: 'pages', maxBatch: 120 },
    onBatch: (placed) => {
      calls.push(placed.map((each) => each.transition.labels.instance_id!));
      return Promise.resolve();
    },
  });
  await until('all to be taken', () => calls.flat().length >= names.length);
  await consumer.stop();
  expect(calls.flat()).toEqual(names);
  expect(calls.map((call) => call.length)).toEqual([50, 100, 120, 120, 10]);
});
