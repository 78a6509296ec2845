/** The demo's two acts. Each breaks the database for real and ends when every step of the story has happened. */
import { Client } from 'pg';
import type { AlertRow, AlertLists } from '../../src/history/port';
import type { AlertActions } from '../../src/temporal/actions';
import type { Stage } from './stage';
import type { Marks, Story } from './story';

export interface Scene {
  readonly stage: Stage;
  readonly story: Story;
  readonly lists: AlertLists;
  readonly actions: AlertActions;
}

const SESSIONS = 34;

/** Sessions left idle in a transaction use up the connections; a runbook ends them, and the samples prove it. */
export async function actOne(scene: Scene): Promise<void> {
  const { stage, story, lists } = scene;
  const marks = story.begin(
    'Act one: sessions that are idle in a transaction fill the connections of orders-db',
  );
  const since = Date.now();
  const sessions = await openIdleSessions(stage.application, SESSIONS);
  story.say(`opened ${SESSIONS} sessions of orders_app and left each in a transaction`);
  try {
    const row = await story.until('the alert', () => firingSince(lists, 'ConnectionsNearlyUsedUp', since));
    await markFiring(scene, marks, row);
    story.say(
      `fired: ${row.labels.alertname} on ${row.labels.instance_id}, value ${String(row.value)}, threshold ${row.threshold}`,
    );

    const hook = await story.until('the first notification', () =>
      stage.hooks.find(({ payload }) => payload.message_id === `${row.fingerprint}:${row.episode}:fire`),
    );
    story.mark(marks, 'notified (webhook)', hook.at);
    story.say(`notified: the webhook received "${hook.payload.subject}"`);

    const artifacts = await story.until('the enrichment', async () =>
      nonEmpty(
        (await lists.artifacts(row.fingerprint, row.episode)).filter(
          ({ provider }) => provider === 'postgres_sessions',
        ),
      ),
    );
    story.say(
      `enriched: ${(await lists.artifacts(row.fingerprint, row.episode)).map(({ provider, status }) => `${provider} ${status}`).join(', ')}`,
    );
    if (artifacts[0]!.status !== 'ok')
      throw new Error(`the sessions of orders-db were not found out: ${artifacts[0]!.error}`);

    const result = await story.until(
      'the remediation',
      async () => (await lists.remediations(row.fingerprint, row.episode))[0],
      90_000,
    );
    for (const step of result.steps)
      story.say(
        `  ${step.phase.padEnd(8)} ${step.status.padEnd(8)} ${step.name}: ${step.output}`,
        Date.parse(step.ended_at),
      );
    const acted = result.steps.find(({ phase, status }) => phase === 'act' && status === 'SUCCESS');
    if (result.outcome !== 'verified' || acted === undefined)
      throw new Error(`the remediation ended as ${result.outcome}: ${result.reason}`);
    const lastAct = result.steps.filter(({ phase }) => phase === 'act').at(-1)!;
    story.mark(marks, 'remediated', Date.parse(lastAct.ended_at));
    story.mark(marks, 'verified', Date.parse(result.ended_at));
    story.say(`verified: ${result.reason}`);

    const resolved = await story.until('the resolve', async () =>
      isResolved(await lists.find(row.fingerprint)),
    );
    story.mark(marks, 'resolved', Date.parse(resolved.endsAt!));
    story.say(`resolved: by the ${resolved.resolvedBy}`);
    const told = await story.until(
      'the mail of the notification service about the resolve',
      () => stage.mails.filter(({ to, at }) => to === 'dba@example.com' && at > since)[1],
    );
    story.mark(marks, 'resolve notified (mail)', told.at);
    for (const mail of stage.mails.filter(({ to, at }) => to === 'dba@example.com' && at > since))
      story.say(`notified: dba@example.com received "${mail.subject}"`);
    if (stage.mails.some(({ to, at }) => to === 'on-call@example.com' && at > since))
      throw new Error('somebody was paged for what the runbook repaired');
  } finally {
    await Promise.all(sessions.map((session) => session.end().catch(() => undefined)));
  }
}

