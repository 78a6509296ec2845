/**
 * The servers that Tocsin needs, on one machine: each is taken from an address in the environment, or started here from a
 * program on the machine, or from one installed into the cache. Those behind an address are only asked whether they are
 * healthy; nothing here stops or changes a server that it did not start. What the servers are used for is others' matter.
 */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { messageOf, TocsinError } from '../domain/errors';
import { firstWay, NotHere, type Way } from './find';
import { checkKafka, checkPostgres, checkTemporal } from './health';
import { KAFKA_ADVICE, kafkaLaunch, kafkaPrograms } from './kafka';
import { POSTGRES_ADVICE, postgresLaunch, postgresPrograms } from './postgres';
import { startServer, type ServerHandle, type ServerName, type Surroundings } from './server';
import { TEMPORAL_ADVICE, temporalLaunch, temporalPrograms } from './temporal';

export type { ServerHandle, ServerName } from './server';
export { SEARCH_ATTRIBUTES, timeSkippingServer } from './temporal';

export interface Addresses {
  readonly temporal: {
    readonly address: string;
    /** Null behind an address from the environment: it does not tell where its UI is. */
    readonly uiUrl: string | null;
  };
  readonly kafka: { readonly brokers: readonly string[] };
  readonly postgres: { readonly url: string };
}

export interface StartOptions<K extends ServerName> {
  /** Data, logs and records of the servers; kept between runs. */
  readonly dataDir: string;
  /** Where installs go; by default TOCSIN_CACHE, or ~/.cache/tocsin. */
  readonly cacheDir?: string;
  readonly which: readonly K[];
  /** One line for each step that people may have to wait for. */
  readonly progress?: (text: string) => void;
  /** The environment's variables that hold addresses; by default TOCSIN_TEMPORAL, TOCSIN_KAFKA and TOCSIN_POSTGRES.
   *  With 'none' the servers are the caller's own in any case. */
  readonly variables?: Partial<Record<ServerName, string>> | 'none';
  /** Where the programs are: the Temporal CLI, a Kafka folder, a folder with postgres and initdb. */
  readonly programs?: Partial<Record<ServerName, string>>;
  /** PostgreSQL's own settings, as { max_connections: '20' }. */
  readonly postgresSettings?: Readonly<Record<string, string>>;
  /** 'standard' prefers each server's well-known ports, 'any' leaves those to others. A later run prefers its earlier ports. */
  readonly ports?: 'standard' | 'any';
  readonly startTimeoutMs?: number;
}

export type StartedServers<K extends ServerName> = Pick<Addresses, K> & {
  /** Only the servers that we started: one behind an address from the environment has none. */
  readonly handles: Partial<Record<K, ServerHandle>>;
  /** Stops what we started, all at once; data stay. */
  stop(): Promise<void>;
};

const VARIABLES = {
  temporal: 'TOCSIN_TEMPORAL',
  kafka: 'TOCSIN_KAFKA',
  postgres: 'TOCSIN_POSTGRES',
} as const satisfies Record<ServerName, string>;

/** The servers' addresses by the variables that name them. */
export type ServerEnvironment = Readonly<Record<(typeof VARIABLES)[ServerName], string>>;

export function environmentOf({ kafka, temporal, postgres }: Addresses): ServerEnvironment {
  return {
    TOCSIN_KAFKA: kafka.brokers.join(','),
    TOCSIN_TEMPORAL: temporal.address,
    TOCSIN_POSTGRES: postgres.url,
  };
}

const START_TIMEOUT_MS = 120_000;

interface Started<N extends ServerName> {
  readonly address: Addresses[N];
  readonly handle: ServerHandle | null;
}

interface Request extends Surroundings {
  readonly cacheDir: string;
  readonly variables: Partial<Record<ServerName, string>>;
  readonly programs: Partial<Record<ServerName, string>>;
  readonly postgresSettings: Readonly<Record<string, string>>;
}

/** Installs' folder when the caller names none. */
export function defaultCacheDir(): string {
  return process.env.TOCSIN_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'tocsin');
}

/**
 * Starts, or finds, the servers and waits until each is healthy. They stop with this process, however it ends.
 * @throws TOC_SERVER_MISSING one error for all that could not be had, with everything that was tried and what to install;
 * TOC_SERVER_AWAY when a server behind an address from the environment does not answer; TOC_USAGE when another
 * living process uses the data folder. Whatever had been started by then is stopped again.
 */
