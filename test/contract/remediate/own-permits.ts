/** Permit tables of a test's own on the real server, dropped when the test ends. */
import { openDatabase, type Database } from '../../../src/history/database';
import { createPermitStore, PERMITS_MIGRATION } from '../../../src/history/permits';
import type { PermitStore } from '../../../src/remediate/port';
import { testServers, uniqueInstance } from '../../harness/servers';

export interface OwnPermits {
  readonly instance: string;
  readonly store: PermitStore;
  readonly database: Database;
  /** A store whose server cannot be reached. */
  readonly unreachable: PermitStore;
  /** The record of a remediation's acts. */
  acts(remediationId: string): Promise<readonly Record<string, unknown>[]>;
  close(): Promise<void>;
}

export async function ownPermits(): Promise<OwnPermits> {
  const instance = uniqueInstance();
  const database = openDatabase({ url: testServers().postgres, instance, maxConnections: 20 });
  const nowhere = openDatabase({
    url: 'postgres://nobody@127.0.0.1:1/none',
    instance: '',
    acquireTimeoutMs: 500,
  });
  await database.run(`create schema ${database.schema}`);
  await database.run(PERMITS_MIGRATION.replaceAll('{schema}', database.schema));
  return {
    instance,
    database,
    store: createPermitStore(database),
    unreachable: createPermitStore(nowhere),
    acts: (remediationId) =>
      database.run(`select * from ${database.schema}.remediation_acts where remediation_id = $1`, [
        remediationId,
      ]),
    close: async () => {
      await database.run(`drop schema ${database.schema} cascade`);
      await Promise.all([database.close(), nowhere.close()]);
    },
  };
}
