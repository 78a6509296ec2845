/** What is no metric is put aside with its bytes and its place, and stops nothing: the metrics around it are evaluated. */
import { randomBytes } from 'node:crypto';
import type { Message } from 'kafkajs';
import type { DeadLetter } from '../../../src/stream/dead-letters';
import { DEFAULT_TIMING } from '../../../src/stream/event-time';
import { alertingGroup } from '../../../src/stream/metric-consumer';
import { metricsDlqTopic, metricTopic } from '../../../src/stream/topics';
import { startEvaluator } from '../evaluate/evaluator-process';
import {
  committedOf,
  metric,
  openBench,
  readAll,
  readTransitions,
  rule,
  sendRaw,
  until,
  type Bench,
} from './kafka-harness';

let bench: Bench;
beforeAll(async () => (bench = await openBench()));
afterAll(() => bench.close());

const now = Date.now();
const at = (seconds: number, value: number, more = {}): string =>
  JSON.stringify(metric({ timestamp: new Date(now + seconds * 1_000).toISOString(), value, ...more }));
const unwanted = (seconds: number): string => at(seconds, 1, { metric_name: 'unwanted' });
const noise = (bytes: number): string => randomBytes(bytes / 2).toString('hex');
const wrongTags = (): object => Object.fromEntries(Array.from({ length: 9_000 }, () => [noise(80), 1]));
/** Four short texts, a double, and a map that claims 2^48 entries. */
const avroThatLies = (): Buffer =>
  Buffer.concat([
    Buffer.from('\x02a\x02a\x02a\x02a'),
    Buffer.alloc(8),
    Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7e]),
  ]);

const JUNK: readonly (readonly [what: string, reason: string, problem: RegExp, message: Message])[] = [
  ['nothing', 'invalid_metric', /is empty/, { value: null }],
  ['empty', 'invalid_metric', /is empty/, { value: '' }],
  ['no JSON', 'invalid_metric', /neither JSON nor Avro/, { value: '{"timestamp":' }],
  ['a list', 'invalid_metric', /^message/, { value: ' [1]' }],
  [
    'wrong types',
    'invalid_metric',
    /instance_id.*value/,
    { value: at(0, 1, { instance_id: 7, value: '95' }) },
  ],
  [
    'a time without a zone',
    'invalid_metric',
    /timestamp/,
    { value: at(0, 1, { timestamp: '2026-01-01T00:00:00' }) },
  ],
  [
    'a time before all time',
    'invalid_metric',
    /timestamp/,
    { value: at(0, 95, { timestamp: '0000-01-01T00:00:00+14:00' }) },
  ],
  [
    'a broken one that no rule wants',
    'invalid_metric',
    /value/,
    { value: at(2, 1, { metric_name: 'unwanted', value: '95' }) },
  ],
  ['ahead of its time, and no rule wants it', 'clock_skew', /is 6\d\d s after/, { value: unwanted(660) }],
  ['a lying Avro', 'invalid_metric', /claims more/, { value: avroThatLies() }],
  ['ahead of its time', 'clock_skew', /is 6\d\d s after/, { value: at(660, 95) }],
  ['900 kB of noise', 'invalid_metric', /more than 65536/, { value: randomBytes(900_000) }],
  [
    'a breach with huge tags',
    'invalid_metric',
    /more than 65536/,
    { value: at(5, 99, { tags: { a: noise(900_000) } }) },
  ],
  [
    'thousands of wrong tags',
    'invalid_metric',
    /more than 65536/,
    { value: at(5, 99, { tags: wrongTags() }) },
  ],
  ['a huge key', 'invalid_metric', /is empty/, { key: noise(900_000), value: null }],
  [
    'a record time that is no date',
    'invalid_metric',
    /is empty/,
    { value: null, timestamp: '-9000000000000000' },
  ],
];

test('each kind of junk becomes a dead letter, and the alert around it fires and resolves', async () => {
  const { kafka, instance, onEvent } = bench;
  const topic = metricTopic(instance, metric());
  const evaluator = startEvaluator({
    ...{ kafka, instance, onEvent, rules: [rule()], commitEveryMessages: 1 },
    timing: { ...DEFAULT_TIMING, skewPolicy: 'reject' },
  });
  bench.after(() => evaluator.stop());
  const junk = JUNK.map(([, , , message]) => message);
  // A clock may be ahead by up to five minutes.
  // Metrics that no rule wants are looked over once one of them was parsed.
  const before = [{ value: at(1, 95) }, { value: unwanted(1) }, { value: unwanted(2) }];
  const messages: Message[] = [...before, ...junk, { value: at(240, 50) }];
  await sendRaw(
    kafka,
    topic,
    messages.map((message) => ({ ...message, partition: 3 })),
  );

  await until('everything to be committed', async () => {
    const committed = await committedOf(bench, alertingGroup(instance, 'default'));
    return committed[`${topic}/3`] === messages.length;
  });
  const letters = (await readAll(bench, metricsDlqTopic(instance))).map(
    ({ value }) => JSON.parse(value!.toString()) as DeadLetter,
  );
  letters.sort((a, b) => Number(a.offset) - Number(b.offset));
  expect(
    letters.map(({ reason, problems }, i) => [JUNK[i]?.[0], reason, JUNK[i]?.[2].test(problems.join('; '))]),
  ).toEqual(JUNK.map(([what, reason]) => [what, reason, true]));
  expect(letters.map((letter) => [letter.topic, letter.partition, letter.offset])).toEqual(
    JUNK.map((_, i) => [topic, 3, String(i + before.length)]),
  );
  const kept = junk.map(({ value }) =>
    value === null ? null : Buffer.from(value as string).subarray(0, 512 * 1_024),
  );
  expect(letters.map(({ value_base64: text }) => text)).toEqual(
    kept.map((bytes) => bytes?.toString('base64') ?? null),
  );
  expect(letters.map(({ truncated }) => truncated)).toEqual(
    junk.map(({ value }) => (value?.length ?? 0) > 512 * 1_024),
  );
  expect((await readTransitions(bench)).map(({ kind, value }) => [kind, value])).toEqual([
    ['firing', 95],
    ['resolved', 50],
  ]);
  expect(bench.events.filter(({ kind }) => kind === 'consumer_restarting' || kind === 'batch_retry')).toEqual(
    [],
  );
});
