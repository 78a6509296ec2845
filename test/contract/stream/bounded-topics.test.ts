/** However many environments samples name, only so many of them get a topic for what recording rules make. */
import type { StreamEvent } from '../../../src/stream/events';
import { withAdmin } from '../../../src/stream/kafka';
import { createMetricPublisher } from '../../../src/stream/publishers';
import { derivedTopic, isDerivedTopic, listMetricTopics } from '../../../src/stream/topics';
import { metric, openBench, readAll, until, type Bench } from './kafka-harness';

let bench: Bench;
beforeAll(async () => (bench = await openBench()));
afterAll(() => bench.close());

const topicOf = (environment: string): string => derivedTopic(bench.instance, { tags: { environment } });

function startProcess(most = 3) {
  const { kafka, instance } = bench;
  const events: StreamEvent[] = [];
  const counts = (topic: string): boolean => isDerivedTopic(instance, topic);
  const publisher = createMetricPublisher({
    ...{
      kafka,
      instance,
      topicOf: derivedTopic,
      lingerMs: 0,
      bound: { most, counts, rest: topicOf('other'), pauseMs: 200 },
    },
    onEvent: (event) => void events.push(event),
  });
  bench.after(() => publisher.close());
  const publish = (...environments: string[]) =>
    publisher.publish(environments.map((environment) => metric({ tags: { environment } })));
  const bounded = () => events.filter(({ kind }) => kind === 'topics_bounded');
  const notMade = () => events.filter(({ kind }) => kind === 'topic_not_made');
  return { publish, bounded, notMade };
}

const derived = async (): Promise<string[]> =>
  (await listMetricTopics(bench.kafka, bench.instance)).filter((topic) =>
    isDerivedTopic(bench.instance, topic),
  );

async function environmentsIn(topic: string): Promise<string[]> {
  const records = await readAll(bench, topic);
  return records
    .map(({ value }) => (JSON.parse(value!.toString()) as { tags: { environment: string } }).tags.environment)
    .sort();
}

test('those beyond go to one that takes the rest, whichever process made the first', async () => {
  const [one, two] = [startProcess(), startProcess()];
  await one.publish('a', 'b');
  await two.publish('c');
  expect([one.bounded(), two.bounded()]).toEqual([[], []]);
  // Each heard of what the other had made only when it needed one more.
  await Promise.all([one.publish('x1', 'a', 'x2'), one.publish('x3', 'c'), two.publish('x4', 'b', 'other')]);
  await one.publish('x5', 'c');
  expect(await derived()).toEqual(['a', 'b', 'c', 'other'].map(topicOf));
  expect(await environmentsIn(topicOf('other'))).toEqual(['other', 'x1', 'x2', 'x3', 'x4', 'x5']);
  expect(await environmentsIn(topicOf('c'))).toEqual(['c', 'c', 'c']);
  expect(one.bounded()).toMatchObject([{ most: 3, rest: topicOf('other') }]);
  expect(two.bounded()).toHaveLength(1);
});

test('one that cannot be made holds up none of the others, and is made when it can be', async () => {
  const { kafka } = bench;
  // To Kafka, a dot and an underscore in the names of two topics are the same.
  const inTheWay = topicOf('late').replace('gds.metrics', 'gds_metrics');
  await withAdmin(kafka, (admin) => admin.createTopics({ topics: [{ topic: inTheWay }] }));
  const { publish, notMade } = startProcess(10);
  const before = (await environmentsIn(topicOf('a'))).length;
  await publish('late', 'a', 'new');
  expect(await environmentsIn(topicOf('a'))).toHaveLength(before + 1);
  expect(await environmentsIn(topicOf('new'))).toEqual(['new']);
  expect(await environmentsIn(topicOf('other'))).toContain('late');
  expect(notMade()).toMatchObject([{ topic: topicOf('late'), rest: topicOf('other') }]);
  expect(notMade()[0]).toHaveProperty('reason', expect.stringContaining('invalid topic'));

  await withAdmin(kafka, (admin) => admin.deleteTopics({ topics: [inTheWay] }));
  await until('the topic to be made', async () => {
    await publish('late');
    return (await derived()).includes(topicOf('late'));
  });
});

test('every other topic of metrics is made', async () => {
  const publisher = createMetricPublisher({ kafka: bench.kafka, instance: bench.instance, lingerMs: 0 });
  bench.after(() => publisher.close());
  const before = await listMetricTopics(bench.kafka, bench.instance);
  await publisher.publish(['d', 'e', 'f', 'g'].map((environment) => metric({ tags: { environment } })));
  expect(await listMetricTopics(bench.kafka, bench.instance)).toHaveLength(before.length + 4);
});
