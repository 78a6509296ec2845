import type { Target } from '../../../src/collect/port';
import { createTargetSql } from '../../../src/collect/postgres/target-sql';
import { createDatabase, silentServer, type OwnDatabase } from './harness';

const statement = (text: string, values: readonly unknown[] = []) => ({ name: 'a statement', text, values });

describe('SQL on a target', () => {
  let database: OwnDatabase;
  const targets = new Map<string, Target>();
  const sql = createTargetSql((name) => targets.get(name) ?? null, { acquireMs: 300, statementMs: 300 });
  beforeAll(async () => {
    database = await createDatabase();
    const tags = { environment: 'staging' };
    targets.set('db', { name: 'db', type: 'postgresql', connection: database.url, tags });
    targets.set('machine', { name: 'machine', type: 'host', connection: null, tags: {} });
    await sql.change('db', statement('create table kept (n int)'));
  });
  afterAll(async () => {
    await sql.close();
    await database.drop();
  });
  const count = async () => (await sql.read('db', statement('select count(*)::int as n from kept')))[0]!['n'];

  it('reads rows, with parameters', async () => {
    expect(await sql.read('db', statement('select $1::int + 1 as n', [41]))).toEqual([{ n: 42 }]);
  });

  it('changes and commits', async () => {
    expect(await sql.change('db', statement('insert into kept values ($1) returning n', [7]))).toEqual([
      { n: 7 },
    ]);
    expect(await count()).toBe(1);
  });

  it('refuses to change anything while reading, and the connection stays usable', async () => {
    const before = await count();
    await expect(sql.read('db', statement('insert into kept values (1)'))).rejects.toMatchObject({
      code: 'TOC_STATEMENT_FAILED',
      message: expect.stringMatching(/^db: a statement: .*read-only transaction/),
      cause: { code: '25006' },
    });
    expect(await count()).toBe(before);
  });

  it('a failed change leaves nothing behind', async () => {
    const before = await count();
    const text = 'with added as (insert into kept values (1) returning n) select n / 0 from added';
    await expect(sql.change('db', statement(text))).rejects.toMatchObject({ code: 'TOC_STATEMENT_FAILED' });
    expect(await count()).toBe(before);
  });

  it('ends a statement at the timeout', async () => {
    const started = Date.now();
    await expect(sql.read('db', statement('select pg_sleep(10)'))).rejects.toMatchObject({
      code: 'TOC_DEPENDENCY_AWAY',
    });
    expect(Date.now() - started).toBeLessThan(2_000);
  });

  it('ends when nobody wants the answer any more', async () => {
    const controller = new AbortController();
    const reading = sql.read('db', statement('select pg_sleep(10)'), controller.signal);
    setTimeout(() => controller.abort(new Error('the activity was cancelled')), 50);
    await expect(reading).rejects.toThrow('the activity was cancelled');
  });

  it('gives up on a target that hangs', async () => {
    const silent = await silentServer();
    const connection = `postgres://u:secret@127.0.0.1:${silent.port}/db`;
    targets.set('hung', { name: 'hung', type: 'postgresql', connection, tags: {} });
    const refusal = await sql.read('hung', statement('select 1')).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'TOC_DEPENDENCY_AWAY' });
    expect(String(refusal)).not.toContain('secret');
    await silent.close();
  });

  it('knows a changed connection at the next use', async () => {
    const other = await createDatabase();
    targets.set('moving', { name: 'moving', type: 'postgresql', connection: database.url, tags: {} });
    const where = async () =>
      (await sql.read('moving', statement('select current_database() as d')))[0]!['d'];
    expect(await where()).toBe(database.name);
    targets.set('moving', { name: 'moving', type: 'postgresql', connection: other.url, tags: {} });
    expect(await where()).toBe(other.name);
    await other.drop();
  });

  it('refuses targets that it has not, and those that are no PostgreSQL', async () => {
    for (const name of ['nobody', 'machine']) {
      await expect(sql.read(name, statement('select 1'))).rejects.toMatchObject({
        code: 'TOC_TARGET_UNKNOWN',
      });
    }
  });
});
