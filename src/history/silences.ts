/**
 * Silences as rows. One that has been created is seen by every later `active`. Whoever changes one holds its row, so two
 * processes that change the same one do so one after the other, each knowing what the other did.
 */
import { randomUUID } from 'node:crypto';
import { canChangeInPlace, endedAt, silenceState } from '../domain/silence';
import type { KeptSilence, Silence, SilenceStore, WantedSilence } from '../mute/port';
import { json, type Database, type Run } from './database';
import { wakeChannel } from './enqueue';
import { LOOK_AT_HELD, lookAtHeld, tellLives } from './maintenances';

interface SilenceColumns {
  id: string;
  matchers: Silence['matchers'];
  starts_at: Date;
  ends_at: Date;
  created_by: string;
  comment: string;
}

interface KeptColumns extends SilenceColumns {
  annotations: KeptSilence['annotations'];
  updated_at: Date;
}

export const SILENCES_MIGRATION = `
alter table {schema}.silences
  add column annotations jsonb not null default '{}',
  add column updated_at timestamptz not null default now();
update {schema}.silences set updated_at = least(starts_at, now());
`;

export const UNTIL_RESOLVED_MIGRATION = `
-- The alerts whose end is its end, as [{"fingerprint": …, "episode": …}]; null: it ends at its time only.
alter table {schema}.silences add column until_resolved jsonb;
create index silences_until_resolved on {schema}.silences (ends_at) where until_resolved is not null;
`;

/** As long as Alertmanager keeps them after their end. */
const KEPT_MS = 120 * 3_600_000;

export interface SilencesOptions {
  /** How long one is shown after its end. */
  readonly keptMs?: number;
}

const COLUMNS = 'id, matchers, starts_at, ends_at, created_by, comment';
const KEPT_COLUMNS = `${COLUMNS}, annotations, updated_at`;

