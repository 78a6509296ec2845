/**
 * The queue of messages. A taken row is leased: its holder renews it while it sends, and when the holder dies the lease
 * ends and another process takes the same row, with the same message_id. Leases count by the server's clock, the only
 * one that all holders share.
 */
import { randomUUID } from 'node:crypto';
import type { Database } from './database';
import { wakeChannel } from './enqueue';
import { readFacts } from './facts';
import { listenFor } from './listen';
import type { NotificationOutcome, NotificationQueue, QueuedNotification, ReceiverFilter } from './port';

/** Nothing earlier waits for the same receiver of the same alert: messages of an alert arrive in order. */
const FIRST_IN_LINE = (schema: string): string => `not exists (
  select 1 from ${schema}.notifications earlier where earlier.fingerprint = n.fingerprint
    and earlier.receiver = n.receiver and earlier.state = 'pending' and earlier.id < n.id)`;

export function createQueue(database: Database, onListenError: (error: unknown) => void): NotificationQueue {
  const holder = randomUUID();
  return {
    take: (limit, leaseMs, receivers) => take(database, holder, limit, leaseMs, receivers),
    renew: (ids, leaseMs) => renew(database, holder, ids, leaseMs),
    finish: (id, outcome) => finish(database, holder, id, outcome),
    nextDueAt: () => nextDueAt(database),
    listen: (wake) => listenFor(database.url, wakeChannel(database.schema), wake, onListenError),
    facts: (fingerprint, episode) => readFacts(database, fingerprint, episode),
  };
}

interface TakenColumns {
  id: number;
  message_id: string;
  receiver: string;
  fingerprint: string;
  episode: number;
  step: string;
  due_at: Date;
  created_at: Date;
  attempts: number;
  told: boolean;
}

async function take(
  { run, schema }: Database,
  holder: string,
  limit: number,
  leaseMs: number,
  receivers: ReceiverFilter = { except: [] },
): Promise<QueuedNotification[]> {
  const only = 'only' in receivers;
  const rows = await run<TakenColumns>(
    `with due as (
       select n.id from ${schema}.notifications n
       where n.state = 'pending' and n.due_at <= now() and (n.lease_until is null or n.lease_until <= now())
         and (n.receiver = any($4)) = $5 and ${FIRST_IN_LINE(schema)}
       order by n.due_at, n.id limit $1 for update skip locked)
     update ${schema}.notifications n
     set lease_until = now() + $2 * interval '1 millisecond', taken_by = $3, attempts = n.attempts + 1
     from due where n.id = due.id
     returning n.id, n.message_id, n.receiver, n.fingerprint, n.episode, n.step, n.due_at, n.created_at,
       n.attempts - 1 as attempts,
       exists (select 1 from ${schema}.notifications told where told.fingerprint = n.fingerprint
         and told.episode = n.episode and told.receiver = n.receiver and told.state = 'sent') as told`,
    [limit, leaseMs, holder, only ? receivers.only : receivers.except, only],
  );
  return rows
    .map(toQueued)
    .sort((a, b) => a.dueAt.getTime() - b.dueAt.getTime() || Number(a.id) - Number(b.id));
}

function toQueued(row: TakenColumns): QueuedNotification {
  return {
    id: String(row.id),
    messageId: row.message_id,
    receiver: row.receiver,
    fingerprint: row.fingerprint,
    episode: row.episode,
    step: row.step,
    dueAt: row.due_at,
    createdAt: row.created_at,
    attempts: row.attempts,
    told: row.told,
  };
}

async function renew(
  { run, schema }: Database,
  holder: string,
  ids: readonly string[],
  leaseMs: number,
): Promise<void> {
  if (ids.length === 0) return;
  await run(
    `update ${schema}.notifications set lease_until = now() + $2 * interval '1 millisecond'
     where id = any($1::bigint[]) and taken_by = $3 and state = 'pending'`,
    [ids, leaseMs, holder],
  );
}

async function finish(
  database: Database,
  holder: string,
  id: string,
  outcome: NotificationOutcome,
): Promise<void> {
  if (outcome.kind === 'retry') return postpone(database, holder, id, outcome.at, outcome.error);
  const { state, via, reason, detail } = finalColumns(outcome);
  await database.run(
    `with finished as (
       update ${database.schema}.notifications
       set state = $2, via = $3, reason = $4, detail = $5, sent_at = case when $2 = 'sent' then now() end, lease_until = null
       where id = $1 and state = 'pending' returning *)
     insert into ${database.schema}.timeline (fingerprint, episode, key, at, kind, actor, text, details)
     select fingerprint, episode, 'notification:' || step || ':' || receiver, now(),
       case when $2 = 'sent' then 'notified' else 'not_notified' end, 'notifier', $6 || receiver || ' of ' || step || $7,
       jsonb_build_object('message_id', message_id, 'receiver', receiver, 'via', via, 'reason', reason, 'detail', detail)
     from finished on conflict do nothing`,
    [id, state, via, reason, detail, ...words(outcome)],
  );
}

type Final = Exclude<NotificationOutcome, { kind: 'retry' }>;

function finalColumns(outcome: Final): {
  state: string;
  via: string | null;
  reason: string | null;
  detail: string;
} {
  if (outcome.kind === 'sent')
    return { state: 'sent', via: outcome.via, reason: null, detail: outcome.detail };
  if (outcome.kind === 'dead') return { state: 'dead', via: null, reason: null, detail: outcome.error };
  return { state: 'dropped', via: null, reason: outcome.reason, detail: outcome.detail };
}

/** What the timeline says before and after the receiver's name. */
function words(outcome: Final): [string, string] {
  if (outcome.kind === 'sent') return ['told ', ` via ${outcome.via}`];
  return [
    'did not tell ',
    `: ${outcome.kind === 'dead' ? outcome.error : `${outcome.reason} (${outcome.detail})`}`,
  ];
}

/** Only by the holder: a lease that was lost belongs to whoever sends now. */
async function postpone(
  { run, schema }: Database,
  holder: string,
  id: string,
  at: Date,
  error: string,
): Promise<void> {
  await run(
    `update ${schema}.notifications set due_at = $2, detail = $3, lease_until = null, taken_by = null
     where id = $1 and state = 'pending' and taken_by = $4`,
    [id, at, error, holder],
  );
}

async function nextDueAt({ run, schema }: Database): Promise<Date | null> {
  const [row] = await run<{ at: Date | null }>(
    `select min(greatest(n.due_at, n.lease_until)) as at from ${schema}.notifications n
     where n.state = 'pending' and ${FIRST_IN_LINE(schema)}`,
  );
  return row?.at ?? null;
}
