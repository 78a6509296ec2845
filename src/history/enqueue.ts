/**
 * Puts messages into the queue. A message exists once a receiver; an episode's resolve goes to the receivers that have
 * heard of it or will, whichever of the two is known first. Messages made due wake the notifiers at commit.
 */
import { messageId } from '../domain/identity';
import { json, type Run } from './database';
import type { NewNotification } from './port';

export interface EpisodeKey {
  readonly fingerprint: string;
  readonly episode: number;
}

export async function enqueue(run: Run, schema: string, messages: readonly NewNotification[]): Promise<void> {
  if (messages.length === 0) return;
  await insertMessages(run, schema, messages);
  await run(
    `with hurried as (${pullForward(schema)}), settled as (${settleResolves(schema)}) ${WAKE}`,
    followUp(schema, messages),
  );
}

/**
 * A `fire` whose episode has been released already is due at once; so is what is due by the writer's clock, for a writer
 * whose clock is ahead of the server's must not delay a page.
 */
async function insertMessages(run: Run, schema: string, messages: readonly NewNotification[]): Promise<void> {
  await run(
    `insert into ${schema}.notifications (message_id, receiver, fingerprint, episode, step, due_at, on_call_person,
       unless_acknowledged, bundle)
     select n."messageId", n.receiver, n.fingerprint, n.episode, n.step,
       case when n."dueAt" <= $2 or (n.step = 'fire' and n.receiver = any(e.released_receivers))
         then least(n."dueAt", now()) else n."dueAt" end,
       n."onCallPerson", coalesce(n."unlessAcknowledged", false), n.bundle
     from rows from (jsonb_to_recordset($1::jsonb) as ("messageId" text, receiver text, fingerprint text, episode bigint,
       step text, "dueAt" timestamptz, "onCallPerson" text, "unlessAcknowledged" boolean, bundle text)) with ordinality n
     left join ${schema}.episodes e on e.fingerprint = n.fingerprint and e.episode = n.episode
     order by n.ordinality
     on conflict do nothing`,
    [json(messages), new Date()],
  );
}

/**
 * A message that still waits goes out no later than one that follows it to the same receiver: order holds. A resolve is
 * in nobody's hurry: it follows the first message, which waits on for what was tried, or for its deadline.
 */
const pullForward = (schema: string): string => `
  update ${schema}.notifications n set due_at = hurried.due_at
  from (select earlier.id, min(later.due_at) as due_at
        from ${schema}.notifications earlier join ${schema}.notifications later using (fingerprint, receiver)
        where fingerprint = any($2) and earlier.state = 'pending' and earlier.attempts = 0 and earlier.in_line
          and later.state = 'pending' and later.step <> 'resolved' and later.id > earlier.id
          and later.due_at < earlier.due_at
        group by earlier.id) hurried
  where n.id = hurried.id and n.state = 'pending' and n.attempts = 0`;

/** Messages of these episodes are due again: whoever hears of one after all is to hear of its end. */
export async function settleAndWake(
  run: Run,
  schema: string,
  episodes: readonly EpisodeKey[],
): Promise<void> {
  await run(`with settled as (${settleResolves(schema)}) ${WAKE}`, followUp(schema, episodes));
}

export interface Resolves extends EpisodeKey {
  readonly receivers: readonly string[];
  readonly dueAt: Date;
}

/** Remembers that the episodes are over for these receivers, and tells those that have heard of them. */
export async function enqueueResolves(
  run: Run,
  schema: string,
  resolves: readonly Resolves[],
): Promise<void> {
  if (resolves.length === 0) return;
  await run(
    `update ${schema}.episodes e set resolve_receivers = r.receivers,
       resolve_due_at = case when r."dueAt" <= $2 then least(r."dueAt", now()) else r."dueAt" end
     from jsonb_to_recordset($1::jsonb) as r (fingerprint text, episode bigint, receivers text[], "dueAt" timestamptz)
     where e.fingerprint = r.fingerprint and e.episode = r.episode and e.resolve_receivers is null`,
    [json(resolves), new Date()],
  );
  await run(
    `with settled as (${settleResolves(schema)}), looked as (${endHold(schema)}) ${WAKE}`,
    followUp(schema, resolves),
  );
}

/**
 * What is held of an episode that is over, or was for later, is of no use any more, and the resolve waits behind it. So it
 * does behind what waits for a digest.
 */
const endHold = (schema: string): string => `
  update ${schema}.notifications n set due_at = now()
  from unnest($2::text[], $3::bigint[]) as g (fingerprint, episode)
  where (n.fingerprint, n.episode) = (g.fingerprint, g.episode) and n.state = 'pending'
    and (n.held_until is not null or n.unless_acknowledged or (n.digest_at is not null and n.in_line))
    and n.due_at > now()`;

/** What is held of it is looked at again, for what holds it may be so no more. */
export async function lookAgain(
  run: Run,
  schema: string,
  { fingerprint, episode }: EpisodeKey,
): Promise<void> {
  await run(
    `with looked as (
       update ${schema}.notifications set due_at = now() where fingerprint = $2 and episode = $3 and state = 'pending'
         and held_until is not null and due_at > now())
     ${WAKE}`,
    [wakeChannel(schema), fingerprint, episode],
  );
}

