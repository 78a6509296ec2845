/** Snapshots on real Kafka: the newest whole one of each partition number, whoever died while writing the next. */
import { randomBytes } from 'node:crypto';
import { withAdmin } from '../../../src/stream/kafka';
import {
  createSnapshotTopic,
  ensureSnapshotTopic,
  recordsOf,
  type SnapshotTopic,
} from '../../../src/stream/snapshot-topic';
import { snapshotTopic } from '../../../src/stream/topics';
import { openBench, sendRaw, type Bench } from './kafka-harness';

const POOL = 'default';
let bench: Bench;
let topic: SnapshotTopic;

beforeAll(async () => {
  bench = await openBench();
  const { kafka, instance, onEvent } = bench;
  await ensureSnapshotTopic(kafka, instance, POOL, { development: true });
  topic = createSnapshotTopic({ kafka, instance, pool: POOL, onEvent });
  bench.after(() => topic.close());
});
afterAll(() => bench.close());

const sendRecords = (records: ReturnType<typeof recordsOf>): Promise<void> =>
  sendRaw(bench.kafka, snapshotTopic(bench.instance, POOL), records);
const newest = async (partition: number): Promise<string | undefined> =>
  (await topic.read([partition])).get(partition)?.toString();

test('the newest of each partition number, and nothing where there is none', async () => {
  const large = randomBytes(1_500_000);
  await topic.write(0, Buffer.from('old'));
  await Promise.all([topic.write(0, large), topic.write(1, Buffer.from('b'))]);
  const found = await topic.read([0, 1, 2]);
  expect([...found.keys()].sort()).toEqual([0, 1]);
  expect(found.get(0)!.equals(large)).toBe(true);
  expect(found.get(1)!.toString()).toBe('b');
});

test('one that was begun and not ended is passed over', async () => {
  await topic.write(3, Buffer.from('whole'));
  await sendRecords(recordsOf(3, randomBytes(600_000)).slice(0, -1));
  expect(await newest(3)).toBe('whole');
  await sendRecords(recordsOf(4, Buffer.from('x')).slice(0, -1));
  expect(await newest(4)).toBeUndefined();
});

test('one that does not add up does not count', async () => {
  const [part, manifest] = recordsOf(5, Buffer.from('right'));
  await sendRecords([{ ...part!, value: Buffer.from('wrong') }, manifest!]);
  expect(await newest(5)).toBeUndefined();
  const [one, other] = [recordsOf(6, randomBytes(600_000)), recordsOf(6, Buffer.from('y'))];
  await sendRecords([one[0]!, other[0]!, one.at(-1)!]);
  expect(await newest(6)).toBeUndefined();
  await topic.write(6, Buffer.from('next'));
  expect(await newest(6)).toBe('next');
});

test('parts that were sent again, and those of somebody else, are passed over', async () => {
  const large = randomBytes(600_000);
  const [records, other] = [recordsOf(8, large), recordsOf(8, Buffer.from('y'))];
  await sendRecords([...records, other[0]!, ...records.slice(1)]);
  const found = (await topic.read([8])).get(8);
  expect(found?.equals(large)).toBe(true);
});

test.each([
  ['no snapshot', { key: 'k', value: 'text' }],
  ['a manifest without parts', { key: 'manifest', value: '{"parts":9,"sha256":""}', headers: { at: '9' } }],
  ['a manifest that is none', { key: 'manifest', value: '{"parts":-1}', headers: { at: '0' } }],
])('what somebody else has written there is passed over: %s', async (_, record) => {
  await sendRecords([{ ...record, value: Buffer.from(record.value), partition: 7 }]);
  expect(await newest(7)).toBeUndefined();
});

test('its topic is compacted, and keeps the one before while the next is written', async () => {
  const name = snapshotTopic(bench.instance, POOL);
  const { resources } = await withAdmin(bench.kafka, (admin) =>
    admin.describeConfigs({ includeSynonyms: false, resources: [{ type: 2, name }] }),
  );
  const entries = resources[0]!.configEntries.map(({ configName, configValue }) => [configName, configValue]);
  expect(Object.fromEntries(entries)).toMatchObject({
    'cleanup.policy': 'compact,delete',
    'min.compaction.lag.ms': '600000',
  });
});
