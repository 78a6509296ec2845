/** Overrides of on-call schedules as rows. One that has been created is seen by every later `between`. */
import type { OverrideStore, StoredOverride } from '../oncall/port';
import type { Database } from './database';

interface OverrideColumns {
  id: string;
  schedule: string;
  person: string;
  starts_at: Date;
  ends_at: Date;
  created_by: string;
  comment: string;
}

export function createOverrides({ run, schema }: Database): OverrideStore {
  return {
    async create({ id, schedule, person, from, to, createdBy, comment }) {
      await run(
        `insert into ${schema}.oncall_overrides (id, schedule, person, starts_at, ends_at, created_by, comment)
         values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing`,
        [id, schedule, person, new Date(from), new Date(to), createdBy, comment],
      );
    },
    async between(schedule, from, to) {
      const rows = await run<OverrideColumns>(
        `select id, schedule, person, starts_at, ends_at, created_by, comment from ${schema}.oncall_overrides
         where schedule = $1 and starts_at < $3 and ends_at > $2 order by created_at, id`,
        [schedule, new Date(from), new Date(to)],
      );
      return rows.map(toOverride);
    },
  };
}

function toOverride(row: OverrideColumns): StoredOverride {
  return {
    id: row.id,
    schedule: row.schedule,
    person: row.person,
    from: row.starts_at.getTime(),
    to: row.ends_at.getTime(),
    createdBy: row.created_by,
    comment: row.comment,
  };
}
