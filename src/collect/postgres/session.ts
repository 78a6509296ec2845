/** A pool of connections to one PostgreSQL target, for reading only. */
import { DatabaseError, Pool, type PoolClient, type PoolConfig } from 'pg';
import type { Row } from '../../domain/runbook';
import type { Limits } from '../port';

export interface Database {
  /** Rejects when `signal` aborts; the connection is then thrown away, because its answer may still come. */
  query(text: string, values: readonly unknown[], signal: AbortSignal): Promise<readonly Row[]>;
  /**
   * One connection for `work`; thrown away when `signal` aborts and when `work` rejects with anything but a plain error
   * of the server's, after which the connection has to be as it was.
   */
  withClient<T>(signal: AbortSignal, work: (client: PoolClient) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Names our own sessions on the target, so that people and runbooks can tell them from others. */
export const APPLICATION_NAME = 'tocsin';

const ignore = (): void => undefined;

export interface DatabaseOptions {
  readonly readOnly: boolean;
}

/** Opens nothing before the first query. */
export function openDatabase(connection: string, limits: Limits, { readOnly }: DatabaseOptions): Database {
  const pool = new Pool(poolConfig(connection, limits, readOnly));
  // An idle connection that the server ends is no error of anybody's; without a listener it would end the process.
  pool.on('error', ignore);

  const withClient = async <T>(signal: AbortSignal, work: (client: PoolClient) => Promise<T>): Promise<T> => {
    signal.throwIfAborted();
    const client = await pool.connect();
    let released = false;
    const release = (destroy: boolean): void => {
      if (released) return;
      released = true;
      // A connection that is thrown away may still report its socket's end.
      if (!destroy) client.removeListener('error', ignore);
      client.release(destroy);
    };
    const onAbort = (): void => release(true);
    signal.addEventListener('abort', onAbort, { once: true });
    // A client in use reports its socket's end here as well as through its query.
    client.on('error', ignore);
    try {
      signal.throwIfAborted();
      const answer = await work(client);
      release(false);
      return answer;
    } catch (error) {
      release(!isPlainServerError(error));
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  };

  return {
    withClient,
    query: (text, values, signal) =>
      withClient(
        signal,
        async (client) => (await client.query<Record<string, unknown>>(text, [...values])).rows,
      ),
    close: () => pool.end(),
  };
}

/** SQLSTATEs that end the session: connection lost, shut down by an administrator or a timeout, internal error. */
const ENDS_SESSION = /^(08|57P|25P0[34]|58|XX)/;

/** An error after which the session goes on: not a broken socket, not the end of the session. */
function isPlainServerError(error: unknown): boolean {
  return error instanceof DatabaseError && !ENDS_SESSION.test(error.code ?? 'XX');
}

function poolConfig(connection: string, limits: Limits, readOnly: boolean): PoolConfig {
  return {
    connectionString: connection,
    application_name: APPLICATION_NAME,
    min: limits.poolMin,
    max: limits.poolMax,
    idleTimeoutMillis: limits.idleMs,
    connectionTimeoutMillis: limits.acquireMs,
    statement_timeout: limits.statementMs,
    // Sizes wait for the lock of a table that is being rewritten; better to miss one collection than to queue there.
    ...(readOnly ? { lock_timeout: 2_000, options: '-c default_transaction_read_only=on' } : {}),
    keepAlive: true,
  };
}
