/** What is skimmed over is a metric that nobody wants, and nothing else. */
import fc from 'fast-check';
import { eventTimeMs, looksLikeMetric } from '../../../src/stream/metric-message';
import { createMetricSkimmer } from '../../../src/stream/metric-skim';

const METRIC = {
  timestamp: '2026-01-01T00:00:00.000Z',
  database_type: 'postgresql',
  instance_id: 'db-1',
  metric_name: 'connections_used',
  value: 95.5,
  tags: { environment: 'production', metric_name: 'wanted' },
  metadata: { collection_duration_ms: 45, version: '1.0', correlation_id: 'c-1', replica: true, note: null },
};
const AT = Date.parse(METRIC.timestamp);
const wants = (name: string): boolean => name === 'wanted' || name === 'gewünscht';

const spaced = (value: unknown): string =>
  JSON.stringify(value, null, 1)
    .replace(/\n */g, ' ')
    .replace(/([{[]) /g, '$1')
    .replace(/ ([}\]])/g, '$1');

function skimmerOf(...texts: readonly string[]) {
  const skimmer = createMetricSkimmer(wants);
  for (const text of texts) {
    const value: unknown = JSON.parse(text);
    if (looksLikeMetric(value)) skimmer.learn(value, text);
  }
  return skimmer;
}

const reordered = (metric: object): object => Object.fromEntries(Object.entries(metric).reverse());

describe('a metric that nobody wants', () => {
  test.each([
    ['as JavaScript writes it', JSON.stringify(METRIC)],
    ['as Python writes it', spaced(METRIC)],
    ['with its name before its time', JSON.stringify(reordered(METRIC))],
    ['with a field that is not known', JSON.stringify({ added_later: 'x', ...METRIC, more: 1e3 })],
    ['without metadata', JSON.stringify({ ...METRIC, metadata: undefined })],
    ['with a value in words', JSON.stringify({ ...METRIC, value: 'stale' })],
    ['with other letters', JSON.stringify({ ...METRIC, instance_id: 'bücher-✓' })],
  ])('is known by its time when one like it has been parsed: %s', (_, text) => {
    expect(createMetricSkimmer(wants).unwantedAt(text)).toBeNull();
    expect(skimmerOf(text).unwantedAt(text)).toBe(AT);
  });

  test('is known among those of other senders, of which there are few', () => {
    const texts = Array.from({ length: 6 }, (_, i) => JSON.stringify({ [`sender_${i}`]: i, ...METRIC }));
    const skimmer = skimmerOf(...texts);
    expect(texts.map((text) => skimmer.unwantedAt(text))).toEqual([AT, AT, AT, AT, null, null]);
  });
});

const text = JSON.stringify(METRIC);
test.each([
  ['a metric that is wanted', text.replace('connections_used', 'wanted')],
  ['one whose name says so in other letters', text.replace('connections_used', 'gewünscht')],
  ['one whose name is escaped', text.replace('connections_used', '\\u0077anted')],
  ['one that says its name twice', text.replace('"value"', '"metric_name":"wanted","value"')],
  ['one that says its name at its end', text.replace(/}$/, ',"metric_name":"wanted"}')],
  ['a value of no kind', text.replace('95.5', '"95.5"')],
  ['an infinite value', text.replace('95.5', '1e999')],
  ['a number of no form', text.replace('95.5', '095.5')],
  ['a time of no form', text.replace('.000Z', '')],
  ['a tag that is no text', text.replace('"production"', '1')],
  ['a tag that is no tag', text.replace('environment', '__proto__')],
  ['metadata of such a name', text.replace('replica', '__proto__')],
  ['a version that is no text', text.replace('"1.0"', '1')],
  ['nested metadata', text.replace('true', '{}')],
  ['an empty name', text.replace('connections_used', '')],
  ['a line break in a text', text.replace('db-1', 'db\n1')],
  ['what ends too soon', text.slice(0, -1)],
  ['what goes on', `${text},`],
  ['a space that is none in JSON', `${text}\u00a0`],
])('nothing is said of %s', (_, other) => {
  expect(skimmerOf(text).unwantedAt(text)).toBe(AT);
  expect(skimmerOf(text).unwantedAt(other)).toBeNull();
});

describe('what is said', () => {
  const word = fc.oneof(
    fc.string({ maxLength: 8 }),
    fc.constantFrom(
      'metric_name',
      'timestamp',
      'wanted',
      'version',
      'correlation_id',
      '__proto__',
      '',
      '"',
      '\\',
    ),
  );
  const scalar = fc.oneof(word, fc.double(), fc.boolean(), fc.constant(null));
  const metric = fc
    .tuple(
      fc.record({
        timestamp: fc.constantFrom('2026-01-01T00:00:00.000Z', '2026-01-01T01:00:00+01:00', 'yesterday'),
        database_type: word,
        instance_id: word,
        metric_name: fc.oneof(fc.constant('wanted'), word),
        value: fc.oneof(fc.double(), fc.constantFrom('NaN', '+Inf', 'stale', 'much')),
        tags: fc.dictionary(word, fc.oneof({ weight: 9, arbitrary: word }, { weight: 1, arbitrary: scalar })),
      }),
      fc.record(
        {
          metadata: fc.dictionary(
            word,
            fc.oneof({ weight: 9, arbitrary: scalar }, { weight: 1, arbitrary: fc.jsonValue() }),
          ),
          collection_method: fc.oneof(word, fc.constant(null), fc.integer()),
          added: fc.oneof(scalar, fc.jsonValue()),
        },
        { requiredKeys: [] },
      ),
      fc.infiniteStream(fc.nat()),
    )
    .map(([needed, more, places]) => {
      const order = Object.entries({ ...needed, ...more }).map(
        (each) => [places.next().value!, each] as const,
      );
      return Object.fromEntries(order.sort(([a], [b]) => a - b).map(([, each]) => each));
    });
  /** Bytes that are put in, left out or put twice: what comes over the wire. */
  const damage = fc.array(
    fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      out: fc.integer({ min: 0, max: 3 }),
      put: fc.constantFrom('', ',', '"', '\\', '{', '}', ' ', '0', '\n', '"metric_name":"wanted",', '\u00e9'),
    }),
    { maxLength: 2 },
  );
  const damaged = (whole: string, all: readonly { at: number; out: number; put: string }[]): string =>
    all.reduce((so, { at, out, put }) => {
      const from = Math.floor(at * so.length);
      return so.slice(0, from) + put + so.slice(from + out);
    }, whole);

  test('is what parsing finds, whatever comes', () => {
    fc.assert(
      fc.property(metric, fc.boolean(), damage, (value, isSpaced, all) => {
        const whole = isSpaced ? spaced(value) : JSON.stringify(value);
        // Bytes that are no UTF-8 have become characters before.
        const came = Buffer.from(damaged(whole, all), all.length === 1 ? 'latin1' : 'utf8').toString();
        const time = skimmerOf(JSON.stringify(METRIC), whole).unwantedAt(came);
        if (time === null) return;
        const parsed: unknown = JSON.parse(came);
        expect(looksLikeMetric(parsed)).toBe(true);
        const { metric_name: name, timestamp } = parsed as typeof METRIC;
        expect([wants(name), eventTimeMs(timestamp)]).toEqual([false, time]);
      }),
      { numRuns: 3_000 },
    );
  });
});
