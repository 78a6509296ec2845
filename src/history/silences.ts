/** Silences as rows. One that has been created is seen by every later `active`. */
import type { Silence, SilenceStore } from '../mute/port';
import { json, type Database } from './database';
import { wakeChannel } from './enqueue';

interface SilenceColumns {
  id: string;
  matchers: Silence['matchers'];
  starts_at: Date;
  ends_at: Date;
  created_by: string;
  comment: string;
}

export function createSilences({ run, schema }: Database): SilenceStore {
  return {
    async create(silence) {
      await run(
        `insert into ${schema}.silences (id, matchers, starts_at, ends_at, created_by, comment)
         select s.id, s.matchers, s."startsAt", s."endsAt", s."createdBy", s.comment
         from jsonb_to_record($1::jsonb) as s (id text, matchers jsonb, "startsAt" timestamptz, "endsAt" timestamptz,
           "createdBy" text, comment text)
         on conflict do nothing`,
        [json(silence)],
      );
    },
    async active(at) {
      const rows = await run<SilenceColumns>(
        `select id, matchers, starts_at, ends_at, created_by, comment from ${schema}.silences
         where starts_at <= $1 and ends_at > $1 order by ends_at desc, id`,
        [at],
      );
      return rows.map(toSilence);
    },
    async end(matchers, at) {
      // One that ends at this very moment was ended by an earlier try.
      const [row] = await run<{ ended: number }>(
        `with ended as (
           update ${schema}.silences set ends_at = $2
           where matchers = $1::jsonb and starts_at <= $2 and ends_at >= $2 returning id),
         looked as (
           update ${schema}.notifications set due_at = least(due_at, now()), held_until = now()
           where state = 'pending' and held_until > now()
             and exists (select from ended))
         select (select count(*) from ended)::int as ended, pg_notify($3, '')`,
        [json(matchers), at, wakeChannel(schema)],
      );
      return row!.ended;
    },
  };
}

function toSilence(row: SilenceColumns): Silence {
  return {
    id: row.id,
    matchers: row.matchers,
    startsAt: row.starts_at.toISOString(),
    endsAt: row.ends_at.toISOString(),
    createdBy: row.created_by,
    comment: row.comment,
  };
}
