/** What a silence would mute, asked over HTTP: the matchers have to be such as a silence takes. */
import type { Matcher } from '../../../src/domain/matchers';
import type { SilencePreview } from '../../../src/mute/port';
import { testApi } from './test-api';

const nothing = { count: 0, alerts: 0, byAlertname: [], examples: [] };
const found: SilencePreview = {
  now: nothing,
  past: { ...nothing, since: '2026-05-01T00:00:00.000Z', last: null, isWhole: true },
};

const asked: (readonly Matcher[])[] = [];
const get = (query: string) =>
  testApi({
    preview: async (matchers) => {
      asked.push(matchers);
      return found;
    },
  }).ask(`/api/tocsin/v1/silences/preview${query}`);

test('all filters together are the silence', async () => {
  const answer = await get(`?filter=${encodeURIComponent('a="b"')}&filter=${encodeURIComponent('c=~"d|e"')}`);
  expect([answer.status, answer.json]).toEqual([200, found]);
  expect(asked).toEqual([
    [
      { name: 'a', op: '=', value: 'b' },
      { name: 'c', op: '=~', value: 'd|e' },
    ],
  ]);
});

test.each([
  ['', /it needs a matcher at least/],
  [`?filter=${encodeURIComponent('a=""')}`, /must not hold for the empty value/],
  [`?filter=${encodeURIComponent('a=~"("')}`, /filter/],
])('%s is refused as Alertmanager refuses it', async (query, message) => {
  const { status, text } = await get(query);
  expect(status).toBe(400);
  expect(text).toMatch(message);
});
