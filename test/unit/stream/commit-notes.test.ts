/** What commits say beside their offsets: whatever somebody has written there, the partition is read. */
import type { Kafka } from '../../../src/stream/kafka';
import { createPositions, noteOf } from '../../../src/stream/positions';

const NOW = 1_800_000_000_000;
const HOUR_MS = 3_600_000;

/** A process that has read nothing yet takes a partition over of which 45 records were committed with this note. */
async function takenOver(metadata: string | null, plan?: string) {
  const asked: number[] = [];
  const admin = {
    connect: () => Promise.resolve(),
    disconnect: () => Promise.resolve(),
    fetchTopicOffsets: () => Promise.resolve([{ partition: 0, low: '0', high: '50' }]),
    fetchOffsets: () =>
      Promise.resolve([{ topic: 'm', partitions: [{ partition: 0, offset: '45', metadata }] }]),
    fetchTopicOffsetsByTimestamp(_: string, since: number) {
      asked.push(since);
      return Promise.resolve([{ partition: 0, offset: '40' }]);
    },
  };
  const kafka = { admin: () => admin } as unknown as Kafka;
  const positions = createPositions(kafka, 'g', { plan, now: () => NOW });
  const { toldUntil, otherPlan, rereads } = await positions.settle({ m: [0] }, HOUR_MS);
  return { asked, told: toldUntil.get(0), otherPlan, from: rereads[0]?.offset ?? 45 };
}

test.each([
  ['of a record', noteOf(NOW), { asked: [NOW - HOUR_MS], told: NOW, from: 40 }],
  ['with what was told', noteOf(NOW, undefined, NOW - 5), { told: NOW - 5, from: 40 }],
  ['of which nothing was told', noteOf(NOW, undefined, 0), { told: 0, from: 40 }],
  ['of 1970', '1000', { asked: [0], told: 1_000, from: 40 }],
  ['of no time', '-1', { asked: [], told: -Infinity, from: 45 }],
  ['of no time, with what was told', `-1 - ${NOW}`, { asked: [], told: NOW, from: 45 }],
  ['beyond all time', '9'.repeat(30), { asked: [], told: -Infinity, from: 45 }],
  ['told beyond all time', `${NOW} - ${'9'.repeat(30)}`, { told: NOW, from: 40 }],
  ['of a person', 'by hand', { asked: [], told: -Infinity, from: 45 }],
  ['none', null, { asked: [], told: -Infinity, from: 45 }],
])('a note %s', async (_, metadata, expected) => {
  expect(await takenOver(metadata)).toMatchObject(expected);
});

test('a note of no time still says under which plan was read', async () => {
  expect((await takenOver('-1 abc', 'abc')).otherPlan).toEqual([]);
  expect((await takenOver('-1 abc', 'xyz')).otherPlan).toEqual([0]);
});