/** A lock that no runbook may break: people are told, level by level, until one takes it. */
export async function actTwo(scene: Scene): Promise<void> {
  const { stage, story, lists, actions } = scene;
  const marks = story.begin('Act two: statements wait for a lock, which no runbook may break');
  const since = Date.now();
  const [holder, waiter] = await Promise.all([connect(stage.application), connect(stage.application)]);
  try {
    await holder.query('begin; update orders set total = total + 1 where id = 1');
    const waiting = waiter.query('update orders set total = total + 1 where id = 1');
    waiting.catch(() => undefined);
    story.say('one transaction holds a row, another waits for it');
    const row = await story.until('the alert', () => firingSince(lists, 'StatementsWaitForLocks', since));
    await markFiring(scene, marks, row);
    story.say(
      `fired: ${row.labels.alertname} on ${row.labels.instance_id}, value ${String(row.value)}, threshold ${row.threshold}`,
    );

    const first = await mailTo(scene, 'on-call@example.com', since);
    story.mark(marks, 'level 1 told', first.at);
    story.say(`escalated: level 1, on_call_dba, received "${first.subject}"`);
    const second = await mailTo(scene, 'senior@example.com', since);
    story.mark(marks, 'level 2 told', second.at);
    story.say(`escalated: level 2, senior_dba, received "${second.subject}"`);

    const current = (await lists.find(row.fingerprint))!;
    const answer = await actions.acknowledge(current, { owner: 'senior_dba', comment: 'looking at it' });
    story.mark(marks, 'acknowledged', Date.now());
    story.say(`acknowledged: ${answer.message}`);
    const status = await actions.status(row.fingerprint);
    if (status?.escalation?.nextAt !== null)
      throw new Error('the escalation goes on in spite of the acknowledgement');
    // The third level's time passes, and it must not be told.
    await story.until('the time of level 3', () => (Date.now() > second.at + 6_000 ? true : null));
    if (stage.mails.some(({ to, at }) => to === 'manager@example.com' && at > since))
      throw new Error('level 3 was told in spite of the acknowledgement');
    story.say('level 3 was not told: the escalation has stopped');

    await holder.query('commit');
    await waiting;
    story.say('the lock was released by its owner');
    const resolved = await story.until('the resolve', async () =>
      isResolved(await lists.find(row.fingerprint)),
    );
    story.mark(marks, 'resolved', Date.parse(resolved.endsAt!));
    story.say(`resolved: by the ${resolved.resolvedBy}`);
    const hook = await story.until('its notification', () =>
      stage.hooks.find(({ payload }) => payload.message_id === `${row.fingerprint}:${row.episode}:resolved`),
    );
    story.mark(marks, 'resolve notified (webhook)', hook.at);
    story.say(`notified: the webhook received "${hook.payload.subject}"`);
  } finally {
    await Promise.all([holder.end(), waiter.end()]);
  }
}

async function openIdleSessions(url: string, count: number): Promise<Client[]> {
  const sessions = await Promise.all(Array.from({ length: count }, () => connect(url)));
  await Promise.all(sessions.map((session) => session.query('begin; select 1')));
  return sessions;
}

async function connect(url: string): Promise<Client> {
  const client = new Client({ connectionString: url, application_name: 'orders-service' });
  // Being terminated is what is expected of it.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

async function firingSince(lists: AlertLists, name: string, since: number): Promise<AlertRow | undefined> {
  const rows = await lists.list({ matchers: [`alertname="${name}"`] });
  return rows.find((row) => row.episode >= since);
}

/** The message to the webhook waits for nothing: it is due from the moment at which the firing was taken in. */
async function markFiring({ story, lists }: Scene, marks: Marks, row: AlertRow): Promise<void> {
  const messages = await lists.notifications(row.fingerprint, row.episode);
  const first = messages.find(({ receiver, step }) => receiver === 'hook' && step === 'fire');
  story.mark(marks, 'sample', row.episode);
  if (first !== undefined) story.mark(marks, 'fired', first.dueAt.getTime());
}

function mailTo({ stage, story }: Scene, address: string, since: number) {
  return story.until(`the mail to ${address}`, () =>
    stage.mails.find(({ to, at }) => to === address && at > since),
  );
}

const isResolved = (row: AlertRow | null): AlertRow | null => (row?.state === 'RESOLVED' ? row : null);
const nonEmpty = <T>(list: readonly T[]): readonly T[] | null => (list.length > 0 ? list : null);
