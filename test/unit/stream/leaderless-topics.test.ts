/** A topic that nobody leads, whosever it is, keeps nobody from learning who leads the others. */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createKafka, withAdmin } from '../../../src/stream/kafka';
import { findMetricTopics, listMetricTopics } from '../../../src/stream/topics';

const [METADATA, API_VERSIONS] = [3, 18];
const LEADER_NOT_AVAILABLE = 5;

const int = (bytes: 1 | 2 | 4, value: number): Buffer => {
  const written = Buffer.alloc(bytes);
  written.writeIntBE(value, 0, bytes);
  return written;
};
const text = (value: string): Buffer => Buffer.concat([int(2, value.length), Buffer.from(value)]);
const list = (items: readonly Buffer[]): Buffer => Buffer.concat([int(4, items.length), ...items]);

/** Topic → who leads its partitions. */
type Cluster = Readonly<Record<string, readonly number[]>>;

/** Kafka's answer to a question for topics, version 1. */
function metadataOf(cluster: Cluster, asked: readonly string[] | null, port: number): Buffer {
  const broker = Buffer.concat([int(4, 1), text('127.0.0.1'), int(4, port), int(2, -1)]);
  const topics = (asked ?? Object.keys(cluster)).map((topic) => {
    const partitions = cluster[topic]!.map((leader, partition) => {
      const error = leader < 0 ? LEADER_NOT_AVAILABLE : 0;
      return Buffer.concat([int(2, error), int(4, partition), int(4, leader), list([]), list([])]);
    });
    return Buffer.concat([int(2, 0), text(topic), int(1, 0), list(partitions)]);
  });
  return Buffer.concat([list([broker]), int(4, 1), list(topics)]);
}

function versions(version: number): Buffer {
  const known = [
    [METADATA, 0, 1],
    [API_VERSIONS, 0, 2],
  ].map((three) => Buffer.concat(three.map((each) => int(2, each))));
  return Buffer.concat([int(2, 0), list(known), version > 0 ? int(4, 0) : Buffer.alloc(0)]);
}

function namesIn(body: Buffer): string[] | null {
  const count = body.readInt32BE(0);
  if (count < 0) return null;
  const names: string[] = [];
  for (let at = 4; names.length < count;) {
    const length = body.readInt16BE(at);
    names.push(body.toString('utf8', at + 2, at + 2 + length));
    at += 2 + length;
  }
  return names;
}

/** The answer to a request without its length. */
function answer(cluster: Cluster, request: Buffer, port: number): Buffer {
  const [api, version] = [request.readInt16BE(0), request.readInt16BE(2)];
  const body = request.subarray(10 + Math.max(0, request.readInt16BE(8)));
  const said = api === METADATA ? metadataOf(cluster, namesIn(body), port) : versions(version);
  return Buffer.concat([int(4, 4 + said.length), request.subarray(4, 8), said]);
}

function serve(cluster: Cluster): Server {
  return createServer((socket: Socket) => {
    let rest: Buffer = Buffer.alloc(0);
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => {
      rest = Buffer.concat([rest, bytes]);
      while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
        const request = rest.subarray(4, 4 + rest.readInt32BE(0));
        rest = rest.subarray(4 + request.length);
        socket.write(answer(cluster, request, socket.localPort!));
      }
    });
  });
}

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

async function kafkaOf(cluster: Cluster) {
  const server = serve(cluster);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { kafka: createKafka({ brokers: [`127.0.0.1:${port}`], clientId: 'test' }), port };
}

test('of a topic of somebody else', async () => {
  const { kafka, port } = await kafkaOf({ theirs: [-1], 'gds.metrics.host.production': [1, 1] });
  const found = await findMetricTopics(kafka, '');
  expect(found.leaders).toEqual(
    new Map([
      [
        'gds.metrics.host.production',
        new Map([
          [0, 1],
          [1, 1],
        ]),
      ],
    ]),
  );
  expect(found.nodes).toEqual(new Map([[`127.0.0.1:${port}`, 1]]));
  expect(await listMetricTopics(kafka, '')).toEqual(['gds.metrics.host.production']);
});

test('of a topic of metrics: nobody leads its partition, and the others are known', async () => {
  const { kafka } = await kafkaOf({ 'gds.metrics.host.a': [1, -1], 'gds.metrics.host.b': [1] });
  const { leaders } = await findMetricTopics(kafka, '');
  expect([...leaders].map(([topic, led]) => [topic, [...led.values()]])).toEqual([
    ['gds.metrics.host.a', [1, -1]],
    ['gds.metrics.host.b', [1]],
  ]);
});

test('whoever is about to use a topic is refused while nobody leads it', async () => {
  const { kafka } = await kafkaOf({ led: [1], theirs: [-1] });
  const asks = (topic: string) => withAdmin(kafka, (admin) => admin.fetchTopicMetadata({ topics: [topic] }));
  expect((await asks('led')).topics).toHaveLength(1);
  await expect(asks('theirs')).rejects.toMatchObject({ code: 'TOC_DEPENDENCY_AWAY' });
});