/** It is over: nothing of it waits for later any more. */
export async function endHolds(run: Run, schema: string, key: EpisodeKey): Promise<void> {
  await run(`with looked as (${endHold(schema)}) ${WAKE}`, followUp(schema, [key]));
}

/** A receiver of alertmanager.yml stands for its integrations, of which each has its own messages: see `integrationsOf`. */
export const IS_AMONG = (receiver: string, receivers: string): string => `(${receiver} = any(${receivers})
  or (${receiver} like 'alertmanager/%' and regexp_replace(${receiver}, '/[^/]*/[^/]*$', '') = any(${receivers})))`;

/** Puts the resolves into the queue that are wanted by now. */
const settleResolves = (schema: string): string => `
  insert into ${schema}.notifications (message_id, receiver, fingerprint, episode, step, due_at)
  select distinct e.fingerprint || ':' || e.episode || ':resolved', n.receiver, e.fingerprint, e.episode, 'resolved',
    e.resolve_due_at
  from (select distinct fingerprint, episode from unnest($2::text[], $3::bigint[]) as g (fingerprint, episode)) given
  join ${schema}.episodes e using (fingerprint, episode)
  join ${schema}.notifications n using (fingerprint, episode)
  where ${IS_AMONG('n.receiver', 'e.resolve_receivers')} and n.step <> 'resolved' and n.state in ('pending', 'sent')
  on conflict do nothing`;

/** The values of what follows: the channel first, then the episodes. */
const followUp = (schema: string, episodes: readonly EpisodeKey[]): unknown[] => [
  wakeChannel(schema),
  episodes.map(({ fingerprint }) => fingerprint),
  episodes.map(({ episode }) => episode),
];

/** The receivers whose `fire` message of the episode need not wait for its deadline; null means all of them. */
export interface Release extends EpisodeKey {
  readonly receivers: readonly string[] | null;
}

/** The `fire` messages to these receivers that wait are due now, and so are those that are still to come. */
export async function release(run: Run, schema: string, releases: readonly Release[]): Promise<void> {
  const given = releases.filter(({ receivers }) => receivers === null || receivers.length > 0);
  if (given.length === 0) return;
  await run(
    `with given as materialized (
       select * from jsonb_to_recordset($2::jsonb) as g (fingerprint text, episode bigint, receivers text[])),
     released as (
       update ${schema}.episodes e set released_receivers = e.released_receivers || g.receivers from given g
       where e.fingerprint = g.fingerprint and e.episode = g.episode and not e.released_receivers @> g.receivers),
     hurried as (
       update ${schema}.notifications n set due_at = now() from given g
       where n.fingerprint = g.fingerprint and n.episode = g.episode
         and (g.receivers is null or n.receiver = any(g.receivers)) and n.step = 'fire'
         and n.state = 'pending' and n.attempts = 0 and n.due_at > now()
       returning 1)
     ${WAKE} where exists (select 1 from hurried)`,
    [wakeChannel(schema), json(given)],
  );
}

/**
 * News for those of `receivers` whose `fire` message has left, or is leaving now and may have been written before the
 * news: somebody has it, even if the lease is over. The others' is released instead: it will carry the news. The rows
 * are locked first, so a message cannot leave between the look and the commit that shows the news.
 */
export async function enqueueUpdate(
  run: Run,
  schema: string,
  key: EpisodeKey,
  step: string,
  receivers: readonly string[],
): Promise<void> {
  const fires = await run<{ receiver: string; left: boolean }>(
    `select receiver, state = 'sent' or (state = 'pending' and taken_by is not null) as left
     from ${schema}.notifications where fingerprint = $1 and episode = $2 and step = 'fire' and receiver = any($3)
     order by id for update`,
    [key.fingerprint, key.episode, receivers],
  );
  const told = fires.filter(({ left }) => left).map(({ receiver }) => receiver);
  const { fingerprint, episode } = key;
  const update = {
    messageId: messageId(fingerprint, episode, step),
    fingerprint,
    episode,
    step,
    dueAt: new Date(),
  };
  await enqueue(
    run,
    schema,
    told.map((receiver) => ({ ...update, receiver })),
  );
  const untold = receivers.filter((receiver) => !told.includes(receiver));
  await release(run, schema, [{ fingerprint, episode, receivers: untold }]);
}

/** For those of `receivers` that have heard of the episode in any way: what they have not heard of needs no news. */
export async function enqueueFollowUp(
  run: Run,
  schema: string,
  { fingerprint, episode }: EpisodeKey,
  step: string,
  receivers: readonly string[],
): Promise<void> {
  const told = await run<{ receiver: string }>(
    `select distinct receiver from ${schema}.notifications where fingerprint = $1 and episode = $2 and receiver = any($3)
       and step <> 'resolved' and (state = 'sent' or (state = 'pending' and taken_by is not null)) order by receiver`,
    [fingerprint, episode, receivers],
  );
  const follow = { messageId: messageId(fingerprint, episode, step), fingerprint, episode, step };
  await enqueue(
    run,
    schema,
    told.map(({ receiver }) => ({ ...follow, receiver, dueAt: new Date() })),
  );
}

/** Sent at commit, and once a transaction. */
const WAKE = `select pg_notify($1, '')`;

/** A channel is an identifier: at most 63 bytes, as the schema's own name. */
export const wakeChannel = (schema: string): string => schema.slice(0, 63);
