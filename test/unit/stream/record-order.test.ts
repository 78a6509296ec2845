import fc from 'fast-check';
import { createRecordOrder, type Recorded } from '../../../src/stream/record-order';

const record = (time: number): Recorded => ({ timestamp: String(time), value: Buffer.from('x') });

it('waits for each source that goes on, and takes the earliest of all', () => {
  const order = createRecordOrder(2);
  order.add(0, [record(1), record(5)]);
  expect(order.take()).toBeNull();
  order.add(1, [record(3)]);
  expect([order.take()?.source, order.take()?.source, order.take()]).toEqual([0, 1, null]);
  expect(order.isOver()).toBe(false);
  order.end(1);
  expect([order.take()?.record.timestamp, order.take(), order.isOver()]).toEqual(['5', null, false]);
  order.end(0);
  expect(order.isOver()).toBe(true);
});

it('takes records of one time from the first source first', () => {
  const order = createRecordOrder(2);
  order.add(1, [record(7)]);
  order.add(0, [record(7)]);
  expect([order.take()?.source]).toEqual([0]);
});

it('knows how much of a source is here', () => {
  const order = createRecordOrder(1);
  expect(order.heldBytes(0)).toBe(0);
  order.add(0, [{ timestamp: '1', value: Buffer.alloc(1_000) }, record(2)]);
  const both = order.heldBytes(0);
  expect(both).toBeGreaterThan(1_000);
  order.take();
  expect(both - order.heldBytes(0)).toBeGreaterThanOrEqual(1_000);
  order.take();
  expect(order.heldBytes(0)).toBe(0);
});

const times = fc.array(fc.nat(50), { maxLength: 20 }).map((found) => found.sort((a, b) => a - b));

it('gives what one sort of everything would, however it comes', () => {
  fc.assert(
    fc.property(
      fc.array(times, { minLength: 1, maxLength: 5 }),
      fc.infiniteStream(fc.nat(3)),
      (all, sizes) => {
        const order = createRecordOrder(all.length);
        const left = all.map((each) => [...each]);
        const taken: [number, number][] = [];
        for (let i = 0; !order.isOver(); i++) {
          const source = i % all.length;
          order.add(source, left[source]!.splice(0, sizes.next().value as number).map(record));
          if (left[source]!.length === 0) order.end(source);
          for (let next = order.take(); next !== null; next = order.take())
            taken.push([Number(next.record.timestamp), next.source]);
        }
        const sorted = all
          .flatMap((each, source) => each.map((time): [number, number] => [time, source]))
          .sort(([a, i], [b, j]) => a - b || i - j);
        expect(taken).toEqual(sorted);
      },
    ),
  );
});
