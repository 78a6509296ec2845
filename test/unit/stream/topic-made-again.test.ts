/** A topic that is deleted and made again is read from its new beginning. */
import type { Kafka } from '../../../src/stream/kafka';
import { createPositions } from '../../../src/stream/positions';

/** One topic of one partition: where it ends, and what the group has committed (-1: nothing). */
function brokerAt(place: { high: number; committed: number }): Kafka {
  const admin = {
    connect: () => Promise.resolve(),
    disconnect: () => Promise.resolve(),
    fetchTopicOffsets: () => Promise.resolve([{ partition: 0, low: '0', high: String(place.high) }]),
    fetchOffsets: () => {
      const partitions = [{ partition: 0, offset: String(place.committed), metadata: null }];
      return Promise.resolve([{ topic: 'm', partitions }]);
    },
  };
  return { admin: () => admin } as unknown as Kafka;
}

async function readUpTo50() {
  const place = { high: 50, committed: -1 };
  const positions = createPositions(brokerAt(place), 'g', { now: Date.now });
  (await positions.settle({ m: [0] }, 0)).accept();
  positions.advance('m', 0, 50);
  return { place, positions };
}

test('a partition that nobody else has read keeps its state and its place', async () => {
  const { place, positions } = await readUpTo50();
  Object.assign(place, { high: 60, committed: 45 });
  const settled = await positions.settle({ m: [0] }, 0);
  settled.accept();
  expect(settled.fresh).toEqual([]);
  expect(positions.of('m', 0)).toEqual({ next: 50, committed: 45 });
});

test.each([
  ['its commits went with it', { high: 3, committed: -1 }],
  ['its commits went with it, and it is longer by now', { high: 70, committed: -1 }],
  ['its commits have stayed', { high: 3, committed: 45 }],
])('it begins anew where %s', async (_, now) => {
  const { place, positions } = await readUpTo50();
  Object.assign(place, now);
  const settled = await positions.settle({ m: [0] }, 0);
  settled.accept();
  expect(settled.fresh).toEqual([0]);
  expect(positions.of('m', 0)).toEqual({ next: 0, committed: -1 });
});

test('what the sink has not taken is not counted on', async () => {
  const { place, positions } = await readUpTo50();
  Object.assign(place, { high: 60, committed: 50 });
  await positions.settle({ m: [0] }, 0);
  expect((await positions.settle({ m: [0] }, 0)).fresh).toEqual([0]);
});
