/** `tocsin dev`: the whole system on one machine, with embedded servers, until it is asked to stop. */
import type { Config } from '../src/config/config';
import { atServers } from '../src/config/servers';
import { TocsinError } from '../src/domain/errors';
import { isFree } from '../src/dev/ports';
import { announceDev } from '../src/dev/running';
import { environmentOf, startServers, type ServerEnvironment } from '../src/dev/servers';
import { createLogger, shortLines } from '../src/observe/observe';
import { holdRoles, ROLE_NAMES, type Running } from './roles';
import { stopSignal } from './run';

export interface DevOptions {
  /** The configuration, with what it takes from TOCSIN_KAFKA, TOCSIN_TEMPORAL and TOCSIN_POSTGRES. */
  readonly configAt: (servers: ServerEnvironment) => Config;
  /** Its file. */
  readonly file: string;
  readonly dataDir: string;
  readonly print: (line: string) => void;
}

/** Resolves when everything has stopped after SIGINT or SIGTERM. */
export async function runDev({ configAt, file, dataDir, print }: DevOptions): Promise<void> {
  await checkPort(configAt(NOWHERE));
  // A signal before the servers are there ends the process, and their watchdogs end the servers.
  const servers = await startServers({ dataDir, which: ['temporal', 'kafka', 'postgres'], progress: print });
  const signal = stopSignal();
  signal.addEventListener('abort', () => print('stopping'));
  const environment = environmentOf(servers);
  let inTime = true;
  let conceal = async (): Promise<void> => undefined;
  try {
    // Also where the file names other servers: these are the ones that run.
    const config = atServers(configAt(environment), environment);
    conceal = await announceDev(dataDir, { file, environment });
    const { level } = config.log;
    const log = createLogger({ level, role: 'dev', destination: shortLines(print) });
    const onReady = ({ shared }: Running): void =>
      news(servers.temporal.uiUrl, shared.url, environment).forEach(print);
    const reread = (): Config => atServers(configAt(environment), environment);
    inTime = await holdRoles(config, ROLE_NAMES, signal, onReady, { log, reread });
  } finally {
    await conceal();
    await servers.stop();
  }
  // What hangs would keep the process alive.
  if (!inTime) process.exit(1);
}

/** Where servers are before they have been started: what does not depend on it is known all the same. */
const NOWHERE = environmentOf({
  temporal: { address: '127.0.0.1:1', uiUrl: null },
  kafka: { brokers: ['127.0.0.1:1'] },
  postgres: { url: 'postgres://127.0.0.1:1' },
});

/** Whoever has the port had better be told of before servers are started for nothing. */
async function checkPort({ http: { port } }: Config): Promise<void> {
  if (port === 0 || (await isFree(port))) return;
  throw new TocsinError(
    'TOC_CONFIG_INVALID',
    `http: port ${port} is in use, perhaps by another tocsin dev; stop that, or choose another http.port`,
  );
}

function news(temporalUi: string | null, health: string, environment: ServerEnvironment): string[] {
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  return [
    'ready',
    ...(temporalUi === null ? [] : [`Temporal's Web UI: ${temporalUi}`]),
    `metrics and health: ${health}/metrics, /livez, /readyz`,
    'in this folder other terminals find these servers by themselves; elsewhere, as long as they run:',
    `  export ${variables.join(' ')}`,
  ];
}
