/** The schema comes up by itself, in many processes at once, and is never touched by older code. */
import { createServer, type Socket } from 'node:net';
import { TocsinError } from '../../../src/domain/errors';
import { openDatabase } from '../../../src/history/database';
import { openHistory } from '../../../src/history/history';
import { migrate } from '../../../src/history/migrate';
import { MIGRATIONS } from '../../../src/history/migrations';
import { postgresUrl, testHistory, type TestHistory } from './test-history';

let test_: TestHistory;
beforeEach(async () => (test_ = await testHistory()));
afterEach(() => test_.close());

test('several processes migrate at once; each migration runs once', async () => {
  const { sql, schema, instance } = test_;
  await sql.query(`drop schema ${schema} cascade`);
  const opened = await Promise.all(
    Array.from({ length: 5 }, () => openHistory({ url: postgresUrl, instance, maxConnections: 2 })),
  );
  const { rows } = await sql.query(`select version from ${schema}.migrations order by 1`);
  expect(rows.map(({ version }) => version)).toEqual(MIGRATIONS.map(({ version }) => version));
  await Promise.all(opened.map((history) => history.close()));
});

test('a migration is applied to a schema with rows, and only it', async () => {
  const database = openDatabase({ url: postgresUrl, instance: test_.instance });
  const next = {
    version: MIGRATIONS.at(-1)!.version + 1,
    name: 'more',
    sql: (schema: string) => `alter table ${schema}.alerts add column more text`,
  };
  await migrate(database, [...MIGRATIONS, next]);
  await migrate(database, [...MIGRATIONS, next]);
  expect(await database.run(`select more from ${database.schema}.alerts`)).toEqual([]);
  await database.close();
});

test('a statement that was prepared before a migration goes on after it', async () => {
  const database = openDatabase({ url: postgresUrl, instance: test_.instance, maxConnections: 2 });
  const ask = () => database.run(`select * from ${database.schema}.silences where id <> $1`, ['x']);
  const askInTransaction = () =>
    database.transaction('ask', (run) =>
      run(`select * from ${database.schema}.silences where id <> $1`, ['x']),
    );
  await Promise.all([ask(), ask()]);
  await test_.sql.query(`alter table ${database.schema}.silences add column more text`);
  expect(await askInTransaction()).toEqual([]);
  expect(await ask()).toEqual([]);
  await database.close();
});

test('a walk through a small table is not compiled first', async () => {
  const database = openDatabase({ url: postgresUrl, instance: test_.instance, maxConnections: 1 });
  const plan = await database.run<{ 'QUERY PLAN': string }>(
    `explain (analyze) select id from ${database.schema}.peers where seen_at < $1`,
    [new Date()],
  );
  const text = plan.map((line) => line['QUERY PLAN']).join('\n');
  expect(text).toContain('Seq Scan');
  expect(text).not.toContain('JIT');
  await database.close();
});

test('a schema newer than the code is refused', async () => {
  await test_.sql.query(`insert into ${test_.schema}.migrations (version, name) values (999, 'of tomorrow')`);
  const opening = openHistory({ url: postgresUrl, instance: test_.instance });
  await expect(opening).rejects.toMatchObject({
    code: 'TOC_SCHEMA_NEWER',
    message: expect.stringContaining('version 999'),
  });
});

test('a tool changes no schema: it says when it is older than the code, newer, or not there', async () => {
  const { sql, schema, instance } = test_;
  const asTool = () => openHistory({ url: postgresUrl, instance, migrate: false });
  await (await asTool()).close();
  await sql.query(`delete from ${schema}.migrations where version > 1`);
  await expect(asTool()).rejects.toMatchObject({
    code: 'TOC_SCHEMA_OLDER',
    message: expect.stringContaining('version 1'),
  });
  await sql.query(`insert into ${schema}.migrations (version, name) values (999, 'of tomorrow')`);
  await expect(asTool()).rejects.toMatchObject({ code: 'TOC_SCHEMA_NEWER' });
  const nowhere = openHistory({ url: postgresUrl, instance: `${instance}_none`, migrate: false });
  await expect(nowhere).rejects.toMatchObject({
    code: 'TOC_SCHEMA_OLDER',
    // A tester's database may have more instances than are named.
    message: expect.stringMatching(/_none" is not there yet; instances that this database has: \S/),
  });
  const { rows } = await sql.query('select to_regnamespace($1) is null as absent', [`${schema}_none`]);
  expect(rows).toEqual([{ absent: true }]);
});

test('migrations are numbered without gaps', () => {
  expect(MIGRATIONS.map(({ version }) => version)).toEqual(MIGRATIONS.map((_, index) => index + 1));
});

describe('Postgres is away', () => {
  const nowhere = { url: 'postgres://postgres@127.0.0.1:1/postgres', instance: 't' };

  test('opening says so', async () => {
    const error: unknown = await openHistory(nowhere).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TocsinError);
    expect(error).toMatchObject({
      code: 'TOC_DEPENDENCY_AWAY',
      retryable: true,
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  test('a server that drops its connections harms no process; the next call goes through a new one', async () => {
    const { history, sql, instance } = test_;
    await history.ready();
    const held = Promise.all(
      [1, 2].map(() =>
        history.pages.apply(['ffffffffffffffff'], () => ({
          rows: [],
          timeline: [],
          notifications: [],
          resolves: [],
        })),
      ),
    );
    await held;
    await sql.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'tocsin' and query like $1`,
      [`%tocsin_${instance}%`],
    );
    const outcomes = await Promise.allSettled([history.ready(), history.ready(), history.ready()]);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected')
        expect(outcome.reason).toMatchObject({ code: 'TOC_DEPENDENCY_AWAY' });
    }
    await history.ready();
  });

  test('a server that takes the connection and says nothing is away after the time to acquire', async () => {
    const sockets: Socket[] = [];
    const mute = createServer((socket) => sockets.push(socket));
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const { port } = mute.address() as { port: number };
    const opening = openHistory({
      url: `postgres://postgres@127.0.0.1:${port}/postgres`,
      instance: 't',
      acquireTimeoutMs: 200,
    });
    await expect(opening).rejects.toMatchObject({ code: 'TOC_DEPENDENCY_AWAY' });
    sockets.forEach((socket) => socket.destroy());
    await new Promise((resolve) => mute.close(resolve));
  });
});