export function createSilences(
  { run, schema, transaction }: Database,
  { keptMs = KEPT_MS }: SilencesOptions = {},
): SilenceStore {
  const since = (at: Date): Date => new Date(at.getTime() - keptMs);
  const tell = (on: Run, ...silences: readonly Pick<Silence, 'matchers'>[]): Promise<void> => {
    const scopes = silences.map(({ matchers }) => ({ targets: [], environments: [], matchers }));
    return tellLives(on, schema, scopes);
  };
  /** What waits for it to end is looked at again, and the lives of its alerts hear of it. */
  const changed = async (on: Run, ...silences: readonly Pick<Silence, 'matchers'>[]): Promise<void> => {
    await lookAtHeld(on, schema);
    await tell(on, ...silences);
  };

  const locked = async (on: Run, id: string, at: Date): Promise<KeptSilence | null> => {
    const [row] = await on<KeptColumns>(
      `select ${KEPT_COLUMNS} from ${schema}.silences where id = $1 and ends_at > $2 for update`,
      [id, since(at)],
    );
    return row === undefined ? null : toKept(row);
  };
  const write = async (
    on: Run,
    id: string,
    silence: Omit<WantedSilence, 'id'>,
    at: Date,
  ): Promise<string> => {
    const columns = [id, json(silence.matchers), silence.startsAt, silence.endsAt];
    const people = [silence.createdBy, silence.comment, json(silence.annotations), at];
    const until = silence.untilResolved === undefined ? null : json(silence.untilResolved);
    await on(
      `insert into ${schema}.silences (${KEPT_COLUMNS}, until_resolved)
       values ($1, $2::jsonb, $3, $4, $5, $6, $7::jsonb, $8, $9::jsonb)
       on conflict (id) do update set starts_at = excluded.starts_at, ends_at = excluded.ends_at,
         created_by = excluded.created_by, comment = excluded.comment, annotations = excluded.annotations,
         updated_at = excluded.updated_at,
         until_resolved = coalesce(excluded.until_resolved, ${schema}.silences.until_resolved)`,
      [...columns, ...people, until],
    );
    return id;
  };
  const end = async (on: Run, silence: KeptSilence, at: Date): Promise<void> => {
    const span = endedAt(silence, at.getTime());
    if (span === null) return;
    await on(`update ${schema}.silences set starts_at = $2, ends_at = $3, updated_at = $4 where id = $1`, [
      ...[silence.id, span.startsAt, span.endsAt],
      at,
    ]);
  };

  return {
    set: (wanted, at) =>
      transaction('silence', async (on) => {
        const before = wanted.id === null ? null : await locked(on, wanted.id, at);
        if (wanted.id !== null && before === null) return null;
        // Two clocks may differ, and a row's last change must not seem to come before an earlier one.
        const now = before === null ? at : new Date(Math.max(at.getTime(), Date.parse(before.updatedAt)));
        if (before !== null && canChangeInPlace(before, wanted, now.getTime())) {
          const id = await write(on, before.id, wanted, now);
          await changed(on, wanted);
          return id;
        }
        const startsAt = Date.parse(wanted.startsAt) < now.getTime() ? now.toISOString() : wanted.startsAt;
        const id = await write(on, randomUUID(), { ...wanted, startsAt }, now);
        if (before !== null && silenceState(before, now.getTime()) !== 'expired') {
          await end(on, before, now);
          await changed(on, before, wanted);
        } else await tell(on, wanted);
        return id;
      }),
    expire: (id, at) =>
      transaction('expire a silence', async (on) => {
        const silence = await locked(on, id, at);
        if (silence === null) return false;
        await end(on, silence, at);
        await changed(on, silence);
        return true;
      }),
    async get(id, at) {
      const [row] = await run<KeptColumns>(
        `select ${KEPT_COLUMNS} from ${schema}.silences where id = $1 and ends_at > $2`,
        [id, since(at)],
      );
      return row === undefined ? null : toKept(row);
    },
    async list(at) {
      const rows = await run<KeptColumns>(
        `select ${KEPT_COLUMNS} from ${schema}.silences where ends_at > $1 order by ends_at, id`,
        [since(at)],
      );
      return rows.map(toKept);
    },
    async create(silence) {
      await run(
        `insert into ${schema}.silences (${COLUMNS}, updated_at, until_resolved)
         select s.id, s.matchers, s."startsAt", s."endsAt", s."createdBy", s.comment, s."startsAt", s."untilResolved"
         from jsonb_to_record($1::jsonb) as s (id text, matchers jsonb, "startsAt" timestamptz, "endsAt" timestamptz,
           "createdBy" text, comment text, "untilResolved" jsonb)
         on conflict do nothing`,
        [json(silence)],
      );
    },
    async active(at) {
      const rows = await run<SilenceColumns>(
        `select ${COLUMNS} from ${schema}.silences
         where starts_at <= $1 and ends_at > $1 order by ends_at desc, id`,
        [at],
      );
      return rows.map(toSilence);
    },
    endResolved: (at) =>
      transaction('end silences whose alerts are over', async (on) => {
        const over = await on<SilenceColumns>(ENDED_WITH_ALERTS(schema), [at]);
        if (over.length > 0) await changed(on, ...over);
        return over.map(toSilence);
      }),
    async end(matchers, at) {
      // One that ends at this very moment was ended by an earlier try.
      const [row] = await run<{ ended: number }>(
        `with ended as (
           update ${schema}.silences set ends_at = $2, updated_at = $2
           where matchers = $1::jsonb and starts_at <= $2 and ends_at >= $2 returning id),
         looked as (${LOOK_AT_HELD(schema)} and exists (select from ended))
         select (select count(*) from ended)::int as ended, pg_notify($3, '')`,
        [json(matchers), at, wakeChannel(schema)],
      );
      return row!.ended;
    },
  };
}

/** An alert that is forgotten, or that fires again as another episode, is over too. */
const ENDED_WITH_ALERTS = (schema: string): string => `
  update ${schema}.silences s set ends_at = $1, updated_at = $1
  where s.until_resolved is not null and s.starts_at <= $1 and s.ends_at > $1
    and not exists (
      select from jsonb_to_recordset(s.until_resolved) as w (fingerprint text, episode bigint)
      join ${schema}.alerts a on a.fingerprint = w.fingerprint and a.episode = w.episode
      where a.state <> 'RESOLVED' and (a.expires_at is null or a.expires_at > $1))
  returning ${COLUMNS}`;

const toSilence = (row: SilenceColumns): Silence => ({
  id: row.id,
  matchers: row.matchers,
  startsAt: row.starts_at.toISOString(),
  endsAt: row.ends_at.toISOString(),
  createdBy: row.created_by,
  comment: row.comment,
});

const toKept = (row: KeptColumns): KeptSilence => ({
  ...toSilence(row),
  annotations: row.annotations,
  updatedAt: row.updated_at.toISOString(),
});
