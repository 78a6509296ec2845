/** Samples against a sorted array that does the same simply. */
import fc from 'fast-check';
import { look, newWindow, Samples } from '../../../src/promql/samples';

type Sample = readonly [time: number, value: number | 'stale'];

class Model {
  kept: Sample[] = [];

  add(sample: Sample): boolean {
    if (this.kept.some(([time]) => time === sample[0])) return false;
    this.kept = [...this.kept, sample].sort(([a], [b]) => a - b);
    return true;
  }

  dropUntil(time: number): void {
    this.kept = this.kept.filter((sample) => sample[0] > time);
  }

  within(start: number, end: number): Sample[] {
    return this.kept.filter(([time, value]) => time > start && time <= end && value !== 'stale');
  }
}

function within(samples: Samples, rangeStart: number, rangeEnd: number): Sample[] {
  const window = { ...newWindow(), rangeStart, rangeEnd };
  const found = look(window, samples);
  expect(found).toBe(window.to > window.from);
  return Array.from({ length: window.to - window.from }, (_, i) => [
    window.times[window.from + i]!,
    window.values[window.from + i]!,
  ]);
}

const put = (samples: Samples, [time, value]: Sample): boolean =>
  value === 'stale' ? samples.add(time, NaN, true) : samples.add(time, value);

const time = fc.integer({ min: -20, max: 80 });
const value = fc.oneof(fc.double(), fc.constant(NaN), fc.constant('stale' as const));
const sample = fc.tuple(time, value);
const range = fc.tuple(time, fc.nat(60)).map(([from, length]) => [from, from + length] as const);
const step = fc.oneof(
  { weight: 5, arbitrary: sample.map((each) => ({ add: each })) },
  { weight: 1, arbitrary: time.map((each) => ({ dropUntil: each })) },
);

test('are what a sorted array is', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), fc.array(range), (steps, ranges) => {
      const [samples, model] = [new Samples(), new Model()];
      for (const each of steps)
        if ('add' in each) expect(put(samples, each.add)).toBe(model.add(each.add));
        else {
          samples.dropUntil(each.dropUntil);
          model.dropUntil(each.dropUntil);
        }
      expect(samples.length).toBe(model.kept.length);
      expect(samples.lastTime).toBe(model.kept.at(-1)?.[0] ?? -Infinity);
      expect(samples.stale).toBe(model.kept.filter((each) => each[1] === 'stale').length);
      for (const [from, until] of ranges) {
        expect(within(samples, from, until)).toEqual(model.within(from, until));
        expect(samples.after(until) - samples.from).toBe(
          model.kept.filter((each) => each[0] <= until).length,
        );
      }
    }),
  );
});

test('added in any order are the same', () => {
  const shuffled = fc
    .uniqueArray(sample, { selector: ([at]) => at, maxLength: 60 })
    .chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })));
  fc.assert(
    fc.property(shuffled, ([inOrder, inAnyOrder]) => {
      const [a, b] = [new Samples(), new Samples()];
      for (const each of inOrder.toSorted(([x], [y]) => x - y)) put(a, each);
      for (const each of inAnyOrder) put(b, each);
      expect(within(b, -Infinity, Infinity)).toEqual(within(a, -Infinity, Infinity));
      expect(b.stale).toBe(a.stale);
    }),
  );
});

test('of a limited time are all that are not older than it', () => {
  fc.assert(
    fc.property(fc.array(sample, { maxLength: 150 }), fc.integer({ min: 0, max: 40 }), (all, keepMs) => {
      const [samples, model] = [new Samples(keepMs), new Model()];
      for (const each of all) {
        const past = each[0] <= samples.lastTime - keepMs;
        const taken = put(samples, each);
        if (past) expect(taken).toBe(false);
        else expect(taken).toBe(model.add(each));
      }
      const oldest = samples.lastTime - keepMs;
      expect(within(samples, oldest, Infinity)).toEqual(model.within(oldest, Infinity));
    }),
  );
});

test('their room does not grow where old ones leave', () => {
  const samples = new Samples(60_000);
  for (let at = 0; at < 100_000; at++) samples.add(at * 1_000, at);
  expect(samples.times.length).toBeLessThan(200);
  expect(within(samples, 99_998_000, Infinity)).toEqual([[99_999_000, 99_999]]);
});