export async function startServers<K extends ServerName>(
  options: StartOptions<K>,
): Promise<StartedServers<K>> {
  const request = requestOf(options);
  const names = [...new Set<ServerName>(options.which)];
  const outcomes = await Promise.allSettled(names.map((name) => STARTERS[name](request)));
  const handles: Partial<Record<ServerName, ServerHandle>> = {};
  const addresses: Partial<Record<ServerName, unknown>> = {};
  for (const [at, name] of names.entries()) {
    const outcome = outcomes[at];
    if (outcome?.status !== 'fulfilled') continue;
    addresses[name] = outcome.value.address;
    if (outcome.value.handle !== null) handles[name] = outcome.value.handle;
  }
  const stop = async () => {
    await Promise.all(Object.values(handles).map((handle) => handle.close()));
  };
  const failures = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
  );
  if (failures.length > 0) {
    await stop();
    throw oneError(failures);
  }
  return { ...addresses, handles, stop } as unknown as StartedServers<K>;
}

function requestOf(options: StartOptions<ServerName>): Request {
  return {
    dataDir: resolve(options.dataDir),
    cacheDir: resolve(options.cacheDir ?? defaultCacheDir()),
    progress: options.progress ?? (() => undefined),
    startTimeoutMs: options.startTimeoutMs ?? START_TIMEOUT_MS,
    variables: options.variables === 'none' ? {} : { ...VARIABLES, ...options.variables },
    standardPorts: options.ports !== 'any',
    programs: options.programs ?? {},
    postgresSettings: options.postgresSettings ?? {},
  };
}

function oneError(failures: readonly unknown[]): unknown {
  // Servers of one data folder are refused for one reason.
  const reasons = new Set(failures.map(messageOf));
  if (reasons.size === 1) return failures[0];
  const first = failures.find((failure) => failure instanceof TocsinError);
  const code = first instanceof TocsinError ? first.code : 'TOC_SERVER_MISSING';
  return new TocsinError(code, [...reasons].join('\n'), { cause: new AggregateError(failures) });
}

type Starter<N extends ServerName> = (request: Request) => Promise<Started<N>>;

const STARTERS: { [N in ServerName]: Starter<N> } = {
  temporal: (request) =>
    startOrUse(request, 'temporal', TEMPORAL_ADVICE, temporalPrograms(placeOf(request, 'temporal')), {
      given: (address) => ({ address, uiUrl: null }),
      check: checkTemporal,
      async start(program) {
        const handle = await startServer(temporalLaunch(program, request.dataDir), request);
        const [port, uiPort] = handle.ports;
        return { handle, address: { address: `127.0.0.1:${port}`, uiUrl: `http://127.0.0.1:${uiPort}` } };
      },
    }),
  kafka: (request) =>
    startOrUse(request, 'kafka', KAFKA_ADVICE, kafkaPrograms(placeOf(request, 'kafka')), {
      given: (address) => ({ brokers: listOf(address) }),
      check: (address) => checkKafka(listOf(address)),
      async start(program) {
        const handle = await startServer(kafkaLaunch(program, request.dataDir), request);
        return { handle, address: { brokers: [`127.0.0.1:${handle.ports[0]}`] } };
      },
    }),
  postgres: (request) =>
    startOrUse(request, 'postgres', POSTGRES_ADVICE, postgresPrograms(placeOf(request, 'postgres')), {
      given: (url) => ({ url }),
      check: checkPostgres,
      async start(program) {
        const { dataDir, postgresSettings, progress } = request;
        const { launch, urlOn } = await postgresLaunch(program, dataDir, postgresSettings, progress);
        const handle = await startServer(launch, request);
        return { handle, address: { url: urlOn(handle.ports[0] ?? 0) } };
      },
    }),
};

interface Kind<N extends ServerName, P> {
  /** What the address in the environment means. */
  given(address: string): Addresses[N];
  check(address: string): Promise<void>;
  start(program: P): Promise<Started<N>>;
}

async function startOrUse<N extends ServerName, P>(
  request: Request,
  name: N,
  advice: string,
  programs: readonly Way<P>[],
  kind: Kind<N, P>,
): Promise<Started<N>> {
  const variable = request.variables[name];
  const address = variable === undefined ? undefined : process.env[variable];
  if (variable !== undefined && address !== undefined && address !== '') {
    await checkGiven(name, variable, () => kind.check(address));
    return { handle: null, address: kind.given(address) };
  }
  const unset = { what: `the environment's ${variable}`, take: () => Promise.reject(new NotHere('not set')) };
  const before: readonly Way<Started<N>>[] = variable === undefined ? [] : [unset];
  // A program that is found but does not start here leads on to the next way, as one that is not found does.
  const ways = programs.map(({ what, take }) => ({ what, take: async () => kind.start(await take()) }));
  return firstWay(name, [...before, ...ways], advice, request.progress);
}

async function checkGiven(name: ServerName, variable: string, check: () => Promise<void>): Promise<void> {
  try {
    await check();
  } catch (error) {
    throw new TocsinError('TOC_SERVER_AWAY', `${name} at ${variable} does not answer: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function placeOf(request: Request, name: ServerName) {
  return { ...request, program: request.programs[name] };
}

function listOf(address: string): string[] {
  return address
    .split(',')
    .map((broker) => broker.trim())
    .filter((broker) => broker !== '');
}
