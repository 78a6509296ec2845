/**
 * The pool of one instance's schema: queries, transactions, and faults with a name. A connection that dies takes its
 * query with it and never the process. SQL itself is in the files of its family.
 */
import { Pool, types, type PoolClient, type QueryConfig, type QueryResultRow } from 'pg';
import { schemaName } from '../domain/identity';
import { asTocsinError, databaseFault, isLockTimeout, isStalePlan } from './database-errors';

export interface DatabaseOptions {
  readonly url: string;
  readonly instance: string;
  readonly maxConnections?: number;
  /** How long to wait for a free connection. */
  readonly acquireTimeoutMs?: number;
  readonly statementTimeoutMs?: number;
  /** How long Postgres waits for the next statement of a transaction. */
  readonly idleInTransactionMs?: number;
  readonly applicationName?: string;
  /** Settings of the planner for every statement, as { enable_sort: 'off' }. */
  readonly planner?: Readonly<Record<string, string>>;
  /** Told of errors on idle connections. */
  readonly onIdleError?: (error: Error) => void;
}

/**
 * Runs one statement; throws TOC_DEPENDENCY_AWAY when Postgres is away. Its text is prepared once a connection, since
 * planning is more than half of what such small statements cost: values belong into `values`, never into the text.
 */
export type Run = <R extends QueryResultRow>(text: string, values?: readonly unknown[]) => Promise<R[]>;

export interface Database {
  /** The schema's name, safe to stand in SQL as it is. */
  readonly schema: string;
  readonly url: string;
  readonly run: Run;
  /**
   * All or nothing. Tried again when it collides with another, so `work` may run more than once. With `lockPatienceMs` it
   * fails when it has waited so long for a row that another transaction holds.
   */
  transaction<T>(doing: string, work: (run: Run) => Promise<T>, lockPatienceMs?: number): Promise<T>;
  close(): Promise<void>;
}

/** A transaction that saw another one's change too late to take it into account, and has to begin again. */
export class Collision extends Error {
  readonly code = '40001';
}

const MAX_TRIES = 5;
/**
 * Statements here look rows up by key. A plan that is kept must not be the walk through a table that was small when it
 * was made: a storm begins with small tables. A walk that is all there is seems so costly then that Postgres would compile the
 * statement first, for a tenth of a second and more, each time it is run.
 */
const PLANNER = { enable_seqscan: 'off', jit: 'off' };
/**
 * For who walks rows by due date and stops at the limit. Left alone, the planner sorts all that wait while the table's
 * statistics are young, which is just when a storm begins.
 */
const BY_DUE_DATE = { enable_sort: 'off', enable_bitmapscan: 'off' };
/**
 * For who writes a few rows by their keys, and often. A plan that is kept from when the table was small joins all of it by
 * hash: five times the cost of looking up sixteen rows of ten thousand.
 */
const BY_KEY = { enable_hashjoin: 'off', enable_mergejoin: 'off' };
const INT8 = 20;

/** Counts, episodes and event times are far below 2^53; strings would leak into every caller. */
const numericTypes = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === INT8 && format !== 'binary' ? Number : types.getTypeParser(oid, format),
};

