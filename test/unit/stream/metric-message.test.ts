/** What is taken as a metric, and what is said of a message that is none. */
import fc from 'fast-check';
import { decodeMetric } from '../../../src/stream/codec';
import {
  eventTimeMs,
  looksLikeMetric,
  MAX_METRIC_BYTES,
  metricProblems,
} from '../../../src/stream/metric-message';

const METRIC = {
  timestamp: '2026-01-01T00:00:00.000Z',
  database_type: 'postgresql',
  instance_id: 'db-1',
  metric_name: 'connections_used',
  value: 95.5,
  tags: { environment: 'production' },
  metadata: { collection_duration_ms: 45, version: '1.0', correlation_id: 'c-1', replica: true, note: null },
  collection_method: 'sql',
  collector_version: null,
};
const problemsOf = (text: string | Buffer | null): readonly string[] => {
  const result = decodeMetric(text === null ? null : Buffer.from(text as string));
  return result.ok ? [] : result.problems;
};
const without = (field: string) =>
  Object.fromEntries(Object.entries(METRIC).filter(([name]) => name !== field));

describe('a metric', () => {
  test('is taken with all its fields, with the needed ones alone, and with some that are not known', () => {
    const { metadata: _, collection_method: __, collector_version: ___, ...needed } = METRIC;
    for (const each of [METRIC, needed, { ...METRIC, added_later: { any: ['thing'] } }]) {
      expect(problemsOf(JSON.stringify(each))).toEqual([]);
      expect(looksLikeMetric(each)).toBe(true);
    }
    expect(problemsOf(`\n\t ${JSON.stringify(METRIC)}`)).toEqual([]);
  });

  test.each([0, -1.5, 1e308, Number.MAX_SAFE_INTEGER + 2, 'NaN', '+Inf', '-Inf', 'stale'])(
    'may have the value %s',
    (value) => {
      expect(problemsOf(JSON.stringify({ ...METRIC, value }))).toEqual([]);
    },
  );

  test('may have as many bytes as are allowed, and not one more', () => {
    const room = MAX_METRIC_BYTES - JSON.stringify({ ...METRIC, tags: { a: '' } }).length;
    const sized = (length: number) => JSON.stringify({ ...METRIC, tags: { a: 'x'.repeat(length) } });
    expect(problemsOf(sized(room))).toEqual([]);
    expect(problemsOf(sized(room + 1))).toEqual(['message: has 65537 bytes, more than 65536']);
  });
});

describe('a message that is no metric', () => {
  test.each([
    ['null', null, 'is empty'],
    ['empty', '', 'is empty'],
    ['plain text', 'hello', 'neither JSON nor Avro'],
    ['half of a JSON text', '{"timestamp":', 'neither JSON nor Avro'],
    ['white space', '   ', 'neither JSON nor Avro'],
    ['a list', ` ${JSON.stringify([METRIC])}`, 'message: '],
    ['a null in JSON', ' null', 'message: '],
    ['an empty object', '{}', 'timestamp: '],
    ['UTF-16', Buffer.from(JSON.stringify(METRIC), 'utf16le'), 'neither JSON nor Avro'],
  ])('is refused: %s', (_, bytes, problem) => {
    expect(problemsOf(bytes).join('; ')).toContain(problem);
  });

  test('has all its problems told by their places, the first of very many', () => {
    const wrong = { ...METRIC, value: '1', metric_name: '', metadata: { version: 2 } };
    expect(problemsOf(JSON.stringify(wrong)).map((problem) => problem.split(':')[0])).toEqual([
      'metric_name',
      'value',
      'metadata.version',
    ]);
    const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, at) => [`t${at}`, at]));
    const problems = problemsOf(JSON.stringify({ ...METRIC, tags: many }));
    expect(problems).toHaveLength(21);
    expect(problems.at(-1)).toBe('4980 more');
    const long = problemsOf(JSON.stringify({ ...METRIC, tags: { ['x'.repeat(50_000)]: 1 } }));
    expect(long.join('').length).toBeLessThan(301);
  });
});

const WRONG: Record<string, readonly string[]> = {
  timestamp: ['1735689600000', 'null', '""', '"yesterday"', '{}'],
  database_type: ['""', 'null', '1', '["postgresql"]'],
  instance_id: ['""', 'null', '1', '{}'],
  metric_name: ['""', 'null', '1', 'true'],
  value: ['null', '"95"', '"inf"', '"Infinity"', 'true', '[1]', '{}', '1e999', '-1e999'],
  tags: [
    'null',
    '"a=b"',
    '[]',
    '["a"]',
    '{"a":1}',
    '{"a":null}',
    '{"a":{}}',
    '{"__proto__":"x"}',
    '{"__proto__":5}',
  ],
  metadata: [
    'null',
    '"v"',
    '[]',
    '{"a":{}}',
    '{"a":[]}',
    '{"a":1e999}',
    '{"collection_duration_ms":"45"}',
    '{"collection_duration_ms":null}',
    '{"collection_duration_ms":1e999}',
    '{"version":1}',
    '{"correlation_id":1}',
    '{"__proto__":"x"}',
    '{"__proto__":1e999}',
    '{"__proto__":{}}',
  ],
  collection_method: ['1', '{}', 'false'],
  collector_version: ['2', '[]'],
};

