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
  expect(positions.of('m', 0)).toMatchObject({ next: 50, committed: 45 });
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
  expect(positions.of('m', 0)).toMatchObject({ next: 0, committed: -1 });
});

test('what the sink has not taken is not counted on', async () => {
  const { place, positions } = await readUpTo50();
  Object.assign(place, { high: 60, committed: 50 });
  await positions.settle({ m: [0] }, 0);
  expect((await positions.settle({ m: [0] }, 0)).fresh).toEqual([0]);
});

describe('while nobody joins anew', () => {
  const m = { topic: 'm', partition: 0 };

  test('what goes on where it ended is of the same topic', async () => {
    const { positions } = await readUpTo50();
    expect(positions.isMadeAgain(m, 50, 53)).toBe(false);
    expect(positions.isMadeAgain(m, 57, 60)).toBe(false);
  });

  test.each([
    ['shorter', 3],
    ['as long', 50],
    ['longer', 70],
  ])('what goes back is of another one, though it is %s', async (_, end) => {
    const { positions } = await readUpTo50();
    expect(positions.isMadeAgain(m, 0, end)).toBe(true);
    positions.restart('m', 0);
    expect(positions.isMadeAgain(m, 0, end)).toBe(false);
    positions.advance('m', 0, 3);
    expect(positions.of('m', 0).next).toBe(3);
  });

  test('what is read again after joining anew, up to where it was read, is of the same', async () => {
    const { place, positions } = await readUpTo50();
    Object.assign(place, { high: 60, committed: 40 });
    (await positions.settle({ m: [0] }, 0)).accept();
    expect(positions.isMadeAgain(m, 40, 60)).toBe(false);
    positions.advance('m', 0, 45);
    expect(positions.of('m', 0).next).toBe(50);
    expect(positions.isMadeAgain(m, 45, 60)).toBe(false);
    expect(positions.isMadeAgain(m, 44, 60)).toBe(true);
  });

  test('a new leader that does not know the end yet is not believed before it was asked', async () => {
    const { place, positions } = await readUpTo50();
    Object.assign(place, { high: 60, committed: 40 });
    (await positions.settle({ m: [0] }, 0)).accept();
    expect(positions.isMadeAgain(m, 40, 45)).toBeNull();
    expect(await positions.endsBeforeNext(m)).toBe(false);
  });

  test('a topic made again between joining and the first batch ends before what was read', async () => {
    const { place, positions } = await readUpTo50();
    Object.assign(place, { high: 60, committed: 40 });
    (await positions.settle({ m: [0] }, 0)).accept();
    place.high = 3;
    expect(positions.isMadeAgain(m, 0, 3)).toBeNull();
    expect(await positions.endsBeforeNext(m)).toBe(true);
  });
});
