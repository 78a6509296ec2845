/** A configuration at other servers than its file names: those that `tocsin dev` has started. */
import type { Config } from './config';
import { Secret } from './secret';

export interface ServerAddresses {
  readonly TOCSIN_KAFKA: string;
  readonly TOCSIN_TEMPORAL: string;
  readonly TOCSIN_POSTGRES: string;
}

export function atServers(config: Config, servers: ServerAddresses): Config {
  return {
    ...config,
    kafka: { ...config.kafka, brokers: servers.TOCSIN_KAFKA.split(',') },
    temporal: { ...config.temporal, address: servers.TOCSIN_TEMPORAL },
    postgres: { ...config.postgres, url: Secret.of(servers.TOCSIN_POSTGRES) },
  };
}
