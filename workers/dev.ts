/** `tocsin dev`: the whole system on one machine, with embedded servers, until it is asked to stop. */
import { loadConfig } from '../src/config/load';
import type { Config } from '../src/config/config';
import { Secret } from '../src/config/secret';
import { startServers } from '../src/dev/servers';
import { ROLE_NAMES, startRoles } from './roles';
import { untilSignalled } from './run';

export interface DevOptions {
  /** Null: the defaults, without targets. */
  readonly config: Config | null;
  readonly dataDir: string;
  readonly print: (line: string) => void;
}

/** Resolves when everything has stopped after SIGINT or SIGTERM. */
export async function runDev({ config, dataDir, print }: DevOptions): Promise<void> {
  const signalled = untilSignalled();
  const servers = await startServers({ dataDir, which: ['temporal', 'kafka', 'postgres'], progress: print });
  try {
    const given = config ?? loadConfig({ text: '{}', path: null });
    const here = onThisMachine(given, servers.kafka.brokers, servers.temporal.address, servers.postgres.url);
    // Without an SMTP server there is nobody to hand a mail to.
    const roles = ROLE_NAMES.filter(
      (role) => role !== 'notification-service' || given.notificationService.smtp !== null,
    );
    const running = await startRoles(here, roles);
    print(`ready: ${roles.join(', ')}`);
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
