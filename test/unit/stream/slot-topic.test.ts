/** What partitions give to slots: the form of its records. */
import fc from 'fast-check';
import type { SharedRecord, SharedSample } from '../../../src/stream/port';
import { decodeShared, encodeShared } from '../../../src/stream/slot-topic';
import { derivedTopic, isDerivedTopic, isMetricTopic, sharedTopic } from '../../../src/stream/topics';

const sample = (more: Partial<SharedSample> = {}): SharedSample => ({
  ...{ metric_name: 'x', instance_id: 'a', database_type: 'host', tags: { t: 'ü"' }, value: 1, time: 1_000 },
  ...more,
});
const record = (samples: readonly SharedSample[]): SharedRecord => ({
  ...{ slot: 3, from: 7, plan: 'p', time: 5_000, samples },
});

test('a record comes back as it was', () => {
  const value = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter((n) => !Object.is(n, -0)),
    fc.constantFrom('NaN' as const, 'stale' as const, '+Inf' as const),
  );
  const samples = fc.array(
    fc.record({ instance: fc.string(), tags: fc.dictionary(fc.string(), fc.string()), value }),
  );
  fc.assert(
    fc.property(samples, (some) => {
      const sent = record(
        some.map(({ instance, tags, value: v }) =>
          sample({ instance_id: instance, tags: { ...tags }, value: v }),
        ),
      );
      expect(encodeShared(sent).map((bytes) => decodeShared(3, bytes))).toEqual([sent]);
    }),
  );
});

test('one that Kafka would not take goes in parts, of which the last one says the time', () => {
  const large = Array.from({ length: 12 }, (_, i) => sample({ time: i, tags: { t: 'x'.repeat(60_000) } }));
  const parts = encodeShared(record(large)).map((bytes) => decodeShared(3, bytes)!);
  expect(parts.length).toBe(3);
  expect(parts.flatMap(({ samples }) => samples)).toEqual(large);
  expect(parts.map(({ time }) => time)).toEqual([null, null, 5_000]);
});

test.each([
  ['nothing', null],
  ['no JSON', 'x'],
  ['no object', '7'],
  ['no sender', '{"plan":"p","time":1,"samples":[]}'],
  ['no plan', '{"from":1,"time":1,"samples":[]}'],
  ['a time that is none', '{"from":1,"plan":"p","time":"1","samples":[]}'],
  ['no samples', '{"from":1,"plan":"p","time":1}'],
  ['a sample that is none', '{"from":1,"plan":"p","time":1,"samples":[null]}'],
  [
    'a sample without time',
    '{"from":1,"plan":"p","time":1,"samples":[{"metric_name":"x","instance_id":"","database_type":"","tags":{}}]}',
  ],
])('%s is passed over', (_, text) => {
  expect(decodeShared(0, text === null ? null : Buffer.from(text))).toBeNull();
});

test('its topic is none of metrics, the topic of what rules make is', () => {
  expect(sharedTopic('eu', 'a.b')).toBe('eu.gds.evaluate.shared.a-b');
  expect(isMetricTopic('eu', sharedTopic('eu', 'default'))).toBe(false);
  const topics = [derivedTopic('', { tags: { environment: 'prod' } }), derivedTopic('', { tags: {} })];
  expect(topics).toEqual(['gds.metrics.derived.prod', 'gds.metrics.derived.all']);
  expect(topics.every((topic) => isMetricTopic('', topic) && isDerivedTopic('', topic))).toBe(true);
  expect(isDerivedTopic('', 'gds.metrics.postgresql.derived')).toBe(false);
});
