/** What is suggested for a name that is not known, against the plainest way of finding it. */
import fc from 'fast-check';
import { didYouMean } from '../../../src/config/problems';

/** Edits with neighbours swapped counting once, by their definition. */
function edits(a: string, b: string): number {
  if (a === '' || b === '') return a.length + b.length;
  const [restA, restB] = [a.slice(1), b.slice(1)];
  if (a[0] === b[0]) return edits(restA, restB);
  const swapped = a.length > 1 && a[0] === b[1] && a[1] === b[0];
  return (
    1 +
    Math.min(
      edits(restA, b),
      edits(a, restB),
      edits(restA, restB),
      swapped ? edits(a.slice(2), b.slice(2)) : Infinity,
    )
  );
}

test('the first of the nearest, no further than a third of the word', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(word, fc.array(word, { maxLength: 8 }), (meant, names) => {
      const distances = names.map((name) => edits(meant, name));
      const least = Math.min(...distances);
      const isNear = least <= Math.max(1, Math.floor(meant.length / 3));
      expect(didYouMean(meant, names)).toBe(isNear ? names[distances.indexOf(least)] : null);
    }),
    { numRuns: 1_000 },
  );
});

test.each([
  ['grop_wait', 'group_wait'],
  ['gruop_wait', 'group_wait'],
  ['groupWait', 'group_wait'],
  ['GROUP-WAIT', 'group_wait'],
  ['wait', null],
])('%s means %s', (word, meant) => {
  expect(didYouMean(word, ['group_by', 'group_wait', 'group_interval'])).toBe(meant);
});

test('names of any length', () => {
  const long = 'x'.repeat(300_000);
  expect(didYouMean(long, ['group_wait', `${'y'.repeat(299_000)}z`])).toBeNull();
});
