/** Which metrics are believed, by their event time against their record time. */
import {
  createSkewTally,
  judgeMetric,
  judgeTime,
  notAfter,
  recordTimeOf,
  undated,
  type EventTiming,
} from '../../../src/stream/event-time';
import type { StreamEvent } from '../../../src/stream/events';

const RECORDED = 1_800_000_000_000;
const METRIC = { metric_name: 'm', instance_id: 'a', database_type: 'host', value: 1, tags: {} };
const correct: EventTiming = { maxSkewMs: 300_000, skewPolicy: 'correct', maxLateMs: 3_600_000 };
const reject: EventTiming = { ...correct, skewPolicy: 'reject' };

test.each([
  [0, correct, 'in_time', 0],
  [-3_600_000, correct, 'in_time', -3_600_000],
  [-3_600_001, correct, 'late', -3_600_001],
  [-3_600_001, reject, 'late', -3_600_001],
  [40, correct, 'in_time', 0],
  [300_000, correct, 'in_time', 0],
  [300_000, reject, 'in_time', 0],
  [300_001, correct, 'corrected', 0],
  [300_001, reject, 'rejected', 0],
] as const)('%i ms from its record, %j => %s', (from, timing, verdict, evaluatedFrom) => {
  expect(judgeTime(RECORDED + from, RECORDED, timing)).toBe(verdict);
  expect(notAfter(RECORDED, RECORDED + from)).toBe(RECORDED + evaluatedFrom);
});

test.each([
  [-60_000, correct, false, 'in_time', -60_000],
  [600_000, correct, false, 'corrected', 0],
  [600_000, reject, false, 'rejected', NaN],
  [-3_600_001, correct, false, 'late', NaN],
  [-3_600_001, correct, true, 'in_time', -3_600_001],
] as const)(
  'a metric %i ms from its record, %j, derived: %s => %s',
  (from, timing, isDerived, verdict, time) => {
    const value = { ...METRIC, timestamp: new Date(RECORDED + from).toISOString() };
    expect(judgeMetric(value, RECORDED, timing, isDerived)).toEqual({
      ...{ metric: value, verdict, sentAt: RECORDED + from, time: RECORDED + time },
    });
  },
);

test.each([undefined, {}, { ...METRIC, timestamp: 'now' }])('%j is no metric', (value) => {
  expect(judgeMetric(value, RECORDED, correct, false)).toBeNull();
});

test.each([-1, -9_000_000_000_000_000])('a record time of %i stands in for nothing', (recorded) => {
  expect(judgeTime(RECORDED, recorded, correct)).toBe('rejected');
  expect(notAfter(recorded, RECORDED)).toBe(RECORDED);
});

test('a record time beyond all time makes its metric late', () => {
  expect(judgeTime(RECORDED, 9e15, correct)).toBe('late');
});

test('metrics of a clock that is ahead are told of by instance and by what became of them', () => {
  const tally = createSkewTally();
  tally.add('db 1', 'corrected', 400_000);
  tally.add('db 1', 'corrected', 500_000);
  tally.add('db 1', 'rejected', 600_000);
  tally.add('', 'corrected', 400_000);
  const events: StreamEvent[] = [];
  tally.tell({ topic: 't', partition: 3 }, (event) => void events.push(event));
  const event = { kind: 'clock_skew', topic: 't', partition: 3 };
  expect(events).toEqual([
    { ...event, action: 'corrected', instanceId: 'db 1', samples: 2, aheadMs: 500_000 },
    { ...event, action: 'rejected', instanceId: 'db 1', samples: 1, aheadMs: 600_000 },
    { ...event, action: 'corrected', instanceId: '', samples: 1, aheadMs: 400_000 },
  ]);
});

describe('the record time of a record', () => {
  const MONTH = 30 * 86_400_000;

  test.each([
    ['now', 0, 0],
    ['a week ago', -7 * 86_400_000, -7 * 86_400_000],
    ['as long ago as a topic may keep records', -MONTH, -MONTH],
    ['a time to come', 1, 0],
    ['beyond all time', 9e15, 0],
  ])('%s', (_, from, read) => {
    expect(recordTimeOf(String(RECORDED + from), RECORDED)).toBe(RECORDED + read);
  });

  test.each([
    ['none', '-1'],
    ['1970', '0'],
    ['seconds', String(RECORDED / 1_000)],
    ['from before anything that is kept', String(RECORDED - MONTH - 1)],
    ['no number', 'now'],
  ])('%s => it does not say when the record came', (_, timestamp) => {
    expect(recordTimeOf(timestamp, RECORDED)).toBeNull();
  });
});

test.each([
  [-2 * 3_600_000, 'in_time'],
  [-31 * 86_400_000, 'late'],
  [300_001, 'corrected'],
] as const)('an event %i ms from now in a record of no time => %s', (from, verdict) => {
  expect(judgeTime(RECORDED + from, RECORDED, undated(correct))).toBe(verdict);
});
