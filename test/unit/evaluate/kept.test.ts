/** What is kept can be looked at as often as anybody likes: nothing stays behind, and nothing is changed. */
import { parseExpr } from '../../../src/promql/parse';
import type { VectorSelector } from '../../../src/promql/ast';
import { StreamStore } from '../../../src/evaluate/stream-store';
import { x } from './pool-sketch';
import { busyMs } from '../../harness/busy-ms';

const matchersOf = (text: string) => (parseExpr(text) as VectorSelector).matchers;
const NEEDS = [{ matchers: matchersOf('m{env="prod"}'), backMs: 60_000, newestOnly: true }];

function storeOf(): StreamStore {
  const store = new StreamStore({ needs: NEEDS, maxOfMetric: 100, onRefused: () => undefined });
  store.add(x('m', 'a', 1, { env: 'prod' }), 1_000);
  store.add(x('m', 'b', 2, { env: 'prod' }), 1_000);
  store.add(x('m', 'c', 3, { env: 'test' }), 1_000);
  store.add(x('other', 'a', 4, { env: 'prod' }), 1_000);
  return store;
}

const found = (store: StreamStore, selector: string): string[] =>
  [...store.matching(matchersOf(selector))].flatMap((series) =>
    series === null ? [] : [series.labels.get('instance_id')],
  );

test('what rules ask for is found by name, by label and by expression, and nothing else', () => {
  const store = storeOf();
  expect(found(store, 'm')).toEqual(['a', 'b']);
  expect(found(store, 'm{instance_id=~"b|c"}')).toEqual(['b']);
  expect(found(store, '{env="prod"}')).toEqual(['a', 'b']);
  expect(found(store, 'other')).toEqual([]);
  expect(found(store, 'nobody')).toEqual([]);
});

test('each series that does not match gives whoever looks a chance to pause', () => {
  expect(
    [...storeOf().matching(matchersOf('m{instance_id="b"}'))].filter((each) => each === null).length,
  ).toBe(2);
});

test('nothing stays behind', () => {
  const store = storeOf();
  const { selections } = store as unknown as { selections: unknown[] };
  for (let i = 0; i < 10; i++) found(store, 'm');
  expect(selections).toHaveLength(0);
  expect(store.size).toBe(2);
});

test('series that come while somebody looks do not end the look', () => {
  const store = storeOf();
  const look = store.matching(matchersOf('m'))[Symbol.iterator]();
  look.next();
  for (let i = 0; i < 20; i++) store.add(x('m', 'b', 1, { env: 'prod', i: String(i) }), 1_000);
  let more = 0;
  for (let next = look.next(); next.done !== true; next = look.next()) more += 1;
  expect(more).toBeGreaterThanOrEqual(2);
});

test('a regular expression that would take long for a label of some series is refused before it is matched', () => {
  const store = storeOf();
  store.add(x('m', 'd', 1, { env: 'prod', tag: 'ab'.repeat(32_000) }), 1_000);
  const began = busyMs();
  expect(() => found(store, 'm{tag=~"[ab]*a[ab]{900}"}')).toThrow('too long for the regular expressions');
  expect(busyMs() - began).toBeLessThan(500);
  expect(found(store, 'm{tag=~"[ab]*a[ab]{900}", instance_id!="d"}')).toEqual([]);
});
