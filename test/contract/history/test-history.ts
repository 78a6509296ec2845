/** A history of its own for each test, on the real server, dropped when the test ends. */
import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { schemaName } from '../../../src/domain/identity';
import { openHistory, type History, type HistoryOptions } from '../../../src/history/history';

export const postgresUrl =
  process.env['TOCSIN_TEST_POSTGRES'] ?? 'postgres://postgres@127.0.0.1:25432/postgres';

export interface TestHistory {
  readonly history: History;
  readonly instance: string;
  readonly schema: string;
  readonly sql: Client;
  /** Another process' view of the same instance. */
  another(more?: Pick<HistoryOptions, 'peerId'>): Promise<History>;
  close(): Promise<void>;
}

export async function testHistory(): Promise<TestHistory> {
  const instance = `t${randomBytes(6).toString('hex')}`;
  const schema = schemaName(instance);
  const opened: History[] = [];
  const open = async (more: Pick<HistoryOptions, 'peerId'> = {}): Promise<History> => {
    const history = await openHistory({ url: postgresUrl, instance, maxConnections: 4, ...more });
    opened.push(history);
    return history;
  };
  const history = await open();
  const sql = new Client({ connectionString: postgresUrl });
  await sql.connect();
  return {
    history,
    instance,
    schema,
    sql,
    another: open,
    close: async () => {
      await Promise.all(opened.map((one) => one.close()));
      await sql.query(`drop schema ${schema} cascade`);
      await sql.end();
    },
  };
}

/** Resolves when `holds` answers something else than false, null or undefined. */
export async function until<T>(
  holds: () => Promise<T | false | null | undefined> | T | false | null | undefined,
  withinMs = 10_000,
): Promise<T> {
  const end = Date.now() + withinMs;
  for (;;) {
    const answer = await holds();
    if (answer !== false && answer !== null && answer !== undefined) return answer;
    if (Date.now() > end) throw new Error('the condition did not come true in time');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
