/**
 * What drills came to: a row for each way of a receiver and each time that a drill was due, so that a try after a crash goes on
 * where the one before stood and tells nobody twice.
 */
import type { Database, Run } from './database';
import type { DrillKey, DrillResult, DrillStore, DrillStep } from './port';

export const DRILLS_MIGRATION = `
create table {schema}.drills (
  drill text not null,
  receiver text not null,
  way text not null,
  -- When the drill was due.
  at timestamptz not null,
  -- What its beginning kept for its end; null: it was not told yet.
  begun jsonb,
  is_delivered boolean not null default false,
  detail text not null,
  finished_at timestamptz not null default clock_timestamp(),
  primary key (drill, receiver, at, way)
);
create index drills_oldest on {schema}.drills (at);
`;

interface DrillColumns {
  drill: string;
  receiver: string;
  way: string;
  at: Date;
  is_delivered: boolean;
  detail: string;
  finished_at: Date;
}

export function createDrills({ run, schema }: Database): DrillStore {
  const keyOf = ({ drill, receiver, at, way }: DrillKey) => [drill, receiver, new Date(at), way];
  return {
    async step(key) {
      const [row] = await run<{ begun: DrillStep['begun']; is_delivered: boolean; detail: string }>(
        `select begun, is_delivered, detail from ${schema}.drills
         where drill = $1 and receiver = $2 and at = $3 and way = $4`,
        keyOf(key),
      );
      return row === undefined
        ? null
        : { begun: row.begun, isDelivered: row.is_delivered, detail: row.detail };
    },
    async record(key, { begun, isDelivered, detail }) {
      await run(
        `insert into ${schema}.drills as d (drill, receiver, at, way, begun, is_delivered, detail)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (drill, receiver, at, way) do update set begun = coalesce(excluded.begun, d.begun),
           is_delivered = excluded.is_delivered, detail = excluded.detail, finished_at = clock_timestamp()
         where not d.is_delivered`,
        [...keyOf(key), begun === null ? null : JSON.stringify(begun), isDelivered, detail],
      );
    },
    async latest() {
      const rows = await run<DrillColumns>(
        `select d.drill, d.receiver, d.way, d.at, d.is_delivered, d.detail, d.finished_at from ${schema}.drills d
         join (select drill, receiver, max(at) as at from ${schema}.drills group by drill, receiver) last
           using (drill, receiver, at)
         order by d.drill, d.receiver, d.way`,
      );
      return rows.map(toResult);
    },
    async forget(drill, receiver) {
      await run(`delete from ${schema}.drills where drill = $1 and receiver = $2`, [drill, receiver]);
    },
  };
}

const toResult = ({ is_delivered: isDelivered, finished_at, at, ...row }: DrillColumns): DrillResult => ({
  ...row,
  ...{ isDelivered, at: at.getTime(), finishedAt: finished_at.toISOString() },
});

/** What a receiver came to last stays known, however seldom it is drilled. */
export async function forgetDrills(run: Run, schema: string, before: Date, batch: number): Promise<number> {
  const gone = await run(
    `delete from ${schema}.drills where ctid in
       (select d.ctid from ${schema}.drills d where d.at < $1 and exists (
          select from ${schema}.drills later
          where later.drill = d.drill and later.receiver = d.receiver and later.at > d.at)
        limit $2 for update of d skip locked) returning 1`,
    [before, batch],
  );
  return gone.length;
}
