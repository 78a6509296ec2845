/** How records are sent: idempotent, acknowledged by all, compressed; and a record that Kafka refuses harms no other. */
import { randomBytes } from 'node:crypto';
import { CompressionTypes, type ProducerBatch, type ProducerConfig } from 'kafkajs';
import { COMPRESSIONS } from '../../../src/stream/compression';
import { createMetricPublisher } from '../../../src/stream/publishers';
import { createSender } from '../../../src/stream/sender';
import { alertsDlqTopic, alertsTopic, metricTopic, partitionOfKey } from '../../../src/stream/topics';
import { metric, openBench, readAll, sendRaw, type Bench } from './kafka-harness';
import { withAdmin } from '../../../src/stream/kafka';

let bench: Bench;
beforeAll(async () => (bench = await openBench()));
afterAll(() => bench.close());

/** What is asked of kafkajs, and what it then says to Kafka. */
function watchProducers() {
  const configs: (ProducerConfig | undefined)[] = [];
  const batches: ProducerBatch[] = [];
  const requests: string[] = [];
  const { kafka } = bench;
  const make = kafka.producer.bind(kafka);
  const spy = jest.spyOn(kafka, 'producer').mockImplementation((config) => {
    configs.push(config);
    const producer = make(config);
    producer.on(producer.events.REQUEST, ({ payload }) => void requests.push(payload.apiName));
    const { sendBatch } = producer;
    producer.sendBatch = (batch) => {
      batches.push(batch);
      return sendBatch(batch);
    };
    return producer;
  });
  bench.after(() => Promise.resolve(spy.mockRestore()));
  return { configs, batches, requests };
}

test('metrics are sent idempotently, acknowledged by all replicas, compressed from some size on', async () => {
  const { configs, batches, requests } = watchProducers();
  const publisher = createMetricPublisher({ kafka: bench.kafka, instance: bench.instance, lingerMs: 0 });
  bench.after(() => publisher.close());
  await publisher.publish([metric({ instance_id: 'small' })]);
  const many = Array.from({ length: 200 }, (_, at) => metric({ instance_id: 'large', value: at }));
  await publisher.publish(many);

  expect(configs).toEqual([expect.objectContaining({ idempotent: true, maxInFlightRequests: 1 })]);
  expect(requests).toContain('InitProducerId');
  expect(batches.map(({ acks, compression }) => [acks, compression])).toEqual([
    [-1, CompressionTypes.None],
    [-1, CompressionTypes.LZ4],
  ]);
  const records = await readAll(bench, metricTopic(bench.instance, metric()));
  const large = records.filter(({ key }) => key!.toString() === 'large');
  expect(large.map(({ value }) => (JSON.parse(value!.toString()) as { value: number }).value)).toEqual(
    many.map(({ value }) => value),
  );
  expect(new Set(large.map(({ partition }) => partition))).toEqual(
    new Set([partitionOfKey('', 'large', 12)]),
  );
  await expect(publisher.publish([metric({ tags: { a: 'x'.repeat(70_000) } })])).rejects.toMatchObject({
    code: 'TOC_MESSAGE_INVALID',
  });
});

test('every compression can be read again', async () => {
  const topic = alertsDlqTopic(bench.instance);
  const texts = COMPRESSIONS.map((name) => `${name} `.repeat(2_000));
  for (const [i, compression] of COMPRESSIONS.entries()) {
    const sender = createSender(bench.kafka, { lane: compression, lingerMs: 0, compression });
    await sender.send([{ topic, messages: [{ value: texts[i]! }] }]);
    await sender.close();
  }
  expect((await readAll(bench, topic)).map(({ value }) => value!.toString())).toEqual(texts);
});

test('a record that is too large is refused alone, and those sent with it arrive in order', async () => {
  const topic = alertsTopic(bench.instance);
  const sender = createSender(bench.kafka, { lane: 'test', lingerMs: 50 });
  bench.after(() => sender.close());
  const send = (value: string) => sender.send([{ topic, messages: [{ value }] }]);
  const sent = await Promise.allSettled([
    send('a'),
    send(randomBytes(800_000).toString('hex')),
    send('b'),
    send('c'),
  ]);
  expect(sent.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
  expect(sent[1]).toMatchObject({ reason: { code: 'TOC_MESSAGE_INVALID' } });
  expect((await readAll(bench, topic)).map(({ value }) => value!.toString())).toEqual(['a', 'b', 'c']);
  await sender.close();
  await expect(send('d')).rejects.toMatchObject({ code: 'TOC_DEPENDENCY_AWAY' });
});

test('what is sent on the answer of a refusal does not wait', async () => {
  const topic = alertsDlqTopic(bench.instance);
  const sender = createSender(bench.kafka, { lane: 'test', lingerMs: 0, timeoutMs: 5_000 });
  bench.after(() => sender.close());
  const send = (value: string) => sender.send([{ topic, messages: [{ value }] }]);
  for (let i = 0; i < 3; i++)
    await expect(send(randomBytes(800_000).toString('hex'))).rejects.toMatchObject({
      code: 'TOC_MESSAGE_INVALID',
    });
  await send('after');
});

test.each(['gzip', 'snappy', 'lz4', 'zstd'])('a batch that is kept as %s is read', async (codec) => {
  const topic = `${bench.instance}.kept-${codec}`;
  await withAdmin(bench.kafka, (admin) =>
    // The broker compresses anew.
    admin.createTopics({
      topics: [{ topic, configEntries: [{ name: 'compression.type', value: codec }] }],
      waitForLeaders: true,
    }),
  );
  const value = JSON.stringify(metric({ tags: { text: 'again and '.repeat(1_000) } }));
  await sendRaw(bench.kafka, topic, [{ value }, { value }]);
  const records = await readAll(bench, topic);
  expect(records.map((record) => record.value!.toString())).toEqual([value, value]);
});

test("a metric's record time is the broker's, whatever the sender says", async () => {
  const topic = metricTopic(bench.instance, metric());
  const producer = bench.kafka.producer();
  await producer.connect();
  const ahead = Date.now() + 50 * 60_000;
  await producer.send({ topic, messages: [{ key: 'ahead', value: '{}', timestamp: String(ahead) }] });
  await producer.disconnect();
  const record = (await readAll(bench, topic)).find(({ key }) => key?.toString() === 'ahead');
  expect(Number(record!.timestamp)).toBeLessThan(ahead - 60_000);
});
