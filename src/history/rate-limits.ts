/**
 * Which of a receiver's messages may leave now, by its rate limit: the generic cell rate algorithm, counted in one row a
 * receiver, so that all processes share one count and a restart forgets nothing. Times are the server's.
 *
 * `next_at` is the theoretical arrival time: when the row would be full of room again were nothing more to leave. Each
 * message moves it on by `per_ms / messages`, and one may leave for as long as it is less than `per_ms` ahead: so many at
 * once when nothing has left for `per`, and after those one whenever a message's share of `per` is over.
 */
import { coalesced } from './coalesce';
import { json, type Database } from './database';
import type { LimitAnswer, LimitAsked, RateLimit, RateLimitStore, TakenUnder } from './port';

export const RATE_LIMITS_MIGRATION = `
-- One row a receiver that has a limit, or an integration of one.
create table {schema}.rate_limits (
  name text primary key,
  messages integer not null,
  per_ms double precision not null,
  -- How many may leave of those that were asked for last.
  granted integer not null,
  asked_at timestamptz not null,
  next_at timestamptz not null
) with (fillfactor = 50);
-- The receiver through which a message left instead, and why.
alter table {schema}.deliveries add column via text;
`;

const MOST_AT_ONCE = 200;
/** Of a message's share of the time: what roundings to microseconds add up to must not hold back what is due now. */
const ROUNDING = 0.001;

/** Longer than a statement waits for the row: what is further ahead than its limit allows was written before the clock was set back. */
const AHEAD = `interval '1 minute'`;

const IS_OF = (l: string, limit: string): string =>
  `(${l}.messages, ${l}.per_ms) = (${limit}.messages, ${limit}.per_ms)`;

/** The latest that a row of the limit can stand at. */
const LATEST = (l: string, limit: string, now: string): string =>
  `${now} + ${limit}.per_ms * interval '1 millisecond' + case when ${IS_OF(l, limit)} then ${AHEAD} else '0' end`;

/** Where the row stands at `now`. One that was counted by another limit is as full as this one can be at most. */
const ARRIVAL = (l: string, limit: string, now: string): string =>
  `greatest(${now}, least(coalesce(${l}.next_at, ${now}), ${LATEST(l, limit, now)}))`;

const FREE = (l: string, limit: string, now: string): string =>
  `greatest(0, floor((${limit}.per_ms - extract(epoch from ${ARRIVAL(l, limit, now)} - ${now})::float8 * 1000)
     / ${limit}.per_ms * ${limit}.messages + ${ROUNDING}))::integer`;

const LATER = (limit: string, messages: string): string =>
  `${messages} * ${limit}.per_ms / ${limit}.messages * interval '1 millisecond'`;

/** When the next may leave by the row alone; past where one may now. */
const NEXT_FREE_AT = (l: string): string => `(${l}.next_at + ${LATER(l, `(1 - ${l}.messages)`)})`;

/** Until when the receiver or integration of that name is held back; null where it is not. */
export const LIMITED_UNTIL = (schema: string, name: string): string =>
  `(select ${NEXT_FREE_AT('l')} from ${schema}.rate_limits l
    where l.name = ${name} and ${NEXT_FREE_AT('l')} > clock_timestamp())`;

/** Whether it held something back at `since` or after. */
export const WAS_LIMITED = (schema: string, name: string, since: string): string =>
  `exists (select from ${schema}.rate_limits l where l.name = ${name} and ${NEXT_FREE_AT('l')} > ${since})`;

/**
 * Parts of a statement that takes messages out of a queue, each with a permit. Whoever asks first has the row until his
 * messages are taken: two processes never hold messages of one receiver of which only some may leave, so the most urgent one
 * leaves first, whoever takes it. A row that is not there yet grants nothing: a look makes it.
 */
export interface PermittedTake {
  /** Before what is taken, with a comma at its end. */
  readonly granting: string;
  /** The most to take, of `limit` at most. */
  readonly most: (limit: string) => string;
  /** After what is taken, beginning with a comma. `taken` has a row a message. */
  readonly spending: (taken: string) => string;
  readonly values: readonly unknown[];
}

const UNLIMITED: PermittedTake = { granting: '', most: (limit) => limit, spending: () => '', values: [] };

/** `first`: the number of the parameter that its values begin at. */
export function permittedTake(schema: string, under: TakenUnder | undefined, first: number): PermittedTake {
  if (under === undefined) return UNLIMITED;
  const given = `$${first + 1}::integer as messages, $${first + 2}::float8 as per_ms`;
  return {
    granting: `counted as materialized (
         select * from ${schema}.rate_limits where name = $${first} for update),
       asking as materialized (select ${given}, clock_timestamp() as now from counted),
       granted as materialized (
         select asking.*, ${FREE('counted', 'asking', 'asking.now')} as free,
           ${ARRIVAL('counted', 'asking', 'asking.now')} as arrival from counted, asking),
       `,
    // Without a row nothing: a limit that is null would be none.
    most: (limit) => `coalesce((select least(free, ${limit}) from granted), 0)`,
    spending: (taken) => `,
       spent as (
         update ${schema}.rate_limits l set messages = granted.messages, per_ms = granted.per_ms, asked_at = granted.now,
           next_at = granted.arrival + ${LATER('granted', `(select count(*) from ${taken})`)}
         from granted where l.name = $${first} and exists (select from ${taken}))`,
    values: [under.name, under.limit.messages, under.limit.perMs],
  };
}

