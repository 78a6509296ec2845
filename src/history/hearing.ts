/**
 * Since when senders could be heard: what they posted was taken, and has come into the rows. An alert that nobody tells
 * again is over, but only where its sender could have done so; who judges that reads this row together with the alerts. By
 * the server's clock, since the processes that write it are several and come and go.
 */
import type { Database } from './database';
import type { Hearing, HearingStore } from './port';

export const HEARING_MIGRATION = `
-- One row. Senders have been heard from since until served_until, and what they posted by heard_until is in the rows.
create table {schema}.hearing (
  one boolean primary key default true check (one),
  since timestamptz not null,
  served_until timestamptz not null,
  heard_until timestamptz not null,
  -- The end of the last stretch that was long enough for every sender to be heard.
  before timestamptz not null
);
`;

/** What is shorter no sender notices that does not repeat every few seconds. */
const BREAK = `interval '5 seconds'`;
/** In a shorter stretch not every sender was heard: alerts that were still waited for before it are so after it. */
const LONG_ENOUGH = `interval '5 minutes'`;

const ago = (place: string): string => `clock_timestamp() - ${place} * interval '1 millisecond'`;

/** What was written before the server's clock was set back is to come by it, and would be true until then, whatever happens. */
const past = (time: string): string => `least(${time}, excluded.served_until)`;

export function createHearingStore({ run, schema }: Database): HearingStore {
  const before = `case when h.served_until - h.since >= ${LONG_ENOUGH}`;
  return {
    async heard(sinceMs, untilMs) {
      await run(
        `insert into ${schema}.hearing as h (since, served_until, heard_until, before)
         values (${ago('$1')}, clock_timestamp(), ${ago('$2')}, 'epoch')
         on conflict (one) do update set
           before = ${past(`case when excluded.since > h.served_until + ${BREAK}
             then ${before} then h.served_until else h.before end else h.before end`)},
           since = ${past(`case when excluded.since > h.served_until + ${BREAK} then excluded.since else h.since end`)},
           served_until = excluded.served_until,
           heard_until = ${past('greatest(h.heard_until, excluded.heard_until)')}`,
        [sinceMs, untilMs],
      );
    },
    async missed(forMs) {
      await run(
        `update ${schema}.hearing h set
           before = ${before} then least(h.served_until, ${ago('$1')}) else h.before end,
           since = clock_timestamp(), served_until = clock_timestamp()`,
        [forMs],
      );
    },
  };
}

/** For a statement that reads it beside its rows: null in each column where nobody has ever served. */
export const hearingColumns = `floor(extract(epoch from clock_timestamp()) * 1000)::float8 as hearing_now,
  floor(extract(epoch from h.since) * 1000)::float8 as hearing_since,
  floor(extract(epoch from h.heard_until) * 1000)::float8 as hearing_until,
  floor(extract(epoch from h.before) * 1000)::float8 as hearing_before`;

export interface HearingColumns {
  hearing_now: number;
  hearing_since: number | null;
  hearing_until: number;
  hearing_before: number;
}

export function toHearing(row: HearingColumns): Hearing | null {
  if (row.hearing_since === null) return null;
  return {
    now: row.hearing_now,
    since: row.hearing_since,
    heardUntil: row.hearing_until,
    before: row.hearing_before,
  };
}
