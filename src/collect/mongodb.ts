/**
 * The collector of MongoDB, read through `serverStatus`, `dbStats`, `$currentOp` and `replSetGetStatus`. A command or a field
 * that a server lacks (a standalone has no replica set, a compatible server knows half of serverStatus) leaves its
 * metrics out and the others in. The login needs the role `clusterMonitor`.
 */
import type { Db, Document, MongoClient } from 'mongodb';
import { TocsinError } from '../domain/errors';
import { availabilityGroup } from './availability';
import type { Collector, Limits, MetricGroup, MetricSpec, Sample, Session, Unit, UpReason } from './port';
import { createRates, type Rates } from './rates';
import { chainOf, networkReason, textOf } from './reasons';
import { sample } from './samples';

/** How many databases are reported. */
const TOP_DATABASES = 20;
const LONG_RUNNING_SECONDS = 60;

interface Reading {
  readonly rates: Rates;
  readonly at: number;
  /** A command's answer, or null when the server does not have it. */
  command(command: Document, database?: string): Promise<Document | null>;
}

interface MongoGroup extends MetricGroup {
  read(reading: Reading): Promise<readonly Sample[]>;
}

const spec = (
  name: string,
  unit: Unit,
  source: string,
  description: string,
  labels?: string[],
): MetricSpec =>
  labels === undefined ? { name, unit, source, description } : { name, unit, source, description, labels };

/** A part of a document by its path; undefined when anything on the way is missing. */
function at(document: Document | null, ...path: string[]): unknown {
  return path.reduce<unknown>((part, name) => (part as Document | null | undefined)?.[name], document);
}

const availability: MongoGroup = {
  ...availabilityGroup([
    spec('uptime_seconds', 'seconds', 'serverStatus', 'Time since the server was started'),
  ]),
  async read({ command }) {
    await command({ ping: 1 });
    return sample('uptime_seconds', at(await command(SERVER_STATUS), 'uptime'));
  },
};

/** Without the sections that cost most. */
const SERVER_STATUS: Document = { serverStatus: 1, repl: 0, tcmalloc: 0, sharding: 0 };

const connections: MongoGroup = {
  name: 'connections',
  intervalMs: 15_000,
  metrics: [
    spec('connections_used', 'count', 'serverStatus.connections', 'Open client connections'),
    spec('connections_max', 'count', 'serverStatus.connections', 'Open and still available connections'),
    spec(
      'connections_used_percent',
      'percent',
      'serverStatus.connections',
      'connections_used of connections_max',
    ),
    spec(
      'connections_active',
      'count',
      'serverStatus.connections',
      'Connections with an operation in progress',
    ),
  ],
  async read({ command }) {
    return connectionSamples(await command(SERVER_STATUS));
  },
};

/** The samples of `connections` from an answer to serverStatus. */
export function connectionSamples(status: Document | null): Sample[] {
  const used = at(status, 'connections', 'current');
  const max = Number(used) + Number(at(status, 'connections', 'available'));
  return [
    ...sample('connections_used', used),
    ...sample('connections_max', max),
    ...sample('connections_used_percent', (100 * Number(used)) / max),
    ...sample('connections_active', at(status, 'connections', 'active')),
  ];
}

const OPERATIONS = ['insert', 'query', 'update', 'delete', 'getmore', 'command'];

const operations: MongoGroup = {
  name: 'operations',
  intervalMs: 30_000,
  metrics: [
    spec(
      'operations_per_second',
      '1/s',
      'serverStatus.opcounters',
      `Operations by kind: ${OPERATIONS.join(', ')}`,
      ['operation'],
    ),
    spec(
      'commands_per_second',
      '1/s',
      'serverStatus.metrics.commands',
      'All commands since the last collection',
    ),
    spec('failed_commands_per_second', '1/s', 'serverStatus.metrics.commands', 'Commands that failed'),
    spec(
      'queued_operations',
      'count',
      'serverStatus.globalLock.currentQueue',
      'Operations that wait for a lock',
      ['kind'],
    ),
    spec('cursors_open', 'count', 'serverStatus.metrics.cursor', 'Open cursors'),
    spec('assertions_per_second', '1/s', 'serverStatus.asserts', 'Regular and user assertions'),
    spec('network_receive_bytes_per_second', 'bytes/s', 'serverStatus.network', 'Received'),
    spec('network_transmit_bytes_per_second', 'bytes/s', 'serverStatus.network', 'Sent'),
  ],
  async read({ command, rates, at: now }) {
    return operationSamples(await command(SERVER_STATUS), rates, now);
  },
};

