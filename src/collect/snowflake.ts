/**
 * The collector of Snowflake. What runs and waits right now comes from SHOW WAREHOUSES, which needs no running
 * warehouse and costs no credits; history comes from SNOWFLAKE.ACCOUNT_USAGE, which lags by up to 45 minutes and wakes
 * the connection's warehouse: hence the long intervals. The role needs IMPORTED PRIVILEGES on the database SNOWFLAKE and
 * MONITOR on the warehouses. A view that cannot be read leaves its metrics out and the others in.
 */
import { lookup } from 'node:dns/promises';
import net from 'node:net';
import type { Connection, ConnectionOptions, RowStatement } from 'snowflake-sdk';
import { TocsinError } from '../domain/errors';
import type { Row } from '../domain/runbook';
import { availabilityGroup } from './availability';
import { DeadlineError, networkReason, chainOf, textOf } from './reasons';
import type { Collector, Limits, MetricGroup, MetricSpec, Sample, Session, Unit, UpReason } from './port';
import { sample } from './samples';

interface Reading {
  query(text: string): Promise<readonly Row[]>;
  /** The rows, or none where the view is not there or not granted. */
  optional(text: string): Promise<readonly Row[]>;
}

interface SnowflakeGroup extends MetricGroup {
  read(reading: Reading): Promise<readonly Sample[]>;
}

const HOUR = 3_600_000;
const USAGE = 'snowflake.account_usage';
/** Rows of the last hour that the view has: it lags, so the hour is counted from its own newest row. */
const WINDOW_SECONDS = 3_600;

const spec = (
  name: string,
  unit: Unit,
  source: string,
  description: string,
  labels?: string[],
): MetricSpec =>
  labels === undefined ? { name, unit, source, description } : { name, unit, source, description, labels };

const warehouseOf = (row: Row): { warehouse: string } => ({ warehouse: String(row['warehouse'] ?? 'none') });

const availability: SnowflakeGroup = {
  ...availabilityGroup([], 60_000),
  async read({ query }) {
    await query('select current_version() as "version"');
    return [];
  },
};

const warehouses: SnowflakeGroup = {
  name: 'warehouses',
  intervalMs: 60_000,
  metrics: [
    spec('warehouse_running_queries', 'count', 'SHOW WAREHOUSES', 'Statements that run now', ['warehouse']),
    spec(
      'warehouse_queued_queries',
      'count',
      'SHOW WAREHOUSES',
      'Statements that wait for the warehouse now',
      ['warehouse'],
    ),
    spec('warehouse_clusters_started', 'count', 'SHOW WAREHOUSES', 'Clusters that run', ['warehouse']),
    spec('warehouse_started', '1', 'SHOW WAREHOUSES', '1 when the warehouse is not suspended', ['warehouse']),
  ],
  async read({ query }) {
    const rows = await query('show warehouses');
    return rows.flatMap((row) => {
      const labels = { warehouse: String(row['name']) };
      return [
        ...sample('warehouse_running_queries', row['running'], labels),
        ...sample('warehouse_queued_queries', row['queued'], labels),
        ...sample('warehouse_clusters_started', row['started_clusters'], labels),
        { name: 'warehouse_started', value: row['state'] === 'SUSPENDED' ? 0 : 1, labels },
      ];
    });
  },
};

const load: SnowflakeGroup = {
  name: 'load',
  intervalMs: 300_000,
  metrics: [
    spec(
      'warehouse_load_running',
      'count',
      'WAREHOUSE_LOAD_HISTORY',
      'Statements that ran on average, in the newest interval',
      ['warehouse'],
    ),
    spec(
      'warehouse_load_queued',
      'count',
      'WAREHOUSE_LOAD_HISTORY',
      'Statements that waited because the warehouse was full',
      ['warehouse'],
    ),
    spec(
      'warehouse_load_blocked',
      'count',
      'WAREHOUSE_LOAD_HISTORY',
      "Statements that waited for another transaction's lock",
      ['warehouse'],
    ),
  ],
  async read({ optional }) {
    const rows = await optional(
      `select warehouse_name as "warehouse", avg_running as "running", avg_queued_load as "queued", avg_blocked as "blocked"
         from ${USAGE}.warehouse_load_history
        qualify row_number() over (partition by warehouse_name order by start_time desc) = 1`,
    );
    return rows.flatMap((row) => [
      ...sample('warehouse_load_running', row['running'], warehouseOf(row)),
      ...sample('warehouse_load_queued', row['queued'], warehouseOf(row)),
      ...sample('warehouse_load_blocked', row['blocked'], warehouseOf(row)),
    ]);
  },
};

