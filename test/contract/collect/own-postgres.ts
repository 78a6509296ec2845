/** A PostgreSQL server of a test's own, for what the shared one cannot be asked: replicas, passwords, its settings. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { chown, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { postgresPrograms, type PostgresProgram } from '../../../src/dev/postgres';
import { closedPort } from './harness';
import { halt } from '../../harness/halt';

const run = promisify(execFile);

export const PASSWORD = 'right';

export interface OwnPostgres {
  readonly url: string;
  readonly port: number;
  readonly connect: () => Promise<Client>;
  /** Freezes and thaws all processes of the server: it keeps accepting and never answers. */
  readonly signal: (name: 'SIGSTOP' | 'SIGCONT') => void;
  readonly stop: () => Promise<void>;
}

interface Cluster {
  readonly program: PostgresProgram;
  readonly folder: string;
}

async function findProgram(): Promise<PostgresProgram> {
  const place = { cacheDir: join(homedir(), '.cache', 'tocsin'), progress: () => undefined };
  let last: unknown;
  for (const way of postgresPrograms(place)) {
    try {
      return await way.take();
    } catch (error) {
      last = error;
    }
  }
  throw new Error('there is no PostgreSQL for this test', { cause: last });
}

const accountOf = ({ account }: PostgresProgram): { uid?: number; gid?: number } =>
  account === null ? {} : { uid: account.uid, gid: account.gid };

async function newCluster(): Promise<Cluster> {
  const program = await findProgram();
  const folder = await mkdtemp(join(tmpdir(), 'tocsin-postgres-'));
  const password = join(folder, 'password');
  await writeFile(password, PASSWORD);
  const { account } = program;
  if (account !== null) for (const path of [folder, password]) await chown(path, account.uid, account.gid);
  const args = [
    '-D',
    join(folder, 'data'),
    '-U',
    'postgres',
    '-A',
    'scram-sha-256',
    '--pwfile',
    password,
    '-N',
  ];
  await run(join(program.bin, 'initdb'), args, { ...accountOf(program), cwd: folder });
  return { program, folder };
}

async function startServer(
  { program, folder }: Cluster,
  data: string,
  settings: Readonly<Record<string, string>>,
): Promise<OwnPostgres> {
  const port = await closedPort();
  const all = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    fsync: 'off',
    max_connections: '100',
    ...settings,
  };
  const args = [
    '-D',
    data,
    '-p',
    String(port),
    ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
  const said = await open(join(folder, `${port}.log`), 'a+');
  const options = { ...accountOf(program), cwd: folder, stdio: ['ignore' as const, said.fd, said.fd] };
  const child = spawn(join(program.bin, 'postgres'), args, options);
  const url = `postgres://postgres:${PASSWORD}@127.0.0.1:${port}/postgres`;
  const clients: Client[] = [];
  const connect = async (): Promise<Client> => {
    const client = new Client({ connectionString: url });
    client.on('error', () => undefined);
    await client.connect();
    clients.push(client);
    return client;
  };
  try {
    await untilReady(connect, child);
  } catch (cause) {
    throw new Error(await readFile(join(folder, `${port}.log`), 'utf8'), { cause });
  } finally {
    await said.close();
  }
  return {
    url,
    port,
    connect,
    signal: (name) => (name === 'SIGSTOP' ? halt(child.pid!) : void child.kill(name)),
    async stop() {
      await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
      const ended = new Promise((resolve) => child.once('exit', resolve));
      if (child.exitCode === null && child.kill('SIGINT')) await ended;
    },
  };
}

async function untilReady(connect: () => Promise<Client>, child: ChildProcess): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      return await (await connect()).end();
    } catch (cause) {
      if (child.exitCode !== null || tries > 200) throw new Error('PostgreSQL did not start', { cause });
      await sleep(50);
    }
  }
}

/** A server with a password (`PASSWORD`) and these settings; its files go with it. */
export async function startPostgres(settings: Readonly<Record<string, string>> = {}): Promise<OwnPostgres> {
  const cluster = await newCluster();
  const server = await startServer(cluster, join(cluster.folder, 'data'), settings);
  return {
    ...server,
    async stop() {
      await server.stop();
      await rm(cluster.folder, { recursive: true, force: true });
    },
  };
}

export interface OwnPair {
  readonly primary: OwnPostgres;
  readonly replica: OwnPostgres;
  readonly stop: () => Promise<void>;
}

/** A primary and its streaming replica, which calls itself `mirror` and reads through the slot `mirror_slot`. */
export async function startPair(): Promise<OwnPair> {
  const cluster = await newCluster();
  const data = join(cluster.folder, 'data');
  const copy = join(cluster.folder, 'copy');
  // A copy of a stopped server is a replica's beginning.
  await run('cp', ['-a', data, copy]);
  const primary = await startServer(cluster, data, { wal_level: 'replica' });
  const client = await primary.connect();
  await client.query("select pg_create_physical_replication_slot('mirror_slot', true)");
  await writeFile(join(copy, 'standby.signal'), '');
  const standby = {
    primary_conninfo: `host=127.0.0.1 port=${primary.port} user=postgres password=${PASSWORD} application_name=mirror`,
    primary_slot_name: 'mirror_slot',
  };
  const replica = await startServer(cluster, copy, standby).catch(async (error: unknown) => {
    await primary.stop();
    throw error;
  });
  return {
    primary,
    replica,
    async stop() {
      await replica.stop();
      await primary.stop();
      await rm(cluster.folder, { recursive: true, force: true });
    },
  };
}