export function openDatabase(options: DatabaseOptions): Database {
  const pool = new Pool({
    connectionString: options.url,
    application_name: options.applicationName ?? 'tocsin',
    max: options.maxConnections ?? 10,
    idleTimeoutMillis: 300_000,
    connectionTimeoutMillis: options.acquireTimeoutMs ?? 10_000,
    statement_timeout: options.statementTimeoutMs ?? 30_000,
    // Ends a wait on a machine that vanished without a word; the server's own timeout is the ordinary end.
    query_timeout: (options.statementTimeoutMs ?? 30_000) + 5_000,
    // What a process has locked that is stopped, or whose machine has vanished, would hold up all others for hours.
    idle_in_transaction_session_timeout: options.idleInTransactionMs ?? 15_000,
    keepAlive: true,
    types: numericTypes,
    options: settingsText({ ...PLANNER, ...options.planner }),
  });
  pool.on('error', (error) => options.onIdleError?.(error));
  pool.on('connect', (client) => client.on('error', () => undefined));
  const run: Run = (text, values) =>
    retryCollisions('query', async () => (await pool.query(prepared(text, values))).rows);
  return {
    schema: schemaName(options.instance),
    url: options.url,
    run,
    transaction: (doing, work, lockPatienceMs) => {
      const begin =
        lockPatienceMs === undefined ? 'begin' : `begin; set local lock_timeout = ${lockPatienceMs}`;
      return retryCollisions(doing, () => inTransaction(pool, doing, work, begin));
    },
    close: () => pool.end(),
  };
}

/**
 * Pools of one schema, whose planners are set to what is done there. Few connections are enough: senders take in turns, and
 * each kind of outcome is written by one statement at a time.
 */
export interface Pools {
  readonly database: Database;
  readonly byDueDate: Database;
  readonly byKey: Database;
  close(): Promise<void>;
}

export function openPools(options: DatabaseOptions): Pools {
  const database = openDatabase(options);
  const byDueDate = openDatabase({ ...options, maxConnections: 1, planner: BY_DUE_DATE });
  const byKey = openDatabase({ ...options, maxConnections: 2, planner: BY_KEY });
  return {
    ...{ database, byDueDate, byKey },
    close: async () => void (await Promise.all([database.close(), byDueDate.close(), byKey.close()])),
  };
}

async function retryCollisions<T>(doing: string, attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (tries < MAX_TRIES && databaseFault(error) === 'collision') continue;
      throw asTocsinError(error, doing);
    }
  }
}

async function inTransaction<T>(
  pool: Pool,
  doing: string,
  work: (run: Run) => Promise<T>,
  begin: string,
): Promise<T> {
  const client = await connect(pool, doing);
  let broken: Error | undefined;
  try {
    await client.query(begin);
    const result = await work(async (text, values) => (await client.query(prepared(text, values))).rows);
    await client.query('commit');
    return result;
  } catch (error) {
    broken = await rolledBack(client, error);
    throw error;
  } finally {
    client.release(broken);
  }
}

async function connect(pool: Pool, doing: string): Promise<PoolClient> {
  try {
    return await pool.connect();
  } catch (error) {
    throw asTocsinError(error, doing);
  }
}

/** Undefined when the connection can be used again; otherwise the reason to throw it away. */
async function rolledBack(client: PoolClient, error: unknown): Promise<Error | undefined> {
  const usable = databaseFault(error) !== 'away' || isLockTimeout(error);
  if (!usable || isStalePlan(error)) return error as Error;
  return client.query('rollback').then(
    () => undefined,
    (failure: Error) => failure,
  );
}

const settingsText = (settings: Readonly<Record<string, string>>): string =>
  Object.entries(settings)
    .map(([name, value]) => `-c ${name}=${value}`)
    .join(' ');

const names = new Map<string, string>();

function prepared(text: string, values: readonly unknown[] | undefined): QueryConfig {
  if (values === undefined) return { text };
  const name = names.get(text) ?? `tocsin_${names.size}`;
  names.set(text, name);
  return { name, text, values: values.map(writable) };
}

/** Postgres' texts know no NUL, and one in a stranger's answer must not make its row unwritable. */
function writable(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('\0', '\ufffd');
  return Array.isArray(value) ? value.map(writable) : value;
}

/**
 * JSON as jsonb takes it: jsonb knows neither NUL nor half a surrogate pair, and one such label must not make a whole
 * batch unwritable. They become the replacement character.
 */
export function json(value: unknown): string {
  return JSON.stringify(value).replace(/\\(\\|u0000|ud[89a-f][0-9a-f]{2})/g, (escape) =>
    escape === '\\\\' ? escape : '\\ufffd',
  );
}