const queries: SnowflakeGroup = {
  name: 'queries',
  intervalMs: 300_000,
  metrics: [
    spec('queries', 'count', 'QUERY_HISTORY', 'Statements that ended in the newest hour of the view', [
      'warehouse',
    ]),
    spec('failed_queries', 'count', 'QUERY_HISTORY', 'Those that failed', ['warehouse']),
    spec('query_mean_seconds', 'seconds', 'QUERY_HISTORY', 'Their mean time', ['warehouse']),
    spec('query_longest_seconds', 'seconds', 'QUERY_HISTORY', 'Their longest time', ['warehouse']),
    spec(
      'query_queued_mean_seconds',
      'seconds',
      'QUERY_HISTORY',
      'Their mean wait for an overloaded warehouse',
      ['warehouse'],
    ),
    spec(
      'query_spilled_bytes',
      'bytes',
      'QUERY_HISTORY',
      'Bytes they spilled to remote storage: the warehouse is too small',
      ['warehouse'],
    ),
    spec(
      'query_history_lag_seconds',
      'seconds',
      'QUERY_HISTORY',
      "Age of the view's newest row: how old these figures are",
    ),
  ],
  async read({ optional }) {
    const view = `${USAGE}.query_history`;
    const rows = await optional(
      `select coalesce(warehouse_name, 'none') as "warehouse", count(*) as "queries",
              sum(case when execution_status = 'SUCCESS' then 0 else 1 end) as "failed",
              avg(total_elapsed_time) / 1000 as "mean", max(total_elapsed_time) / 1000 as "longest",
              avg(queued_overload_time) / 1000 as "queued", sum(bytes_spilled_to_remote_storage) as "spilled"
         from ${view}
        where end_time > dateadd(second, -${WINDOW_SECONDS}, (select max(end_time) from ${view}))
        group by 1`,
    );
    const lag = await optional(
      `select datediff(second, max(end_time), current_timestamp()) as "lag" from ${view}`,
    );
    return [
      ...sample('query_history_lag_seconds', lag[0]?.['lag']),
      ...rows.flatMap((row) => [
        ...sample('queries', row['queries'], warehouseOf(row)),
        ...sample('failed_queries', row['failed'], warehouseOf(row)),
        ...sample('query_mean_seconds', row['mean'], warehouseOf(row)),
        ...sample('query_longest_seconds', row['longest'], warehouseOf(row)),
        ...sample('query_queued_mean_seconds', row['queued'], warehouseOf(row)),
        ...sample('query_spilled_bytes', row['spilled'], warehouseOf(row)),
      ]),
    ];
  },
};

const logins: SnowflakeGroup = {
  name: 'logins',
  intervalMs: 900_000,
  metrics: [spec('failed_logins', 'count', 'LOGIN_HISTORY', 'Logins refused in the newest hour of the view')],
  async read({ optional }) {
    const view = `${USAGE}.login_history`;
    const rows = await optional(
      `select count(*) as "n" from ${view} where is_success = 'NO'
          and event_timestamp > dateadd(second, -${WINDOW_SECONDS}, (select max(event_timestamp) from ${view}))`,
    );
    return sample('failed_logins', rows[0]?.['n']);
  },
};

const credits: SnowflakeGroup = {
  name: 'credits',
  intervalMs: HOUR,
  metrics: [
    spec('credits_used_last_day', 'count', 'WAREHOUSE_METERING_HISTORY', 'Credits of the last 24 hours', [
      'warehouse',
    ]),
  ],
  async read({ optional }) {
    const rows = await optional(
      `select warehouse_name as "warehouse", sum(credits_used) as "credits" from ${USAGE}.warehouse_metering_history
        where start_time > dateadd(hour, -24, current_timestamp()) group by 1`,
    );
    return rows.flatMap((row) => sample('credits_used_last_day', row['credits'], warehouseOf(row)));
  },
};