/** The samples of `operations` from an answer to serverStatus at `now`. */
export function operationSamples(status: Document | null, rates: Rates, now: number): Sample[] {
  const rate = (name: string, counter: unknown, labels?: Record<string, string>): Sample[] => {
    if (counter === undefined || counter === null || Number.isNaN(Number(counter))) return [];
    return sample(
      name,
      rates.perSecond(`${name}|${Object.values(labels ?? {})}`, Number(counter), now),
      labels,
    );
  };
  const commands = Object.values((at(status, 'metrics', 'commands') as Document | undefined) ?? {});
  const total = (field: string): number | undefined =>
    commands.length === 0
      ? undefined
      : commands.reduce((sum: number, each) => sum + (Number(at(each, field)) || 0), 0);
  const asserts = [at(status, 'asserts', 'regular'), at(status, 'asserts', 'user')].map(Number);
  return [
    ...OPERATIONS.flatMap((operation) =>
      rate('operations_per_second', at(status, 'opcounters', operation), { operation }),
    ),
    ...rate('commands_per_second', total('total')),
    ...rate('failed_commands_per_second', total('failed')),
    ...sample('queued_operations', at(status, 'globalLock', 'currentQueue', 'readers'), { kind: 'readers' }),
    ...sample('queued_operations', at(status, 'globalLock', 'currentQueue', 'writers'), { kind: 'writers' }),
    ...sample('cursors_open', at(status, 'metrics', 'cursor', 'open', 'total')),
    ...rate('assertions_per_second', asserts[0]! + asserts[1]!),
    ...rate('network_receive_bytes_per_second', at(status, 'network', 'bytesIn')),
    ...rate('network_transmit_bytes_per_second', at(status, 'network', 'bytesOut')),
  ];
}

const memory: MongoGroup = {
  name: 'memory',
  intervalMs: 30_000,
  metrics: [
    spec('memory_resident_bytes', 'bytes', 'serverStatus.mem', 'Memory that the server holds'),
    spec(
      'cache_used_percent',
      'percent',
      'serverStatus.wiredTiger.cache',
      'Filled part of the WiredTiger cache; from 95 on clients evict',
    ),
    spec(
      'cache_dirty_percent',
      'percent',
      'serverStatus.wiredTiger.cache',
      'Changed part of the cache; from 20 on clients evict',
    ),
    spec('page_faults_per_second', '1/s', 'serverStatus.extra_info', 'Page faults since the last collection'),
  ],
  async read({ command, rates, at: now }) {
    return memorySamples(await command(SERVER_STATUS), rates, now);
  },
};

/** The samples of `memory` from an answer to serverStatus at `now`. */
export function memorySamples(status: Document | null, rates: Rates, now: number): Sample[] {
  const cache = at(status, 'wiredTiger', 'cache') as Document | undefined;
  const max = Number(cache?.['maximum bytes configured']);
  const share = (bytes: unknown): number => (100 * Number(bytes)) / max;
  const resident = at(status, 'mem', 'resident');
  const faults = at(status, 'extra_info', 'page_faults');
  return [
    ...sample('memory_resident_bytes', resident === undefined ? null : Number(resident) * 1_048_576),
    ...sample('cache_used_percent', share(cache?.['bytes currently in the cache'])),
    ...sample('cache_dirty_percent', share(cache?.['tracked dirty bytes in the cache'])),
    ...(faults === undefined
      ? []
      : sample('page_faults_per_second', rates.perSecond('faults', Number(faults), now))),
  ];
}

const slowOperations: MongoGroup = {
  name: 'slow_operations',
  intervalMs: 15_000,
  metrics: [
    spec(
      'long_running_operations',
      'count',
      'currentOp',
      `Client operations that have been running for over ${LONG_RUNNING_SECONDS} s`,
    ),
    spec(
      'longest_operation_seconds',
      'seconds',
      'currentOp',
      'Age of the oldest client operation, 0 for none',
    ),
    spec('blocked_operations', 'count', 'currentOp', 'Client operations that wait for a lock'),
  ],
  async read({ command }) {
    const answer = await command({ currentOp: 1, active: true });
    return answer === null ? [] : currentOpSamples((answer['inprog'] as Document[] | undefined) ?? []);
  },
};

