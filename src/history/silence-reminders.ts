/**
 * Reminders before a silence ends: a message for each alert that still fires under it, to whom it would have gone, and to its
 * maker where he is known. That a silence was reminded of stands in its row and is written with the messages, so that it is
 * done once, whoever does it and whoever dies meanwhile. A silence whose end is moved is reminded of anew.
 */
import { compileAlertmanagerMatchers } from '../domain/alertmanager-matchers';
import { messageId, silenceEndsStep } from '../domain/identity';
import type { Matcher } from '../domain/matchers';
import { json, type Database, type Run } from './database';
import { wakeChannel } from './enqueue';
import type { NewNotification, SilenceReminders } from './port';

export const REMINDERS_MIGRATION = `
-- The end of which people have been reminded.
alter table {schema}.silences add column reminded_of timestamptz;
`;

interface Ending {
  id: string;
  matchers: readonly Matcher[];
  ends_at: Date;
  created_by: string;
}

interface Told {
  fingerprint: string;
  episode: number;
  labels: Record<string, string>;
  receivers: string[];
}

export function createSilenceReminders({ schema, transaction }: Database): SilenceReminders {
  return {
    remind: (at, beforeMs, receiversOf) =>
      transaction('remind of silences that end', async (on) => {
        const ending = await on<Ending>(
          // One that was made or changed within the time has told its maker when it ends just now.
          `update ${schema}.silences set reminded_of = ends_at where id in (
             select id from ${schema}.silences
             where ends_at > $1 and ends_at <= $2 and until_resolved is null and reminded_of is distinct from ends_at
               and greatest(updated_at, starts_at) < ends_at - $3 * interval '1 millisecond'
             for update skip locked)
           returning id, matchers, ends_at, created_by`,
          [at, new Date(at.getTime() + beforeMs), beforeMs],
        );
        if (ending.length === 0) return 0;
        const firing = await readFiring(on, schema);
        const messages = ending.flatMap((silence) =>
          remindersOf(silence, firing, receiversOf(silence.created_by), at),
        );
        await insert(on, schema, messages);
        return messages.length;
      }),
  };
}

/** An alert that somebody has taken needs no reminder. */
const readFiring = (on: Run, schema: string): Promise<Told[]> =>
  on<Told>(
    `select a.fingerprint, a.episode, a.labels, array(
       select distinct n.receiver from ${schema}.notifications n
       where n.fingerprint = a.fingerprint and n.episode = a.episode and n.state in ('pending', 'sent')) as receivers
     from ${schema}.alerts a where a.state = 'FIRING'`,
    [],
  );

function remindersOf(
  { id, matchers, ends_at: endsAt }: Ending,
  firing: readonly Told[],
  ofMaker: readonly string[],
  dueAt: Date,
): NewNotification[] {
  const holds = matcherTest(matchers);
  return firing
    .filter(({ labels }) => holds(labels))
    .flatMap(({ fingerprint, episode, receivers }) => {
      // Alerts of `tocsin serve` are told of in groups, which know of the reminder by themselves.
      const all = receivers.length === 0 ? [] : [...new Set([...receivers, ...ofMaker])];
      const step = silenceEndsStep(id, endsAt.getTime());
      return all.map((receiver) => ({
        ...{ messageId: messageId(fingerprint, episode, step), receiver, fingerprint, episode, step, dueAt },
      }));
    });
}

/** What cannot be understood mutes nobody. */
function matcherTest(matchers: readonly Matcher[]): (labels: Record<string, string>) => boolean {
  try {
    return compileAlertmanagerMatchers(matchers);
  } catch {
    return () => false;
  }
}

async function insert(on: Run, schema: string, messages: readonly NewNotification[]): Promise<void> {
  if (messages.length === 0) return;
  await on(
    `with written as (
       insert into ${schema}.notifications (message_id, receiver, fingerprint, episode, step, due_at)
       select "messageId", receiver, fingerprint, episode, step, now()
       from jsonb_to_recordset($1::jsonb) as n ("messageId" text, receiver text, fingerprint text, episode bigint, step text)
       on conflict do nothing)
     select pg_notify($2, '')`,
    [json(messages), wakeChannel(schema)],
  );
}
