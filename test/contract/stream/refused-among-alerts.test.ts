/** A transition that its taker refuses for good is put aside; the ones around it are taken, however long that has to wait. */
import { TocsinError } from '../../../src/domain/errors';
import type { DeadLetter } from '../../../src/stream/dead-letters';
import { alertsDlqTopic, alertsTopic, ensureTopics } from '../../../src/stream/topics';
import { consumeTransitions } from '../../../src/stream/transition-consumer';
import { encodeTransition } from '../../../src/stream/transition-message';
import { transition } from '../../builders/alerts';
import { countCommitted, openBench, readAll, sendRaw, until, type Bench } from './kafka-harness';

let bench: Bench;
beforeAll(async () => (bench = await openBench()));
afterAll(() => bench.close());

test('one is refused, and the taker is away meanwhile', async () => {
  const { kafka, instance, onEvent } = bench;
  const names = ['a', 'b', 'bad', 'c'];
  const all = names.map((name) => transition({ labels: { instance_id: name } }));
  await sendRaw(
    kafka,
    alertsTopic(instance),
    all.map((each) => ({ partition: 0, value: encodeTransition(each) })),
  );
  const taken: string[] = [];
  let calls = 0;
  const consumer = consumeTransitions({
    kafka,
    instance,
    groupId: 'pages',
    onEvent,
    async onBatch(placed) {
      calls += 1;
      if (calls === 2 || calls === 6) throw new TocsinError('TOC_DEPENDENCY_AWAY', 'gone');
      const given = placed.map((each) => each.transition.labels.instance_id!);
      if (given.includes('bad')) throw new TocsinError('TOC_VALUE_REFUSED', 'out of range');
      taken.push(...given);
    },
  });
  await until('the batch to be done', () =>
    bench.events.some((event) => event.kind === 'batch' && event.messages === names.length),
  );
  await consumer.stop();
  expect(await countCommitted(bench, `${instance}.pages`)).toBe(names.length);
  expect([...new Set(taken)].sort()).toEqual(['a', 'b', 'c']);
  const letters = (await readAll(bench, alertsDlqTopic(instance))).map(
    ({ value }) => JSON.parse(value!.toString()) as DeadLetter,
  );
  expect(letters.map(({ reason, problems }) => [reason, problems])).toEqual([
    ['refused_transition', ['pages: out of range']],
  ]);
  const original = JSON.parse(Buffer.from(letters[0]!.value_base64!, 'base64').toString()) as unknown;
  expect(original).toMatchObject({ labels: { instance_id: 'bad' } });
});

test('a passing refusal costs no alert, however often the taker was away before', async () => {
  const { kafka, onEvent } = bench;
  const instance = `${bench.instance}-passing`;
  await ensureTopics(kafka, instance, [], { development: true });
  const value = encodeTransition(transition({ labels: { instance_id: 'a' } }));
  await sendRaw(kafka, alertsTopic(instance), [{ partition: 0, value }]);
  const taken: string[] = [];
  let calls = 0;
  const consumer = consumeTransitions({
    ...{ kafka, instance, onEvent, groupId: 'pages' },
    async onBatch(placed) {
      calls += 1;
      if (calls <= 5) throw new TocsinError('TOC_DEPENDENCY_AWAY', 'gone');
      if (calls <= 7) throw new TocsinError('TOC_VALUE_REFUSED', 'by a process of another version');
      taken.push(...placed.map((each) => each.transition.labels.instance_id!));
    },
  });
  await until('the transition to be taken', () => taken.length === 1);
  await consumer.stop();
});
