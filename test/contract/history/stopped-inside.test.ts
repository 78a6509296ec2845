/** A process that stops, or whose machine vanishes, amid a transaction: nothing tells Postgres so, and its locks hold up the others. */
import { openDatabase, type DatabaseOptions } from '../../../src/history/database';
import { postgresUrl, testHistory, type TestHistory } from './test-history';

let test_: TestHistory;
beforeEach(async () => (test_ = await testHistory()));
afterEach(() => test_.close());

const opened = (more: Partial<DatabaseOptions> = {}) =>
  openDatabase({ url: postgresUrl, instance: test_.instance, maxConnections: 2, ...more });

test('its locks are given up, and what it goes on with when it is there again is told to be tried again', async () => {
  const [stopped, other] = [opened({ idleInTransactionMs: 500 }), opened()];
  const lock = `select pg_advisory_xact_lock($1)`;
  let goOn: () => void = () => undefined;
  const isThere = new Promise<void>((resolve) => (goOn = resolve));
  let hasLock: () => void = () => undefined;
  const locked = new Promise<void>((resolve) => (hasLock = resolve));
  const late = stopped.transaction('hold', async (run) => {
    await run(lock, [4711]);
    hasLock();
    await isThere;
    await run(lock, [4712]);
  });
  const outcome = late.catch((error: unknown) => error);
  await locked;
  await other.run(lock, [4711]);
  goOn();
  expect(await outcome).toMatchObject({ code: 'TOC_DEPENDENCY_AWAY' });
  expect(await stopped.run('select 1 as one', [])).toEqual([{ one: 1 }]);
  await Promise.all([stopped.close(), other.close()]);
});

test('one that has halted and goes on before it has heard so is told the same', async () => {
  const stopped = opened({ idleInTransactionMs: 50 });
  const halted = stopped.transaction('hold', async (run) => {
    await run('select 1', []);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000);
    await run('select 1', []);
  });
  await expect(halted).rejects.toMatchObject({ code: 'TOC_DEPENDENCY_AWAY' });
  await stopped.close();
});

test('all that a history opens gives them up', async () => {
  const database = opened();
  const [row] = await database.run<{ setting: string }>(
    `select setting from pg_settings where name = 'idle_in_transaction_session_timeout'`,
    [],
  );
  expect(Number(row!.setting)).toBeGreaterThan(0);
  await database.close();
});
