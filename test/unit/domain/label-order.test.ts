/** Prometheus' order of label sets, against its definition: the smaller set, then the first name, sorted, in which they differ. */
import fc from 'fast-check';
import { compareLabels, type Labels } from '../../../src/domain/labels';

function defined(some: Labels, others: Labels): number {
  const [names, theirs] = [Object.keys(some), Object.keys(others)];
  if (names.length !== theirs.length) return names.length - theirs.length;
  for (const name of [...new Set([...names, ...theirs])].sort()) {
    if (!Object.hasOwn(some, name)) return -1;
    if (!Object.hasOwn(others, name)) return 1;
    if (some[name] !== others[name]) return some[name]! < others[name]! ? -1 : 1;
  }
  return 0;
}

/** Few names and values, so that sets have much in common; one of them is in every object's prototype. */
const labels = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'toString'), fc.constantFrom('', '1', '2'), {
  noNullPrototype: true,
});

test('label sets are ordered by their size, and by the first label in which they differ', () => {
  fc.assert(
    fc.property(labels, labels, (some, others) => {
      expect(Math.sign(compareLabels(some, others))).toBe(Math.sign(defined(some, others)));
    }),
  );
});

test.each([
  [{ a: '1' }, { a: '1', b: '1' }, -1],
  [{ b: '1' }, { a: '1' }, -1],
  [{ a: '2', b: '1' }, { b: '2', a: '1' }, 1],
  [{ b: '1', a: '1' }, { a: '1', b: '1' }, 0],
])('%j and %j', (some, others, order) => {
  expect(Math.sign(compareLabels(some as Labels, others as Labels))).toBe(order);
});
