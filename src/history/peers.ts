/** Which processes of an instance are there: each says so again and again, and one that has not for a while is gone. */
import type { Database } from './database';
import type { Peer, PeerStore } from './port';

/** Those that ended without a word are forgotten after so long. */
const FORGOTTEN_AFTER = `interval '1 hour'`;

export function createPeerStore({ run, schema }: Database): PeerStore {
  return {
    async beat({ id, address }, withinMs) {
      await run(
        `with gone as (delete from ${schema}.peers where seen_at < now() - ${FORGOTTEN_AFTER})
         insert into ${schema}.peers (id, address) values ($1, $2)
         on conflict (id) do update set address = excluded.address, seen_at = now()`,
        [id, address],
      );
      return run<{ id: string; address: string } & Peer>(
        `select id, address from ${schema}.peers where seen_at > now() - $1 * interval '1 millisecond' order by id`,
        [withinMs],
      );
    },
    leave: async (id) => void (await run(`delete from ${schema}.peers where id = $1`, [id])),
  };
}
