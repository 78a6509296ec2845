import { createPartitionClocks } from '../../../src/stream/partition-clocks';

const at = (topic: string, partition: number, next = 0, end = 0) => ({ topic, partition, next, end });

/** Topics whose partitions 0 and 1 one node leads each. */
const ledBy = (leaders: Record<string, number>) =>
  new Map(
    Object.entries(leaders).map(([topic, node]) => [
      topic,
      new Map([
        [0, node],
        [1, node],
      ]),
    ]),
  );

function clocksLedBy(leaders: Record<string, number>) {
  const clocks = createPartitionClocks();
  clocks.led(ledBy(leaders));
  return clocks;
}

it('passes time with each answer where all is read', () => {
  const clocks = clocksLedBy({ a: 1, b: 1 });
  clocks.assign([at('a', 0), at('b', 0, 5, 5), at('a', 1)], 100);
  expect(clocks.of(0)).toBe(100);
  clocks.answered(1, 1_000);
  expect([clocks.of(0), clocks.of(1)]).toEqual([1_000, 1_000]);
  clocks.answered(1, 900);
  expect(clocks.of(0)).toBe(1_000);
});

it('stands at the last record of the topic that is behind', () => {
  const clocks = clocksLedBy({ a: 1, b: 1 });
  clocks.assign([at('a', 0, 0, 3), at('b', 0, 7, 7), at('a', 1)], 100);
  clocks.heard(at('a', 0), 3);
  clocks.answered(1, 10_000);
  expect([clocks.of(0), clocks.of(1)]).toEqual([-Infinity, 10_000]);
  clocks.read(at('a', 0), 0, 500);
  clocks.read(at('a', 0), 1, 700);
  expect(clocks.of(0)).toBe(700);
  clocks.read(at('a', 0), 2, 800);
  expect(clocks.of(0)).toBe(10_000);
});

it('lets what is behind go on alone until somebody has answered', () => {
  const clocks = clocksLedBy({ a: 1, b: 1 });
  clocks.assign([at('a', 0, 0, 1), at('b', 0, 7, 7)], 100);
  clocks.heard(at('a', 0), 1);
  clocks.read(at('a', 0), -1, 50);
  expect(clocks.of(0)).toBe(50);
});

it('falls behind when the end moves away', () => {
  const clocks = clocksLedBy({ a: 1 });
  clocks.assign([at('a', 0, 2, 2)], 100);
  clocks.answered(1, 1_000);
  clocks.heard(at('a', 0), 5);
  clocks.read(at('a', 0), 2, 1_100);
  expect(clocks.of(0)).toBe(1_100);
});

it('knows of an assignment no more than when it was asked for, until somebody has answered', () => {
  const clocks = clocksLedBy({ a: 1, b: 1 });
  clocks.assign([at('a', 0)], 100);
  clocks.answered(1, 1_000);
  clocks.assign([at('a', 0), at('b', 0)], 100);
  expect(clocks.of(0)).toBe(100);
  clocks.read(at('elsewhere', 9), 1, 1);
  clocks.heard(at('elsewhere', 9), 1);
});

it('counts only those who lead the topics of a partition number, also after they have changed', () => {
  const clocks = clocksLedBy({ a: 1, b: 2, quiet: 3 });
  clocks.assign([at('a', 0), at('b', 0), at('quiet', 1)], 100);
  clocks.answered(1, 5_000);
  expect(clocks.of(0)).toBe(100);
  clocks.answered(2, 1_000);
  expect([clocks.of(0), clocks.of(1)]).toEqual([1_000, 100]);
  clocks.led(ledBy({ a: 1, b: 1, quiet: 3 }));
  expect(clocks.of(0)).toBe(5_000);
});

it('stands where nobody leads', () => {
  const clocks = clocksLedBy({ a: -1 });
  clocks.assign([at('a', 0)], 100);
  clocks.answered(1, 5_000);
  expect(clocks.of(0)).toBe(100);
});

it('does not take what a node has not given for read', () => {
  const clocks = clocksLedBy({ a: 1 });
  clocks.assign([at('a', 0, 0, 3)], 100);
  for (const time of [1_000, 1_300, 1_600]) clocks.answered(1, time);
  expect(clocks.of(0)).toBe(-Infinity);
  clocks.heard(at('a', 0), 3);
  clocks.read(at('a', 0), 1, 700);
  for (const time of [1_000, 1_300, 1_600]) clocks.answered(1, time);
  expect(clocks.of(0)).toBe(700);
});

it('passes what is no message', () => {
  const clocks = clocksLedBy({ a: 1 });
  clocks.assign([at('a', 0, 0, 3)], 100);
  clocks.read(at('a', 0), 1, 700);
  clocks.read(at('a', 0), 2, -Infinity);
  clocks.answered(1, 1_000);
  expect(clocks.of(0)).toBe(1_000);
});

it('goes on with a topic that was made again', () => {
  const clocks = clocksLedBy({ a: 1 });
  clocks.assign([at('a', 0, 50, 50)], 100);
  clocks.restart(at('a', 0));
  clocks.heard(at('a', 0), 3);
  clocks.read(at('a', 0), 0, 700);
  clocks.answered(1, 1_000);
  expect(clocks.of(0)).toBe(700);
});

describe('a topic whose records do not say when they came', () => {
  it('holds up none of the others while it is behind', () => {
    const clocks = clocksLedBy({ a: 1, undated: 1 });
    clocks.assign([at('a', 0, 5, 5), at('undated', 0, 0, 1_000)], 100);
    clocks.answered(1, 1_000);
    expect(clocks.of(0)).toBe(-Infinity);
    clocks.readUndated(at('undated', 0), 9);
    expect(clocks.of(0)).toBe(1_000);
    clocks.answered(1, 2_000);
    expect(clocks.of(0)).toBe(2_000);
    clocks.heard(at('a', 0), 7);
    clocks.read(at('a', 0), 5, 1_500);
    expect(clocks.of(0)).toBe(1_500);
  });

  it('is waited for again from the first record that says it', () => {
    const clocks = clocksLedBy({ a: 1, undated: 1 });
    clocks.assign([at('a', 0, 5, 5), at('undated', 0, 0, 1_000)], 100);
    clocks.answered(1, 1_000);
    clocks.readUndated(at('undated', 0), 9);
    clocks.read(at('undated', 0), 10, -Infinity);
    expect(clocks.of(0)).toBe(1_000);
    clocks.read(at('undated', 0), 11, 700);
    expect(clocks.of(0)).toBe(700);
  });
});

it('stands where a topic is there and cannot be read', () => {
  const clocks = clocksLedBy({ a: 1, unled: -1 });
  clocks.assign([at('a', 0), at('a', 1)], 100, [{ topic: 'unled', partition: 0 }]);
  clocks.answered(1, 1_000);
  expect([clocks.of(0), clocks.of(1)]).toEqual([-Infinity, 1_000]);
});
