/**
 * Which processes of an instance are there: each says so again and again, and one that has not for a while is gone. Each also
 * says by which routes it goes. While a reload goes round, the newest of them count: whoever goes by older ones leaves groups
 * and their messages alone, or the two would undo each other's.
 */
import type { Database, Run } from './database';
import type { Peer, PeerStore } from './port';

/** Those that ended without a word are forgotten after so long. */
const FORGOTTEN_AFTER = `interval '1 hour'`;
/** Far longer than a process takes between two words: it counts, and its routes stay in effect, while Postgres is slow. */
const LATELY = `interval '15 seconds'`;

/** By which the newest of those go that are there, and since when. */
const newest = (schema: string, who: string): string =>
  `select p.routing, p.routing_since from ${schema}.peers p
   where p.routing is not null and p.seen_at > now() - ${LATELY} and ${who} order by p.routing_since desc limit 1`;

/** That a process which is there goes by newer routes than that of this id. One that has never named any is never behind. */
export const isOutdated = (schema: string, id: string): string =>
  `exists (select from ${schema}.peers me, lateral (${newest(schema, 'true')}) of_all
     where me.id = ${id} and of_all.routing <> me.routing and of_all.routing_since > me.routing_since)`;

/** That a process has said lately that it is there. */
export const isAnyThere = (schema: string): string =>
  `exists (select from ${schema}.peers where seen_at > now() - ${LATELY})`;

export function createPeerStore({ run, schema }: Database): PeerStore {
  return {
    async beat({ id, address }, withinMs) {
      await run(
        `with gone as (delete from ${schema}.peers where seen_at < now() - ${FORGOTTEN_AFTER})
         insert into ${schema}.peers (id, address) values ($1, $2)
         on conflict (id) do update set address = excluded.address, seen_at = now()`,
        [id, address],
      );
      const rows = await run<Peer & { outdated: boolean }>(
        `select id, address, ${isOutdated(schema, '$2')} as outdated
         from ${schema}.peers where seen_at > now() - $1 * interval '1 millisecond' order by id`,
        [withinMs, id],
      );
      return {
        peers: rows.flatMap((row) => (row.address === '' ? [] : [{ id: row.id, address: row.address }])),
        isOutdated: rows[0]?.outdated ?? false,
      };
    },
    leave: async (id) => void (await run(`delete from ${schema}.peers where id = $1`, [id])),
  };
}

/**
 * A process goes by these routes from now on. Read anew they are the newest; at a start they are as old as they were, where
 * another process goes by newer ones: it may have been ended and begun again with what it had.
 */
export async function goBy(
  run: Run,
  schema: string,
  digest: string,
  { id, isReload }: { readonly id: string; readonly isReload: boolean },
): Promise<void> {
  await run(
    `with known as (
       select case when $3 or not exists (
           select from (${newest(schema, 'p.id <> $1')}) others join ${schema}.routings mine on mine.digest = $2
           where others.routing <> $2 and others.routing_since > mine.since)
         then clock_timestamp() else (select since from ${schema}.routings where digest = $2) end as since),
     ranked as (update ${schema}.routings r set since = known.since from known where r.digest = $2)
     insert into ${schema}.peers (id, address, routing, routing_since) select $1, '', $2, since from known
     on conflict (id) do update set routing = excluded.routing, routing_since = excluded.routing_since, seen_at = now()`,
    [id, digest, isReload],
  );
}
