/** Metrics as Avro: what goes in comes out, in both versions and both framings, and bytes that lie are refused at once. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Type } from 'avsc';
import fc from 'fast-check';
import type { Metric, MetricValue } from '../../../src/domain/metric';
import { METRIC_AVRO, METRIC_AVRO_V1 } from '../../../src/stream/avro-schema';
import { decodeMetric, encodeAvro, encodeJson } from '../../../src/stream/codec';
import { busyMs } from '../../harness/busy-ms';

const METRIC: Metric = {
  timestamp: '2026-01-01T00:00:00.000Z',
  database_type: 'postgresql',
  instance_id: 'db-1',
  metric_name: 'connections_used',
  value: 95.5,
  tags: { environment: 'production', region: 'süd' },
  metadata: { collection_duration_ms: 45, version: '1.0', correlation_id: 'c-1' },
  collection_method: 'sql',
  collector_version: null,
};
const decoded = (bytes: Buffer): Metric => {
  const result = decodeMetric(bytes);
  if (!result.ok) throw new Error(result.problems.join('; '));
  return result.value;
};
const problems = (bytes: Buffer): string => {
  const result = decodeMetric(bytes);
  return result.ok ? '' : result.problems.join('; ');
};

test('the schema is the published one', () => {
  const published: unknown = JSON.parse(
    readFileSync(join(__dirname, '../../../schemas/metrics-value.avsc'), 'utf8'),
  );
  const plain = (schema: unknown): unknown => Type.forSchema(schema as typeof METRIC_AVRO).schema();
  expect(plain(published)).toEqual(plain(METRIC_AVRO));
});

describe('a metric', () => {
  test('comes out of bare Avro, and of Confluent’s wire format, as it went in', () => {
    expect(decoded(encodeAvro(METRIC))).toEqual(METRIC);
    const framed = encodeAvro(METRIC, 258);
    expect([...framed.subarray(0, 5)]).toEqual([0, 0, 0, 1, 2]);
    expect(decoded(framed)).toEqual(METRIC);
  });

  test.each<MetricValue>(['NaN', '+Inf', '-Inf', 'stale', 0, -1e308])('keeps the value %s', (value) => {
    expect(decoded(encodeAvro({ ...METRIC, value }))).toEqual({ ...METRIC, value });
    expect(decoded(encodeJson({ ...METRIC, value }))).toEqual({ ...METRIC, value });
  });

  test('of the first version is read as well', () => {
    const { collection_method: _, collector_version: __, ...first } = METRIC;
    const metadata = { collection_duration_ms: '45' };
    const bytes = Type.forSchema(METRIC_AVRO_V1).toBuffer({ ...first, metadata });
    expect(decoded(bytes)).toEqual({ ...first, metadata: { collection_duration_ms: 45 } });
  });

  test('has its metadata as texts, without what has no value', () => {
    const metadata = { replica: true, lag: 3, note: null, version: undefined };
    expect(decoded(encodeAvro({ ...METRIC, metadata })).metadata).toEqual({ replica: 'true', lag: '3' });
    expect(decoded(encodeAvro({ ...METRIC, metadata: undefined })).metadata).toEqual({});
  });

  test('is checked like any other: a duration that is no number is refused', () => {
    const bytes = Type.forSchema(METRIC_AVRO).toBuffer({
      ...METRIC,
      metadata: { collection_duration_ms: 'soon' },
    });
    expect(problems(bytes)).toContain('metadata.collection_duration_ms');
    expect(problems(encodeAvro({ ...METRIC, instance_id: '' }))).toContain('instance_id');
  });
});

describe('bytes that lie', () => {
  const whole = encodeAvro(METRIC);

  test('are refused when they end early or late, wherever that is', () => {
    const readable = [...whole.keys()].filter((end) => end > 0 && problems(whole.subarray(0, end)) === '');
    // Without its last two fields it is one of the first version.
    expect(readable).toEqual([whole.length - 6]);
    expect(problems(Buffer.concat([whole, Buffer.from([2])]))).not.toBe('');
  });

  test.each([
    ['entries', [0x80, 0x80, 0x80, 0x40]],
    ['entries in a sized block', [0xff, 0xff, 0xff, 0x3f, 0x02]],
    ['a text', [0x02, 0xfe, 0xff, 0xff, 0xff, 0x7f]],
    ['a text of negative length', [0x02, 0x03]],
    ['a number that never ends', Array<number>(64).fill(0xff)],
  ])('are refused at once when a map claims %s that they have no room for', (_, claim) => {
    const { tags: __, ...head } = METRIC;
    const before = Type.forSchema({
      ...METRIC_AVRO,
      fields: METRIC_AVRO.fields.filter(({ name }) => name in head).slice(0, 5),
    }).toBuffer(head);
    const started = busyMs();
    expect(problems(Buffer.concat([before, Buffer.from(claim)]))).toContain('neither JSON nor Avro');
    expect(busyMs() - started).toBeLessThan(1_000);
  });

  test('a map may come in blocks, with their sizes or without', () => {
    const empty = encodeAvro({ ...METRIC, tags: {}, metadata: undefined, collection_method: null });
    const head = empty.subarray(0, -4);
    const entry = Buffer.from('\x02a\x02b\x02c\x02d', 'latin1');
    const blocks = [
      [0x01, 0x08],
      entry.subarray(0, 4),
      [0x02],
      entry.subarray(4),
      [0x00],
      [0x00, 0x00, 0x00],
    ];
    expect(decoded(Buffer.concat([head, ...blocks.map((part) => Buffer.from(part))])).tags).toEqual({
      a: 'b',
      c: 'd',
    });
  });

  test('never break the reader, whatever they are', () => {
    const cut = fc.tuple(fc.nat(whole.length - 1), fc.uint8Array({ minLength: 1, maxLength: 12 }));
    fc.assert(
      fc.property(fc.oneof(cut, fc.uint8Array({ maxLength: 64 })), (drawn) => {
        const bytes = Array.isArray(drawn)
          ? Buffer.concat([whole.subarray(0, drawn[0]), drawn[1], whole.subarray(drawn[0] + drawn[1].length)])
          : Buffer.from(drawn);
        const result = decodeMetric(bytes);
        expect(result.ok || result.problems.length > 0).toBe(true);
      }),
      { seed: 1, numRuns: 2_000 },
    );
  });
});
