/** Brings the schema to the code's version. Any number of processes may do so at once; one works, the others wait. */
import { TocsinError } from '../domain/errors';
import { schemaName } from '../domain/identity';
import { fnv1a64 } from '../domain/labels';
import type { Database, Run } from './database';
import { MIGRATIONS, type Migration } from './migrations';

/** Throws TOC_SCHEMA_NEWER when a newer version has changed the schema, TOC_DEPENDENCY_AWAY when Postgres is away. */
export async function migrate(
  database: Database,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<void> {
  if ((await versionOf(database.run, database.schema)) === newest(migrations)) return;
  await database.transaction('migrate', async (run) => {
    await run('select pg_advisory_xact_lock($1::bigint)', [lockKey(database.schema)]);
    await run(`create schema if not exists ${database.schema}`);
    await run(`create table if not exists ${database.schema}.migrations (
      version integer primary key, name text not null, applied_at timestamptz not null default now())`);
    const current = await versionOf(run, database.schema);
    refuseNewer(database.schema, current, newest(migrations));
    for (const migration of migrations.filter(({ version }) => version > current)) {
      await run(migration.sql(database.schema));
      await run(`insert into ${database.schema}.migrations (version, name) values ($1, $2)`, [
        migration.version,
        migration.name,
      ]);
    }
  });
}

/** For tools, which change no schema. Throws TOC_SCHEMA_OLDER or TOC_SCHEMA_NEWER when it is not the code's. */
export async function requireCurrent({ run, schema }: Database): Promise<void> {
  const current = await versionOf(run, schema);
  const known = newest(MIGRATIONS);
  refuseNewer(schema, current, known);
  if (current === known) return;
  const message =
    current === 0
      ? `schema "${schema}" is not there yet; ${await instancesText(run)}`
      : `schema "${schema}" is at version ${current}, and this version of Tocsin needs ${known}`;
  throw new TocsinError('TOC_SCHEMA_OLDER', message);
}

const MOST_NAMED = 10;

/** Whoever has mistyped an instance sees which there are. Schemas keep their names, in lower case and with `_` for other signs. */
async function instancesText(run: Run): Promise<string> {
  const found = await run<{ schema: string }>(
    `select n.nspname as schema from pg_namespace n
     where n.nspname ~ '^tocsin(_|$)'
       and exists (select from pg_class c where c.relnamespace = n.oid and c.relname = 'migrations')
     order by n.nspname`,
  );
  if (found.length === 0) return 'this database has no instance of Tocsin';
  const names = found.map(({ schema }) =>
    schema === schemaName('') ? 'the default one (no --instance)' : schema.slice(schemaName('').length + 1),
  );
  const others = names.length > MOST_NAMED ? `, and ${names.length - MOST_NAMED} more` : '';
  return `instances that this database has: ${names.slice(0, MOST_NAMED).join(', ')}${others}`;
}

function refuseNewer(schema: string, current: number, known: number): void {
  if (current <= known) return;
  const message = `schema "${schema}" is at version ${current}, and this version of Tocsin knows up to ${known}`;
  throw new TocsinError('TOC_SCHEMA_NEWER', message);
}

/** 0 for a schema that is not there yet. */
async function versionOf(run: Run, schema: string): Promise<number> {
  const [found] = await run<{ there: boolean }>('select to_regclass($1) is not null as there', [
    `${schema}.migrations`,
  ]);
  if (!found?.there) return 0;
  const [row] = await run<{ version: number | null }>(
    `select max(version) as version from ${schema}.migrations`,
  );
  return row?.version ?? 0;
}

const newest = (migrations: readonly Migration[]): number => migrations.at(-1)?.version ?? 0;

/** A key of 63 bits: advisory locks are signed. */
function lockKey(schema: string): string {
  return (BigInt(`0x${fnv1a64(`tocsin-migrate:${schema}`)}`) & 0x7fffffffffffffffn).toString();
}