const storage: SnowflakeGroup = {
  name: 'storage',
  intervalMs: HOUR,
  metrics: [
    spec('storage_bytes', 'bytes', 'STORAGE_USAGE', 'Tables, on the newest day of the view'),
    spec('stage_bytes', 'bytes', 'STORAGE_USAGE', 'Internal stages'),
    spec('failsafe_bytes', 'bytes', 'STORAGE_USAGE', 'Fail-safe'),
  ],
  async read({ optional }) {
    const [row] = await optional(
      `select storage_bytes as "storage", stage_bytes as "stage", failsafe_bytes as "failsafe"
         from ${USAGE}.storage_usage order by usage_date desc limit 1`,
    );
    return [
      ...sample('storage_bytes', row?.['storage']),
      ...sample('stage_bytes', row?.['stage']),
      ...sample('failsafe_bytes', row?.['failsafe']),
    ];
  },
};

const SNOWFLAKE_GROUPS: readonly SnowflakeGroup[] = [
  availability,
  warehouses,
  load,
  queries,
  logins,
  credits,
  storage,
];

export const snowflakeCollector: Collector = {
  type: 'snowflake',
  groups: SNOWFLAKE_GROUPS,
  open: openSnowflake,
  classify: classifySnowflake,
};

/**
 * One connection a target, not a pool: Snowflake runs statements of one session side by side, and every login counts
 * against the account.
 */
function openSnowflake(connection: string | null, limits: Limits): Session {
  if (connection === null)
    throw new TocsinError('TOC_CONFIG_INVALID', 'a Snowflake target needs a connection');
  const address = snowflakeAddress(connection);
  let link: Link | null = null;

  const run = async (text: string, signal: AbortSignal): Promise<readonly Row[]> => {
    const used = (link ??= { opening: connect(address, limits), users: 0, dropped: false });
    used.users++;
    try {
      return await execute(await used.opening, text, signal);
    } catch (error) {
      if (!isStatementError(error)) drop(used);
      throw error;
    } finally {
      used.users--;
      leave(used);
    }
  };
  /** The session has ended, or hangs, or the driver lost it: the next collection logs in anew. */
  const drop = (used: Link): void => {
    used.dropped = true;
    if (link === used) link = null;
  };
  return {
    async collect(name, signal) {
      const group = SNOWFLAKE_GROUPS.find((each) => each.name === name);
      if (group === undefined) throw new TocsinError('TOC_USAGE', `Snowflake has no metric group "${name}"`);
      const query = (text: string): Promise<readonly Row[]> => run(text, signal);
      return await group.read({ query, optional: (text) => query(text).catch(noneWhereLacking) });
    },
    async close() {
      const used = link;
      if (used === null) return;
      drop(used);
      leave(used);
    },
  };
}

/** A connection and how many statements run on it. */
interface Link {
  readonly opening: Promise<Connection>;
  users: number;
  dropped: boolean;
}

/** Ends a dropped connection after its last statement. Nobody waits: a server that hangs does not answer a goodbye. */
function leave({ opening, users, dropped }: Link): void {
  if (!dropped || users > 0) return;
  opening.then((connection) => connection.destroy(() => undefined)).catch(() => undefined);
}

interface Address {
  readonly host: string;
  readonly port: number;
  readonly options: ConnectionOptions;
}

/** `snowflake://user:password@account/database/schema?warehouse=w&role=r`; `accessUrl` names another host than the account's. */
export function snowflakeAddress(connection: string): Address {
  const url = urlOf(connection);
  const [database, schema] = url.pathname.slice(1).split('/').map(decodeURIComponent);
  const parameter = (name: string): string | undefined => url.searchParams.get(name) ?? undefined;
  const account = url.hostname.replace(/\.snowflakecomputing\.com$/, '');
  const access = new URL(parameter('accessUrl') ?? `https://${account}.snowflakecomputing.com`);
  const options: ConnectionOptions = {
    account,
    username: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    application: 'tocsin',
    ...definedOf({
      database,
      schema,
      warehouse: parameter('warehouse'),
      role: parameter('role'),
      accessUrl: parameter('accessUrl'),
    }),
  };
  return {
    host: access.hostname,
    port: Number(access.port) || (access.protocol === 'http:' ? 80 : 443),
    options,
  };
}

