/** A topic that cannot be made takes nothing from the others: neither their place nor their time. */
import type { StreamEvent } from '../../../src/stream/events';
import type { Kafka } from '../../../src/stream/kafka';
import { createTopicMaker } from '../../../src/stream/topic-maker';
import { waitFor } from '../../harness/wait-for';

const PAUSE_MS = 20;

/** A broker that has taken what it is asked to make, but for what `refuses` says; asked for `stuck` ones it never answers. */
function createBroker() {
  const broker = {
    topics: new Set<string>(),
    asked: [] as string[],
    refuses: new Set<string>(),
    stuck: new Set<string>(),
    kafka: { admin: () => admin } as unknown as Kafka,
  };
  const admin = {
    connect: () => Promise.resolve(),
    disconnect: () => Promise.resolve(),
    listTopics: () => Promise.resolve([...broker.topics]),
    describeCluster: () => Promise.resolve({ brokers: [{}] }),
    fetchTopicOffsets: () => Promise.resolve([]),
    async createTopics({ topics }: { topics: { topic: string }[] }) {
      for (const { topic } of topics) {
        broker.asked.push(topic);
        if (broker.stuck.has(topic)) await new Promise(() => undefined);
        if (broker.refuses.has(topic)) throw new Error('no right');
        broker.topics.add(topic);
      }
    },
  };
  return broker;
}

const D = 'gds.metrics.derived.';

function start(most: number) {
  const broker = createBroker();
  const events: StreamEvent[] = [];
  const maker = createTopicMaker({
    ...{ kafka: broker.kafka, instance: '' },
    bound: { most, counts: (topic) => topic.startsWith(D), rest: `${D}other`, pauseMs: PAUSE_MS },
    onEvent: (event) => void events.push(event),
  });
  const placesOf = async (...environments: string[]): Promise<Record<string, string>> => {
    const places = await maker.ensure(environments.map((each) => D + each));
    return Object.fromEntries([...places].map(([topic, by]) => [topic.slice(D.length), by.slice(D.length)]));
  };
  return { broker, events, placesOf };
}

test('it keeps no place among those that are made', async () => {
  const { broker, events, placesOf } = start(2);
  broker.refuses.add(`${D}bad`);
  expect(await placesOf('bad')).toEqual({ bad: 'other' });
  expect(await placesOf('a', 'b', 'bad')).toEqual({ a: 'a', b: 'b', bad: 'other' });
  expect(events.map(({ kind }) => kind)).toEqual(['topic_not_made']);
});

test('nobody waits for the next try', async () => {
  const { broker, placesOf } = start(3);
  broker.refuses.add(`${D}bad`);
  await placesOf('bad');
  broker.stuck.add(`${D}bad`);
  const isTriedAgain = async (): Promise<boolean> => {
    expect(await placesOf('bad', 'a')).toEqual({ bad: 'other', a: 'a' });
    return broker.asked.filter((topic) => topic === `${D}bad`).length === 2;
  };
  await waitFor(isTriedAgain, { what: 'another try' });
  expect(await placesOf('bad', 'a')).toEqual({ bad: 'other', a: 'a' });
});

test('it is made once it can be', async () => {
  const { broker, placesOf } = start(3);
  broker.refuses.add(`${D}bad`);
  await placesOf('bad');
  broker.refuses.clear();
  await waitFor(async () => (await placesOf('bad')).bad === 'bad', { what: 'its own place' });
});

test('however many cannot be made, so many are tried and no more', async () => {
  const { broker, placesOf } = start(2);
  const all = ['v', 'w', 'x', 'y', 'z'];
  for (const each of all) broker.refuses.add(D + each);
  for (const each of all) await placesOf(each);
  const tried = broker.asked.filter((topic) => topic.startsWith(D) && topic !== `${D}other`);
  expect([...new Set(tried)]).toEqual([`${D}v`, `${D}w`]);
});
