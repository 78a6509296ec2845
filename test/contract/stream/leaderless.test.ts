/** A topic that nobody leads waits, and is read once it is led; what is in the others is evaluated meanwhile. */
import { ensureTopics, metricTopic } from '../../../src/stream/topics';
import { startEvaluator } from '../evaluate/evaluator-process';
import { metric, openBench, readTransitions, rule, sendRaw, until, type Bench } from './kafka-harness';

interface Metadata {
  readonly topicMetadata: {
    readonly topic: string;
    readonly partitionMetadata: { partitionErrorCode: number; leader: number }[];
  }[];
}
type Exchange = { readonly response: { readonly decode: (bytes: Buffer) => Promise<Metadata> } };
interface Requests {
  protocol: (of: { readonly version: number }) => (asked: unknown) => Exchange;
}

const LEADER_NOT_AVAILABLE = 5;
const unled = new Set<string>();
let bench: Bench;

/** As a broker says it whose fellow is away that alone had the topic. */
function loseLeaders(): void {
  const requests = jest.requireActual<Requests>('kafkajs/src/protocol/requests/metadata');
  const { protocol } = requests;
  requests.protocol = (of) => {
    const ask = protocol(of);
    return (asked) => {
      const exchange = ask(asked);
      const { decode } = exchange.response;
      const answer = async (bytes: Buffer): Promise<Metadata> => {
        const metadata = await decode(bytes);
        for (const { topic, partitionMetadata } of metadata.topicMetadata)
          if (unled.has(topic))
            for (const each of partitionMetadata)
              Object.assign(each, { partitionErrorCode: LEADER_NOT_AVAILABLE, leader: -1 });
        return metadata;
      };
      return { ...exchange, response: { ...exchange.response, decode: answer } };
    };
  };
}

beforeAll(async () => {
  bench = await openBench();
  loseLeaders();
});
afterAll(() => bench.close());

const of = (environment: string) => metric({ value: 95, tags: { environment } });
const topicOf = (environment: string): string => metricTopic(bench.instance, of(environment));
const send = (environment: string): Promise<void> =>
  sendRaw(bench.kafka, topicOf(environment), [{ key: 'db-1', value: JSON.stringify(of(environment)) }]);
const fired = async (): Promise<(string | undefined)[]> =>
  (await readTransitions(bench)).map(({ labels }) => labels.environment);

test('an evaluator that starts meanwhile reads the others, and it when it is led', async () => {
  const { kafka, instance, onEvent } = bench;
  await ensureTopics(kafka, instance, [topicOf('staging')]);
  await send('staging');
  unled.add(topicOf('staging'));
  const evaluator = startEvaluator({ kafka, instance, onEvent, rules: [rule()], intervalMs: 1_000 });
  bench.after(() => evaluator.stop());
  await send('production');
  await until('the alert of the topic that is led', async () => (await fired()).includes('production'));
  expect(await fired()).toEqual(['production']);
  const reasons = bench.events.flatMap((each) => (each.kind === 'consumer_restarting' ? each.reason : []));
  expect(reasons.filter((reason) => /leader/i.test(reason))).toEqual([]);
  expect(bench.events).toContainEqual({ kind: 'topic_unled', topic: topicOf('staging') });

  unled.clear();
  await until('the alert of the other one', async () => (await fired()).includes('staging'));
  expect(await fired()).toEqual(['production', 'staging']);
});
