/**
 * What services call back with: an event is acted on once, however often it is delivered. One that was begun and never ended,
 * because its process died, may be begun again.
 */
import type { AlertRow, CallbackStore, ToldAlert } from './port';
import type { Database } from './database';

export const CALLBACKS_MIGRATION = `
alter table {schema}.notifications add column memory jsonb;

create table {schema}.callbacks (
  source text not null,
  id text not null,
  at timestamptz not null default now(),
  is_done boolean not null default false,
  primary key (source, id)
);
create index callbacks_oldest on {schema}.callbacks (at);
`;

const ABANDONED = `interval '1 minute'`;

interface ToldColumns {
  fingerprint: string;
  episode: number;
  state: AlertRow['state'];
  labels: AlertRow['labels'];
  on_call_person: string | null;
}

export function createCallbacks({ run, schema }: Database): CallbackStore {
  return {
    async begin(source, id) {
      const begun = await run(
        `insert into ${schema}.callbacks as c (source, id) values ($1, $2)
         on conflict (source, id) do update set at = now() where not c.is_done and c.at < now() - ${ABANDONED}
         returning 1`,
        [source, id],
      );
      return begun.length > 0;
    },
    async end(source, id) {
      await run(`update ${schema}.callbacks set is_done = true where source = $1 and id = $2`, [source, id]);
    },
    async abandon(source, id) {
      await run(`delete from ${schema}.callbacks where source = $1 and id = $2 and not is_done`, [
        source,
        id,
      ]);
    },
    async openToldVia(receiver) {
      const rows = await run<ToldColumns>(
        `select a.fingerprint, a.episode, a.state, a.labels, last.on_call_person
         from ${schema}.alerts a cross join lateral (
           select n.sent_at, n.id, n.on_call_person from ${schema}.notifications n
           where n.fingerprint = a.fingerprint and n.episode = a.episode and n.state = 'sent' and n.via = $1
           order by n.sent_at desc, n.id desc limit 1) last
         where a.state <> 'RESOLVED' order by last.sent_at desc, last.id desc`,
        [receiver],
      );
      return rows.map(toTold);
    },
  };
}

const toTold = ({ on_call_person: onCallPerson, ...row }: ToldColumns): ToldAlert => ({
  ...row,
  onCallPerson,
});
