/** `tocsin dev`: the whole system on one machine, with embedded servers, until it is asked to stop. */
import type { Config } from '../src/config/config';
import { Secret } from '../src/config/secret';
import { startServers } from '../src/dev/servers';
import { ROLE_NAMES, startRoles } from './roles';
import { untilSignalled } from './run';

export interface DevOptions {
  /** The servers' addresses in it are replaced by those of the embedded ones. */
  readonly config: Config;
  readonly dataDir: string;
  readonly print: (line: string) => void;
}

/** Resolves when everything has stopped after SIGINT or SIGTERM. */
export async function runDev({ config, dataDir, print }: DevOptions): Promise<void> {
  const signalled = untilSignalled();
  const servers = await startServers({ dataDir, which: ['temporal', 'kafka', 'postgres'], progress: print });
  try {
    const here = onThisMachine(config, servers.kafka.brokers, servers.temporal.address, servers.postgres.url);
    const running = await startRoles(here, ROLE_NAMES);
    print(`ready: ${ROLE_NAMES.join(', ')}`);
    if (servers.temporal.uiUrl !== null) print(`Temporal's Web UI: ${servers.temporal.uiUrl}`);
    print(`metrics and health: ${running.shared.url}/metrics, /livez, /readyz`);
    print(
      `another terminal: export TOCSIN_KAFKA=${servers.kafka.brokers.join(',')} TOCSIN_TEMPORAL=${servers.temporal.address} TOCSIN_POSTGRES=${servers.postgres.url}`,
    );
    await signalled;
    print('stopping');
    await running.stop();
  } finally {
    await servers.stop();
  }
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
