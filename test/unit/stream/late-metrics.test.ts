/** A late metric is kept as it came, and says where it came from and how late it was. */
import { lateMetricOf } from '../../../src/stream/late-metrics';

const place = { topic: 'gds.metrics.postgresql.production', partition: 7 };
const message = {
  key: Buffer.from('db-1'),
  value: Buffer.from('{}'),
  offset: '42',
  timestamp: '1767225600000',
};

test('holds the key and the bytes, and headers beside them', () => {
  const { message: kept } = lateMetricOf(place, message, 'db-1', 3_700_000);
  expect(kept.key).toBe(message.key);
  expect(kept.value).toBe(message.value);
  expect(kept.headers).toEqual({
    'tocsin-topic': place.topic,
    'tocsin-partition': '7',
    'tocsin-offset': '42',
    'tocsin-record-time-ms': '1767225600000',
    'tocsin-late-ms': '3700000',
  });
});

test('a key that would make it larger than Kafka takes is left out', () => {
  const huge = { ...message, key: Buffer.alloc(1_000_000) };
  expect(lateMetricOf(place, huge, 'db-1', 1).message.key).toBeNull();
  expect(lateMetricOf(place, { ...message, key: null }, 'db-1', 1).message.key).toBeNull();
});
