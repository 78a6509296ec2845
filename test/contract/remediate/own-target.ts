/** A PostgreSQL server of a test's own as the target: whatever a runbook ends there belongs to nobody else. */
import { Client } from 'pg';
import { createTargetSql, type ClosableTargetSql } from '../../../src/collect/postgres/target-sql';
import type { RunbookContext } from '../../../src/domain/runbook';
import { privateServers } from '../../harness/servers';
import { waitFor } from '../../harness/wait-for';

export const TARGET = 'db-1';

export interface OpenSession {
  readonly client: Client;
  readonly pid: number;
  /** Whether the server has ended it. */
  ended(): boolean;
}

export interface OwnTarget {
  readonly url: string;
  readonly sql: ClosableTargetSql;
  readonly admin: Client;
  /** As `app` (no superuser) and idle unless told otherwise. */
  open(how?: { user?: string; application?: string; begin?: string }): Promise<OpenSession>;
  /** Waits until the server shows the session in `state` for at least `forMs`. */
  settled(session: OpenSession, state: string, forMs?: number): Promise<void>;
  context<I>(inputs: I): RunbookContext<I>;
  closeSessions(): Promise<void>;
  close(): Promise<void>;
}

export async function ownTarget(): Promise<OwnTarget> {
  const servers = await privateServers(['postgres']);
  const { url } = servers.postgres;
  const admin = new Client({ connectionString: url, application_name: 'test-admin' });
  await admin.connect();
  // all with the server's own password, so that one URL serves with any of them
  const { password } = new URL(url);
  for (const role of ['app', 'protected_app', 'weak'])
    await admin.query(`create role ${role} login password '${password}'`);
  const target = {
    name: TARGET,
    type: 'postgresql' as const,
    connection: url,
    tags: { environment: 'test' },
  };
  const sql = createTargetSql((name) => (name === TARGET ? target : null));
  const sessions: Client[] = [];
  const closeSessions = async (): Promise<void> => {
    await Promise.all(sessions.splice(0).map((client) => client.end().catch(() => undefined)));
  };
  return {
    url,
    sql,
    admin,

    async open({ begin, user = 'app', application = 'shop' } = {}) {
      const client = new Client({ connectionString: withUser(url, user), application_name: application });
      let ended = false;
      client.on('error', () => (ended = true));
      client.on('end', () => (ended = true));
      await client.connect();
      sessions.push(client);
      const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
      if (begin !== undefined) await client.query(begin);
      return { client, pid: rows[0]!.pid, ended: () => ended };
    },

    async settled({ pid }, state, forMs = 0) {
      const text = `select 1 from pg_stat_activity where pid = $1 and state = $2
        and state_change <= clock_timestamp() - $3::float8 * interval '1 millisecond'`;
      const seen = async (): Promise<boolean> =>
        (await admin.query(text, [pid, state, forMs])).rowCount === 1;
      await waitFor(seen, { what: `session ${pid} to be ${state}` });
    },

    context: (inputs) => ({
      alert: { fingerprint: '00000000000000aa', episode: 1, labels: {}, annotations: {} },
      target: TARGET,
      environment: 'test',
      inputs,
      dryRun: false,
      read: (statement) => sql.read(TARGET, statement),
      change: (statement) => sql.change(TARGET, statement),
    }),

    closeSessions,

    async close() {
      await closeSessions();
      await sql.close();
      await admin.end();
      await servers.stop();
    },
  };
}

/** A target whose configured login is `user`. */
export function targetAs(target: OwnTarget, user: string): ClosableTargetSql {
  const connection = withUser(target.url, user);
  return createTargetSql((name) => ({ name, type: 'postgresql', connection, tags: { environment: 'test' } }));
}

function withUser(url: string, user: string): string {
  const changed = new URL(url);
  changed.username = user;
  return changed.toString();
}
