/** One label set is matched in bounded time, whatever the regular expressions of others and the labels that arrive. */
import { boundedMatchers, type Matcher } from '../../../src/domain/matchers';
import { busyMs } from '../../harness/busy-ms';

const LONG = 'ab'.repeat(32_000);
/** Two thousand steps, none of which can be left out. */
const HOSTILE: Matcher = { name: 'tag', op: '=~', value: '(?:[ab]*a[ab]{900}|[ab]*b[ab]{900})' };

it('matches as any other', () => {
  const host: Matcher = { name: 'host', op: '=~', value: 'db-[0-9]{1,3}' };
  const matches = boundedMatchers([host, { name: 'env', op: '!=', value: 'dev' }]);
  expect(matches({ host: 'db-17' })).toBe(true);
  expect(matches({ host: 'db-17.example.com' })).toBe(false);
  expect(matches({ host: 'db-17', env: 'dev' })).toBe(false);
  expect(boundedMatchers([{ name: 'tag', op: '=~', value: '.*aba.*' }])({ tag: LONG })).toBe(true);
});

it.each<Matcher['op']>(['=~', '!~'])('refuses %s where it would take long, and names the bound', (op) => {
  const began = busyMs();
  expect(() => boundedMatchers([{ ...HOSTILE, op }])({ tag: LONG })).toThrow(
    /tag has 64000 characters for \d{4} steps; steps times characters may be 1000000 in all/,
  );
  expect(busyMs() - began).toBeLessThan(500);
});

it('counts all regular expressions of the selector together', () => {
  const many = Array.from({ length: 20 }, (): Matcher => ({ name: 'tag', op: '=~', value: '.*aba.*' }));
  expect(() => boundedMatchers(many)({ tag: LONG })).toThrow('too long');
});

it('is not held up by what other matchers leave out', () => {
  const matches = boundedMatchers([HOSTILE, { name: 'instance_id', op: '=', value: 'a' }]);
  expect(matches({ tag: LONG, instance_id: 'b' })).toBe(false);
});