/** The samples of `slow_operations` from the operations in progress; the server's own and our own do not count. */
export function currentOpSamples(inProgress: readonly Document[]): Sample[] {
  const theirs = inProgress.filter(
    (operation) =>
      operation['client'] !== undefined &&
      operation['op'] !== 'none' &&
      at(operation, 'command', 'hello') === undefined &&
      at(operation, 'command', 'isMaster') === undefined &&
      operation['appName'] !== APP_NAME,
  );
  const seconds = theirs.map((operation) =>
    operation['microsecs_running'] === undefined
      ? Number(operation['secs_running'] ?? 0)
      : Number(operation['microsecs_running']) / 1e6,
  );
  return [
    { name: 'long_running_operations', value: seconds.filter((each) => each > LONG_RUNNING_SECONDS).length },
    { name: 'longest_operation_seconds', value: Math.max(0, ...seconds) },
    { name: 'blocked_operations', value: theirs.filter((each) => each['waitingForLock'] === true).length },
  ];
}

const replication: MongoGroup = {
  name: 'replication',
  intervalMs: 30_000,
  metrics: [
    spec('replication_is_replica', '1', 'replSetGetStatus', '1 on a secondary, 0 on a primary'),
    spec(
      'replication_member_healthy',
      '1',
      'replSetGetStatus',
      '1 when the asked server reaches the member',
      ['member'],
    ),
    spec(
      'replication_lag_seconds',
      'seconds',
      'replSetGetStatus',
      "How far the member's last write is behind the primary's",
      ['member'],
    ),
    spec('replicas_connected', 'count', 'replSetGetStatus', 'Healthy secondaries'),
    spec('replication_has_primary', '1', 'replSetGetStatus', '0 while the set has no primary'),
  ],
  async read({ command }) {
    const status = await command({ replSetGetStatus: 1 });
    return status === null ? [] : replicationSamples(status);
  },
};

/** The samples of `replication` from an answer to replSetGetStatus. */
export function replicationSamples(status: Document): Sample[] {
  const members = (status['members'] as Document[] | undefined) ?? [];
  const primary = members.find((member) => member['stateStr'] === 'PRIMARY');
  const secondaries = members.filter((member) => member['stateStr'] === 'SECONDARY');
  const behind = (member: Document): number | null => {
    if (primary === undefined) return null;
    return Math.max(0, (Number(primary['optimeDate']) - Number(member['optimeDate'])) / 1_000);
  };
  return [
    { name: 'replication_is_replica', value: status['myState'] === 2 ? 1 : 0 },
    { name: 'replication_has_primary', value: primary === undefined ? 0 : 1 },
    { name: 'replicas_connected', value: secondaries.filter((member) => member['health'] === 1).length },
    ...members.flatMap((member) => {
      const labels = { member: String(member['name']) };
      const lag = member['stateStr'] === 'SECONDARY' ? behind(member) : null;
      return [
        ...sample('replication_member_healthy', member['health'], labels),
        ...sample('replication_lag_seconds', lag, labels),
      ];
    }),
  ];
}

const sizes: MongoGroup = {
  name: 'sizes',
  intervalMs: 300_000,
  metrics: [
    spec(
      'database_size_bytes',
      'bytes',
      'dbStats',
      `Storage with indexes, of at most ${TOP_DATABASES} databases`,
      ['database'],
    ),
    spec('database_data_bytes', 'bytes', 'dbStats', 'Documents before compression', ['database']),
    spec('database_index_bytes', 'bytes', 'dbStats', 'Indexes', ['database']),
    spec('database_objects', 'count', 'dbStats', 'Documents', ['database']),
    spec('database_collections', 'count', 'dbStats', 'Collections', ['database']),
  ],
  async read({ command }) {
    const list = await command({ listDatabases: 1 });
    const known = ((list?.['databases'] as Document[] | undefined) ?? [])
      .sort((a, b) => Number(b['sizeOnDisk']) - Number(a['sizeOnDisk']))
      .slice(0, TOP_DATABASES);
    const stats = await Promise.all(
      known.map(({ name }) =>
        command({ dbStats: 1 }, String(name)).then((each) => sizeSamples(String(name), each)),
      ),
    );
    return stats.flat();
  },
};

