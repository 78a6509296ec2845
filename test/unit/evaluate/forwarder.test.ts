/** What partitions give to slots is given in order, and what Kafka refuses for good holds up none of the rest. */
import { TocsinError } from '../../../src/domain/errors';
import { createForwarder, type RefusedRecord } from '../../../src/evaluate/forwarder';
import { planGroups } from '../../../src/evaluate/global-groups';
import type { SharedRecord, SharedSample } from '../../../src/stream/port';

const SUM = { kind: 'record', name: 'total', expr: 'sum(x)', labels: {} } as const;
const plan = planGroups(
  [{ file: null, name: 'g', intervalMs: null, queryOffsetMs: null, limit: 0, rules: [SUM] }],
  1,
);

const sample = (instance: string): SharedSample => ({
  ...{ metric_name: 'x', instance_id: instance, database_type: 'host', tags: {}, value: 1, time: 1 },
});
const idsOf = ({ samples }: SharedRecord): string => samples.map(({ instance_id: id }) => id).join();

/** A Kafka that refuses every record with a sample of `bad`. */
function sketch(failures: Error[] = []) {
  const given: string[] = [];
  const refused: RefusedRecord[] = [];
  const forwarder = createForwarder(
    plan,
    {
      async publish(records) {
        const failure = failures.shift();
        if (failure !== undefined) throw failure;
        if (records.some((record) => idsOf(record).includes('bad')))
          throw new TocsinError('TOC_MESSAGE_INVALID', 'Kafka refuses the record: too large');
        given.push(...records.map((record) => `${idsOf(record)}@${record.time}`));
      },
    },
    (record) => void refused.push(record),
  );
  forwarder.assigned([0], [0]);
  return { given, refused, forwarder };
}

test('a record that is refused for good is told of and left out', async () => {
  const { given, refused, forwarder } = sketch([new TocsinError('TOC_DEPENDENCY_AWAY', 'Kafka is away')]);
  for (const [at, id] of ['a', 'bad', 'b'].entries()) {
    forwarder.offer(0, sample(id));
    forwarder.reached(0, 1_000 * (at + 1));
  }
  // What was on its way when Kafka was away goes with the next.
  await forwarder.flush(0).catch(() => undefined);
  await forwarder.flush(0);
  expect(given).toEqual(['a@1000', 'b@3000']);
  expect(refused).toEqual([
    { slot: plan.slots[0]!.slot, partition: 0, samples: 1, problem: expect.stringContaining('too large') },
  ]);
  expect(forwarder.unsent()).toBe(0);
});

test('what may still arrive is kept, and given again', async () => {
  const away = new TocsinError('TOC_DEPENDENCY_AWAY', 'Kafka is away');
  const { given, refused, forwarder } = sketch([away]);
  forwarder.offer(0, sample('a'));
  await expect(forwarder.flush(0)).rejects.toThrow('Kafka is away');
  expect([given, refused, forwarder.unsent()]).toEqual([[], [], 1]);
  await forwarder.flush(0);
  expect([given, forwarder.unsent()]).toEqual([['a@null'], 0]);
});