function definedOf(all: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(all).filter((each): each is [string, string] => Boolean(each[1])));
}

function urlOf(connection: string): URL {
  try {
    return new URL(connection);
  } catch {
    // Without the cause: it would hold the secret.
    throw new TocsinError(
      'TOC_CONFIG_INVALID',
      'a Snowflake connection has the form snowflake://user:password@account/database/schema',
    );
  }
}

/** The driver hides what went wrong behind minutes of retries, so the way is looked at before it is asked. */
async function connect(address: Address, limits: Limits): Promise<Connection> {
  await reach(address, limits.acquireMs);
  // Only a process that watches a Snowflake loads its driver.
  const { default: snowflake } = await import('snowflake-sdk');
  snowflake.configure({ logLevel: 'OFF' });
  const connection = snowflake.createConnection({
    ...address.options,
    clientSessionKeepAlive: false,
    sfRetryMaxLoginRetries: 0,
    // A little over the collection's own deadline. A statement whose server hangs is given up at that deadline; the driver
    // itself asks for it again, every 16 s at most, until the server answers that the session is gone.
    timeout: limits.acquireMs + limits.statementMs + 500,
  });
  return await new Promise((resolve, reject) => {
    connection.connect((error) => (error ? reject(error) : resolve(connection)));
  });
}

async function reach({ host, port }: Address, ms: number): Promise<void> {
  const { address } = await lookup(host);
  await new Promise<void>((resolve, reject) => {
    const socket = net.connect({ host: address, port, timeout: ms });
    const end = (settle: () => void): void => {
      socket.destroy();
      settle();
    };
    socket.once('connect', () => end(resolve));
    socket.once('timeout', () => end(() => reject(new DeadlineError(`${host}:${port}`, ms))));
    socket.once('error', (error) => end(() => reject(error)));
  });
}

/** Rejects at once when the signal aborts: a server that hangs answers no cancellation either. */
function execute(connection: Connection, text: string, signal: AbortSignal): Promise<readonly Row[]> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const cancel = (): void => {
      statement.cancel(() => undefined);
      reject(signal.reason as Error);
    };
    const statement: RowStatement = connection.execute({
      sqlText: text,
      complete: (error, _statement, rows) => {
        signal.removeEventListener('abort', cancel);
        if (error) reject(error);
        else resolve((rows ?? []) as Row[]);
      },
    });
    signal.addEventListener('abort', cancel, { once: true });
  });
}

/** SQLSTATE classes of statements that the server refused: no such object, syntax, no privilege. */
const isStatementError = (error: unknown): boolean => /^(42|22|02)/.test(textOf(Object(error), 'sqlState'));

/** "Object does not exist or not authorized", and a compilation error of a column that this edition lacks. */
function noneWhereLacking(error: unknown): readonly Row[] {
  if (['002003', '2003', '000904', '904'].includes(textOf(Object(error), 'code'))) return [];
  throw error;
}

/** Incorrect user or password, disabled, locked, not from this network, session or token gone. */
const REFUSED = /^(390100|390101|390102|390111|390144|390189|390201|390318|390422)$/;

/** Why a Snowflake target is not up, from the driver's errors. */
export function classifySnowflake(error: unknown): UpReason {
  const parts = [...chainOf(error)];
  for (const part of parts) {
    if (
      REFUSED.test(textOf(part, 'code')) ||
      /incorrect username or password|authenticat/i.test(textOf(part, 'message'))
    )
      return 'auth';
  }
  for (const part of parts) {
    const reason = networkReason(part);
    if (reason !== null) return reason;
  }
  for (const part of parts) {
    const words = `${textOf(part, 'name')} ${textOf(part, 'message')}`;
    if (/timed? ?out|timeout/i.test(words)) return 'timeout';
    if (/NetworkError|Unable to connect|Could not reach Snowflake|Request to Snowflake failed/i.test(words))
      return 'tcp';
  }
  return 'query';
}