function sizeSamples(database: string, stats: Document | null): Sample[] {
  const labels = { database };
  const total = stats?.['totalSize'] ?? Number(stats?.['storageSize']) + Number(stats?.['indexSize']);
  return [
    ...sample('database_size_bytes', total, labels),
    ...sample('database_data_bytes', stats?.['dataSize'], labels),
    ...sample('database_index_bytes', stats?.['indexSize'], labels),
    ...sample('database_objects', stats?.['objects'], labels),
    ...sample('database_collections', stats?.['collections'], labels),
  ];
}

const MONGO_GROUPS: readonly MongoGroup[] = [
  availability,
  connections,
  operations,
  memory,
  slowOperations,
  replication,
  sizes,
];

export const mongodbCollector: Collector = {
  type: 'mongodb',
  groups: MONGO_GROUPS,
  open: openMongo,
  classify: classifyMongo,
};

const APP_NAME = 'tocsin';
/** CommandNotFound, CommandNotSupported, NotImplemented, NoReplicationEnabled, not a replica set yet. */
const LACKS = new Set([59, 115, 238, 76, 94]);
/** Unauthorized, UserNotFound, AuthenticationFailed, and the older code of the last. */
const REFUSED = new Set(['13', '11', '18', '8000']);

function openMongo(connection: string | null, limits: Limits): Session {
  if (connection === null) throw new TocsinError('TOC_CONFIG_INVALID', 'a MongoDB target needs a connection');
  const rates = createRates();
  let connecting: Promise<MongoClient> | null = null;
  const connected = (): Promise<MongoClient> => (connecting ??= openClient(connection, limits));
  return {
    async collect(name, signal) {
      const group = MONGO_GROUPS.find((each) => each.name === name);
      if (group === undefined) throw new TocsinError('TOC_USAGE', `MongoDB has no metric group "${name}"`);
      const client = await connected();
      const run = (document: Document, database = 'admin'): Promise<Document | null> =>
        tolerant(client.db(database), document, signal);
      return await group.read({ rates, at: Date.now(), command: run });
    },
    async close() {
      const open = connecting;
      connecting = null;
      await (await open)?.close(true);
    },
  };
}

/** The driver keeps trying by itself; nothing is connected before the first command. */
async function openClient(connection: string, limits: Limits): Promise<MongoClient> {
  // Only a process that watches a MongoDB loads its driver.
  const { MongoClient } = await import('mongodb');
  return new MongoClient(connection, {
    appName: APP_NAME,
    minPoolSize: limits.poolMin,
    maxPoolSize: limits.poolMax,
    maxIdleTimeMS: limits.idleMs,
    waitQueueTimeoutMS: limits.acquireMs,
    connectTimeoutMS: limits.acquireMs,
    // A little less than the probe's own deadline, so that the driver can say what it saw.
    serverSelectionTimeoutMS: Math.max(1, limits.acquireMs * 0.9),
    socketTimeoutMS: limits.statementMs,
  });
}

async function tolerant(database: Db, document: Document, signal: AbortSignal): Promise<Document | null> {
  try {
    return await database.command(document, { signal });
  } catch (error) {
    if (LACKS.has(Number((error as { code?: unknown }).code))) return null;
    throw error;
  }
}

/** Why a MongoDB target is not up. What the driver saw of the servers is inside its selection error. */
export function classifyMongo(error: unknown): UpReason {
  const parts = [...chainOf(error), ...serverErrors(error)];
  for (const part of parts) {
    if (
      REFUSED.has(textOf(part, 'code')) ||
      /AuthenticationFailed|auth mechanism/i.test(textOf(part, 'message'))
    )
      return 'auth';
  }
  for (const part of parts) {
    const reason = networkReason(part);
    if (reason !== null) return reason;
  }
  for (const part of parts) {
    const words = `${textOf(part, 'name')} ${textOf(part, 'message')}`;
    if (/timed? ?out|MaxTimeMSExpired|OperationTimeout/i.test(words)) return 'timeout';
    if (/MongoNetworkError|connection .*closed|MongoServerSelection/i.test(words)) return 'tcp';
  }
  return 'query';
}

function serverErrors(error: unknown): object[] {
  const servers = (error as { reason?: { servers?: unknown } } | null)?.reason?.servers;
  if (!(servers instanceof Map)) return [];
  return [...servers.values()].flatMap((server: { error?: unknown }) => [...chainOf(server.error)]);
}
