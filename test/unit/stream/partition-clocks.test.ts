import { createPartitionClocks } from '../../../src/stream/partition-clocks';

const at = (topic: string, partition: number, next = 0, end = 0) => ({ topic, partition, next, end });

it('passes time with each answer where all is read', () => {
  const clocks = createPartitionClocks();
  clocks.assign([at('a', 0), at('b', 0, 5, 5), at('a', 1)]);
  expect(clocks.of(0)).toBe(-Infinity);
  clocks.answered(1_000);
  expect([clocks.of(0), clocks.of(1)]).toEqual([1_000, 1_000]);
  clocks.answered(900);
  expect(clocks.of(0)).toBe(1_000);
});

it('stands at the last record of the topic that is behind', () => {
  const clocks = createPartitionClocks();
  clocks.assign([at('a', 0, 0, 3), at('b', 0, 7, 7), at('a', 1)]);
  clocks.answered(10_000);
  expect([clocks.of(0), clocks.of(1)]).toEqual([-Infinity, 10_000]);
  clocks.read(at('a', 0), 0, 500);
  clocks.read(at('a', 0), 1, 700);
  expect(clocks.of(0)).toBe(700);
  clocks.read(at('a', 0), 2, 800);
  expect(clocks.of(0)).toBe(10_000);
});

it('falls behind when the end moves away', () => {
  const clocks = createPartitionClocks();
  clocks.assign([at('a', 0, 2, 2)]);
  clocks.answered(1_000);
  clocks.heard(at('a', 0), 5);
  clocks.read(at('a', 0), 2, 1_100);
  expect(clocks.of(0)).toBe(1_100);
});

it('knows nothing of an assignment until somebody has answered', () => {
  const clocks = createPartitionClocks();
  clocks.assign([at('a', 0)]);
  clocks.answered(1_000);
  clocks.assign([at('a', 0), at('b', 0)]);
  expect(clocks.of(0)).toBe(-Infinity);
  clocks.read(at('elsewhere', 9), 1, 1);
  clocks.heard(at('elsewhere', 9), 1);
});
