/** A dead letter tells where its message stands, and is small enough to be written whatever the message was. */
import { deadLetterOf } from '../../../src/stream/dead-letters';

const place = { topic: 'gds.metrics.postgresql.production', partition: 7 };
const message = (more: object = {}) => ({
  offset: '42',
  key: Buffer.from('db-1'),
  value: Buffer.from('not JSON'),
  timestamp: '1767225600000',
  ...more,
});

test('holds the reason, the problems, the place and the original bytes', () => {
  expect(deadLetterOf(place, message(), 'invalid_metric', ['message: is not JSON'])).toEqual({
    reason: 'invalid_metric',
    problems: ['message: is not JSON'],
    ...place,
    offset: '42',
    key: 'db-1',
    recorded_at: '2026-01-01T00:00:00.000Z',
    value_base64: Buffer.from('not JSON').toString('base64'),
    truncated: false,
  });
});

test('a message may lack its value, its key, or a time that is a date', () => {
  const bare = deadLetterOf(
    place,
    message({ key: null, value: null, timestamp: '9000000000000000' }),
    'clock_skew',
    [],
  );
  expect(bare).toMatchObject({ key: null, value_base64: null, truncated: false, recorded_at: null });
  const empty = deadLetterOf(place, message({ value: Buffer.alloc(0) }), 'invalid_metric', []);
  expect(empty).toMatchObject({ value_base64: '', truncated: false });
});

test('the largest message makes a letter that Kafka takes', () => {
  const bytes = Buffer.alloc(1_000_000, 0xee);
  const letter = deadLetterOf(place, message({ value: bytes, key: bytes }), 'invalid_metric', []);
  expect(bytes.subarray(0, 512 * 1_024).equals(Buffer.from(letter.value_base64!, 'base64'))).toBe(true);
  expect(letter.truncated).toBe(true);
  expect(JSON.stringify(letter).length).toBeLessThan(900_000);
});

test('bytes come back as they were', () => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, at) => at));
  const { value_base64: text } = deadLetterOf(place, message({ value: bytes }), 'invalid_metric', []);
  expect(Buffer.from(text!, 'base64')).toEqual(bytes);
});
