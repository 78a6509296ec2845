/**
 * SQL on configured PostgreSQL targets, for runbooks and enrichment. Reading happens in a read-only transaction,
 * changing in a transaction of its own; both end by the target's statement timeout. Whether something may be done at
 * all is decided elsewhere (`src/remediate`).
 */
import type { PoolClient } from 'pg';
import { messageOf, TocsinError } from '../../domain/errors';
import type { Row, SqlStatement } from '../../domain/runbook';
import type { TargetSql } from '../../remediate/port';
import { withDeadline } from '../deadline';
import { DEFAULT_LIMITS, type Limits, type Target } from '../port';
import { redacted } from '../reasons';
import { classifyPostgres } from './classify';
import { openDatabase, type Database } from './session';

export interface ClosableTargetSql extends TargetSql {
  close(): Promise<void>;
}

/**
 * `find` is asked at each use, so that a changed secret is seen. Errors: TOC_TARGET_UNKNOWN for a name that it does not
 * know or that is no PostgreSQL; TOC_DEPENDENCY_AWAY when the target cannot be reached or is too slow;
 * TOC_STATEMENT_FAILED when the server refuses the statement, with the server's error (and its SQLSTATE) as `cause`.
 */
export function createTargetSql(
  find: (target: string) => Target | null,
  partial: Partial<Limits> = {},
): ClosableTargetSql {
  const limits: Limits = { ...DEFAULT_LIMITS, poolMin: 0, poolMax: 4, ...partial };
  const databases = new Map<string, { readonly connection: string; readonly database: Database }>();

  const databaseOf = (name: string): Database => {
    const target = find(name);
    if (target?.type !== 'postgresql' || target.connection === null) {
      throw new TocsinError(
        'TOC_TARGET_UNKNOWN',
        `${JSON.stringify(name)} is no configured PostgreSQL target`,
      );
    }
    const known = databases.get(name);
    if (known?.connection === target.connection) return known.database;
    // Its statements under way end by themselves before the pool does.
    void known?.database.close().catch(() => undefined);
    const database = openDatabase(target.connection, limits, { readOnly: false });
    databases.set(name, { connection: target.connection, database });
    return database;
  };

  const run = async (
    mode: 'read only' | 'read write',
    target: string,
    statement: SqlStatement,
    signal: AbortSignal = new AbortController().signal,
  ): Promise<readonly Row[]> => {
    const database = databaseOf(target);
    const what = `${target}: ${statement.name}`;
    try {
      return await withDeadline(what, limits.acquireMs + limits.statementMs, signal, (inner) =>
        database.withClient(inner, (client) => inTransaction(client, mode, statement)),
      );
    } catch (cause) {
      if (signal.aborted) throw cause;
      throw wrapped(what, cause, find(target)?.connection ?? null);
    }
  };

  return {
    read: (target, statement, signal) => run('read only', target, statement, signal),
    change: (target, statement, signal) => run('read write', target, statement, signal),
    async close() {
      await Promise.all([...databases.values()].map(({ database }) => database.close()));
      databases.clear();
    },
  };
}

async function inTransaction(
  client: PoolClient,
  mode: string,
  statement: SqlStatement,
): Promise<readonly Row[]> {
  await client.query(`begin ${mode}`);
  try {
    const { rows } = await client.query<Record<string, unknown>>(statement.text, [...statement.values]);
    await client.query('commit');
    return rows;
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}

function wrapped(what: string, cause: unknown, connection: string | null): TocsinError {
  const reason = classifyPostgres(cause);
  const code = reason === 'query' ? 'TOC_STATEMENT_FAILED' : 'TOC_DEPENDENCY_AWAY';
  return new TocsinError(code, `${what}: ${redacted(messageOf(cause), connection)}`, { cause });
}