export function createRateLimitStore(database: Database): RateLimitStore {
  const take = coalesced<LimitAsked, LimitAnswer>((asked) => takeAll(database, asked), MOST_AT_ONCE);
  return {
    take: (name, limit, wanted) => take({ name, limit, wanted }),
    giveBack: (name, limit) => giveBack(database, name, limit),
    look: (limits) => look(database, limits),
  };
}

interface AnswerColumns {
  name: string;
  free: number;
  next_in_ms: number;
}

/**
 * Those of one name share what is granted, in their order. The moment is read before the row is locked: who had to wait for
 * it counts as having come first, and is granted no more for it.
 */
async function takeAll(
  { run, schema }: Database,
  asked: readonly LimitAsked[],
): Promise<readonly LimitAnswer[]> {
  const wanted = new Map<string, LimitAsked>();
  for (const each of asked)
    wanted.set(each.name, { ...each, wanted: each.wanted + (wanted.get(each.name)?.wanted ?? 0) });
  const rows = await run<AnswerColumns>(
    `with given as materialized (
       select name, messages, per_ms, wanted, clock_timestamp() as now
       from jsonb_to_recordset($1::jsonb) as g (name text, messages integer, per_ms float8, wanted integer))
     insert into ${schema}.rate_limits as l (name, messages, per_ms, granted, asked_at, next_at)
     select name, messages, per_ms, least(wanted, messages), now, now + ${LATER('given', 'least(wanted, messages)')}
     from given order by name
     on conflict (name) do update set messages = excluded.messages, per_ms = excluded.per_ms, asked_at = excluded.asked_at,
       granted = least(excluded.granted, ${FREE('l', 'excluded', 'excluded.asked_at')}),
       next_at = ${ARRIVAL('l', 'excluded', 'excluded.asked_at')}
         + ${LATER('excluded', `least(excluded.granted, ${FREE('l', 'excluded', 'excluded.asked_at')})`)}
     returning name, granted as free,
       extract(epoch from ${NEXT_FREE_AT('l')} - clock_timestamp())::float8 * 1000 as next_in_ms`,
    [json([...wanted.values()].map(limitRow))],
  );
  const left = new Map(rows.map((row) => [row.name, { free: row.free, nextInMs: row.next_in_ms }]));
  return asked.map(({ name, wanted: own }) => {
    const { free, nextInMs } = left.get(name)!;
    const granted = Math.min(own, free);
    left.set(name, { free: free - granted, nextInMs });
    return { free: granted, nextInMs: Math.max(0, nextInMs) };
  });
}

/** The row is never less full than had the permit not been taken: what has come free since then has, either way. */
async function giveBack({ run, schema }: Database, name: string, limit: RateLimit): Promise<void> {
  await run(
    `update ${schema}.rate_limits l set next_at = next_at - ${LATER('l', '1')}
     where name = $1 and messages = $2 and per_ms = $3`,
    [name, limit.messages, limit.perMs],
  );
}

async function look(
  database: Database,
  limits: ReadonlyMap<string, RateLimit>,
): Promise<ReadonlyMap<string, LimitAnswer>> {
  if (limits.size === 0) return new Map();
  const rows = await database.run<AnswerColumns & { is_right: boolean }>(
    `with given as materialized (
       select name, messages, per_ms, clock_timestamp() as now
       from jsonb_to_recordset($1::jsonb) as g (name text, messages integer, per_ms float8))
     select given.name, ${FREE('l', 'given', 'given.now')} as free,
       extract(epoch from ${ARRIVAL('l', 'given', 'given.now')} + ${LATER('given', '(1 - given.messages)')}
         - given.now)::float8 * 1000 as next_in_ms,
       coalesce(${IS_OF('l', 'given')} and l.next_at <= ${LATEST('l', 'given', 'given.now')}, false) as is_right
     from given left join ${database.schema}.rate_limits l using (name)`,
    [json([...limits].map(([name, limit]) => limitRow({ name, limit, wanted: 0 })))],
  );
  // Reckoned from now at each look, one that is not written down would never come free.
  const wrong = rows.filter((row) => !row.is_right);
  if (wrong.length > 0)
    await takeAll(
      database,
      wrong.map(({ name }) => ({ name, limit: limits.get(name)!, wanted: 0 })),
    );
  return new Map(
    rows.map(({ name, free, next_in_ms: nextInMs }) => [name, { free, nextInMs: Math.max(0, nextInMs) }]),
  );
}

const limitRow = ({ name, limit, wanted }: LimitAsked) => ({
  ...{ name, wanted, messages: limit.messages, per_ms: limit.perMs },
});
