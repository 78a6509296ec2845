/**
 * The servers of one jest run: started once before the first test that needs them, stopped after the last. A server whose
 * address stands in TOCSIN_TEST_TEMPORAL, TOCSIN_TEST_KAFKA or TOCSIN_TEST_POSTGRES is used as it is, and never stopped.
 */
import { mkdir, rm, cp } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultCacheDir, startServers, timeSkippingServer, type ServerName } from '../../src/dev/servers';
import { makeRunFolder } from './run-folder';

export const TEST_VARIABLES: Record<ServerName, string> = {
  temporal: 'TOCSIN_TEST_TEMPORAL',
  kafka: 'TOCSIN_TEST_KAFKA',
  postgres: 'TOCSIN_TEST_POSTGRES',
};

/** The path of the test server that skips time. */
export const TIME_SKIPPING_VARIABLE = 'TOCSIN_TEST_TIMESKIPPING';

const STOPS = Symbol.for('tocsin.test.stops');
const LOGS = join(__dirname, '..', '..', '.tocsin', 'test-logs');

type StopsHolder = typeof globalThis & { [STOPS]?: (() => Promise<void>)[] };

/** Starts those that are not there yet, and tells the tests where they are. What they log is kept under the project's name. */
export async function startGlobalServers(which: readonly ServerName[], project: string): Promise<void> {
  const missing = which.filter((name) => !process.env[TEST_VARIABLES[name]]);
  if (missing.length === 0) return;
  const dataDir = await makeRunFolder();
  const servers = await startServers<ServerName>({
    dataDir,
    which: missing,
    variables: 'none',
    ports: 'any',
    // Sessions of all suites at once, and those that collector tests open on purpose.
    postgresSettings: { max_connections: '300' },
    progress: announce,
  });
  if (missing.includes('temporal')) process.env[TEST_VARIABLES.temporal] = servers.temporal.address;
  if (missing.includes('kafka')) process.env[TEST_VARIABLES.kafka] = servers.kafka.brokers.join(',');
  if (missing.includes('postgres')) process.env[TEST_VARIABLES.postgres] = servers.postgres.url;
  stops().push(async () => {
    await servers.stop();
    const logs = join(LOGS, project);
    await mkdir(logs, { recursive: true });
    await cp(join(dataDir, 'logs'), logs, { recursive: true });
    await rm(dataDir, { recursive: true, force: true });
    for (const name of missing) delete process.env[TEST_VARIABLES[name]];
  });
}

export async function findTimeSkippingServer(): Promise<void> {
  process.env[TIME_SKIPPING_VARIABLE] ||= await timeSkippingServer({
    cacheDir: defaultCacheDir(),
    program: process.env.TOCSIN_TEMPORAL_TEST_SERVER,
    progress: announce,
  });
}

export async function stopGlobalServers(): Promise<void> {
  for (const stop of stops().splice(0)) await stop();
}

function stops(): (() => Promise<void>)[] {
  return ((globalThis as StopsHolder)[STOPS] ??= []);
}

function announce(text: string): void {
  process.stderr.write(`test servers: ${text}\n`);
}