describe.each(Object.entries(WRONG))('%s', (field, values) => {
  test.each(values)('is not %s', (text) => {
    const json = `${JSON.stringify(without(field)).slice(0, -1)},"${field}":${text}}`;
    expect(problemsOf(json).join('; ')).toMatch(new RegExp(`^${field}`));
  });

  test('is needed or not, as the schema says', () => {
    const optional = ['metadata', 'collection_method', 'collector_version'].includes(field);
    expect(problemsOf(JSON.stringify(without(field)))).toHaveLength(optional ? 0 : 1);
  });
});

describe('a time', () => {
  test.each([
    ['2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z'],
    ['2026-01-01T23:59:59.999Z', '2026-01-01T23:59:59.999Z'],
    ['2024-02-29T12:00:00.000Z', '2024-02-29T12:00:00.000Z'],
    ['2026-01-01T01:30:00+01:30', '2026-01-01T00:00:00.000Z'],
    ['2025-12-31T19:00:00.25-0500', '2026-01-01T00:00:00.250Z'],
    ['2026-01-01T00:00Z', '2026-01-01T00:00:00.000Z'],
    ['2026-01-01T00:00:00.123456789Z', '2026-01-01T00:00:00.123Z'],
    ['1970-01-01T00:00:00.000Z', '1970-01-01T00:00:00.000Z'],
  ])('is read: %s', (text, time) => {
    expect(new Date(eventTimeMs(text)).toISOString()).toBe(time);
  });

  test.each([
    '2026-01-01T00:00:00.000',
    '2026-01-01T00:00:00',
    '2026-01-01 00:00:00Z',
    '2026-01-01',
    '01/01/2026 00:00:00 Z',
    'Thu, 01 Jan 2026 00:00:00 GMT',
    '1767225600000',
    '2026-13-01T00:00:00.000Z',
    '2026-01-32T00:00:00.000Z',
    '2026-01-01T25:00:00.000Z',
    '2026-01-01T00:60:00.000Z',
    '2026-01-01T00:00:60.000Z',
    '2026-01-01T00:00:00+99:99',
    '+012026-01-01T00:00:00.00Z',
    '2026-01-01T00:00:00,000Z',
    '2026-01-01T0a:00:00.000Z',
    '1969-12-31T23:59:59.999Z',
    '0000-01-01T00:00:00+14:00',
    '',
  ])('is refused: %j', (text) => {
    expect(eventTimeMs(text)).toBeNaN();
  });

  test('is the same by the fast way and by the general one, day after day', () => {
    const day = fc.date({ min: new Date('1970-01-01'), max: new Date('9999-12-31'), noInvalidDate: true });
    fc.assert(
      fc.property(day, (date) => {
        const text = date.toISOString();
        expect(eventTimeMs(text)).toBe(date.getTime());
        expect(eventTimeMs(text.replace('Z', '+00:00'))).toBe(date.getTime());
      }),
      { seed: 1, numRuns: 500 },
    );
  });
});

test('the quick check and the schema agree on whatever JSON holds', () => {
  const entry = fc.tuple(
    fc.constantFrom('a', '__proto__', 'version', 'collection_duration_ms'),
    fc.constantFrom('"x"', '1', 'null', '{}', '1e999'),
  );
  // As texts: only what is parsed has a name of its own that others take for the prototype's.
  const held = fc.array(entry, { maxLength: 3 }).map((entries): unknown => {
    const inside = entries.map(([name, value]) => `"${name}":${value}`);
    return JSON.parse(`{${inside.join()}}`);
  });
  const odd = fc.oneof(
    fc.constantFrom<unknown>(null, '', 'x', 0, 1e308, Infinity, NaN, true, [], {}, 'NaN', 'stale'),
    held,
  );
  const field = fc.constantFrom(...Object.keys(METRIC));
  const changed = fc.array(fc.tuple(field, fc.option(odd)), { maxLength: 2 });
  let [taken, refused] = [0, 0];
  fc.assert(
    fc.property(changed, (changes) => {
      const value: Record<string, unknown> = { ...METRIC };
      for (const [name, change] of changes) value[name] = change === null ? undefined : change;
      const quick = looksLikeMetric(value) && !Number.isNaN(eventTimeMs(value.timestamp));
      expect(metricProblems(value).length === 0).toBe(quick);
      if (quick) taken += 1;
      else refused += 1;
    }),
    { seed: 1, numRuns: 2_000 },
  );
  expect(Math.min(taken, refused)).toBeGreaterThan(200);
});
