import fc from 'fast-check';
import { byJobAndInstance } from '../../../src/dispatch/alert-order';
import type { Labels } from '../../../src/domain/labels';

it.each<[string, Labels, Labels]>([
  ['by job first', { job: 'a', instance: 'z' }, { job: 'b', instance: 'a' }],
  [
    'by instance where the jobs are the same',
    { job: 'a', instance: 'a', x: 'z' },
    { job: 'a', instance: 'b' },
  ],
  ['those with a job before those without', { job: 'z' }, { alertname: 'a' }],
  ['those with an instance before those without', { instance: 'z' }, { alertname: 'a' }],
  ['by all labels otherwise', { job: 'a', instance: 'a', x: '1' }, { job: 'a', instance: 'a', x: '2' }],
])('%s', (_, first, second) => {
  expect(byJobAndInstance(first, second)).toBeLessThan(0);
  expect(byJobAndInstance(second, first)).toBeGreaterThan(0);
});

it('is an order: every process shows a group in the same one', () => {
  const value = fc.option(fc.constantFrom('a', 'b'), { nil: undefined });
  const labels: fc.Arbitrary<Labels> = fc
    .record({ job: value, instance: value, x: value })
    .map((all) => Object.fromEntries(Object.entries(all).filter(([, text]) => text !== undefined)) as Labels);
  const sign = (a: Labels, b: Labels): number => Math.sign(byJobAndInstance(a, b));
  fc.assert(
    fc.property(labels, labels, labels, (a, b, c) => {
      expect(sign(a, b) + sign(b, a)).toBe(0);
      if (sign(a, b) <= 0 && sign(b, c) <= 0) expect(sign(a, c)).toBeLessThanOrEqual(0);
      if (sign(a, b) === 0) expect(a).toEqual(b);
    }),
    { seed: 20_260_301 },
  );
});
