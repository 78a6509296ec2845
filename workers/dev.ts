/** `tocsin dev`: the whole system on one machine, with embedded servers, until it is asked to stop. */
import type { Config } from '../src/config/config';
import { Secret } from '../src/config/secret';
import { startServers } from '../src/dev/servers';
import { holdRoles, ROLE_NAMES } from './roles';
import { stopSignal } from './run';

export interface DevOptions {
  /** The servers' addresses in it are replaced by those of the embedded ones. */
  readonly config: Config;
  readonly dataDir: string;
  readonly print: (line: string) => void;
}

/** Resolves when everything has stopped after SIGINT or SIGTERM. */
export async function runDev({ config, dataDir, print }: DevOptions): Promise<void> {
  // A signal before the servers are there ends the process, and their watchdogs end the servers.
  const servers = await startServers({ dataDir, which: ['temporal', 'kafka', 'postgres'], progress: print });
  const signal = stopSignal();
  signal.addEventListener('abort', () => print('stopping'));
  let inTime = true;
  try {
    const here = onThisMachine(config, servers.kafka.brokers, servers.temporal.address, servers.postgres.url);
    inTime = await holdRoles(here, ROLE_NAMES, signal, ({ shared }) => {
      print(`ready: ${ROLE_NAMES.join(', ')}`);
      if (servers.temporal.uiUrl !== null) print(`Temporal's Web UI: ${servers.temporal.uiUrl}`);
      print(`metrics and health: ${shared.url}/metrics, /livez, /readyz`);
      print(
        `another terminal: export TOCSIN_KAFKA=${servers.kafka.brokers.join(',')} TOCSIN_TEMPORAL=${servers.temporal.address} TOCSIN_POSTGRES=${servers.postgres.url}`,
      );
    });
  } finally {
    await servers.stop();
  }
  // What hangs would keep the process alive.
  if (!inTime) process.exit(1);
}

function onThisMachine(
  config: Config,
  brokers: readonly string[],
  address: string,
  postgres: string,
): Config {
  return {
    ...config,
    kafka: { ...config.kafka, brokers },
    temporal: { ...config.temporal, address },
    postgres: { ...config.postgres, url: Secret.of(postgres) },
  };
}
