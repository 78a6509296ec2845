/** The tutorial's first steps, as its text has them: the configuration beside what dev starts, and the script that breaks it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { Client } from 'pg';
import { loadConfig } from '../../../src/config/load';
import { testServers } from '../../harness/servers';
import { waitFor } from '../../harness/wait-for';
import { runCommand } from './built-command';

const SCRIPT = 'examples/idle-session.mjs';
const url = testServers().postgres;
const children: ChildProcess[] = [];
afterEach(() => children.splice(0).forEach((child) => child.kill('SIGKILL')));

async function query(text: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

it('watches the server that dev has started, by the address that dev fills in', () => {
  const { targets, postgres } = loadConfig('examples/tutorial.yaml', { TOCSIN_POSTGRES: url });
  expect([targets[0]!.url!.reveal(), postgres.url.reveal()]).toEqual([url, url]);
});

it('leaves a transaction of an ordinary role idle, also where the role had another password', async () => {
  await query(
    `do $$ begin create role orders_app login; exception when duplicate_object then alter role orders_app password 'other'; end $$`,
  );
  const child = spawn(process.execPath, [SCRIPT], {
    env: { PATH: process.env.PATH, TOCSIN_POSTGRES: url },
    stdio: 'ignore',
  });
  children.push(child);
  const idle = `select 1 from pg_stat_activity
    where usename = 'orders_app' and state = 'idle in transaction' and application_name = 'orders'`;
  await waitFor(async () => (await query(idle)).length === 1, { what: 'the idle session' });
  const [role] = await query(`select rolsuper from pg_roles where rolname = 'orders_app'`);
  expect(role).toEqual({ rolsuper: false });
});

it('says in one line why a session could not be opened', async () => {
  const { code, err } = await runCommand(SCRIPT, ['postgres://nobody:pw@127.0.0.1:1/none']);
  expect(err).toMatch(/^idle-session: .*ECONNREFUSED.*\n$/);
  expect(code).toBe(1);
});
