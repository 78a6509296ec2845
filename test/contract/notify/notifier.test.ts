/** The notifier on a real queue with real receivers: at once, once, in order, and whatever dies in between. */
import { join } from 'node:path';
import { openHistory } from '../../../src/history/history';
import { createMutes } from '../../../src/mute/mutes';
import { createEmailChannel } from '../../../src/notify/channels/email';
import { startHttpCatcher } from '../../harness/http-catcher';
import { runScript } from '../../harness/script';
import { startSmtpCatcher } from '../../harness/smtp-catcher';
import { waitFor } from '../../harness/wait-for';
import { alertRow, change, ending, firing, lifeRecord, message } from '../history/test-alerts';
import { postgresUrl } from '../history/test-history';
import { payload, row, useScene } from './scene';
import { proxyTo } from './test-proxy';

const scene = useScene();
const { service, notifier, apply, steps, states, allDone } = scene;

describe("an alert's messages", () => {
  test('leave at once, each once, in order, whichever of two processes sends them', async () => {
    const receivers = [service('ops')];
    const { events } = await notifier(receivers);
    await notifier(receivers, {}, await scene.first().another());
    const began = Date.now();
    await apply(firing(row));
    await waitFor(() => scene.catcher().requests.length === 1, { what: 'the page', intervalMs: 2 });
    expect(scene.catcher().requests[0]!.at - began).toBeLessThan(1_000);
    expect(payload(scene.catcher().requests[0])).toMatchObject({
      alert_name: 'HighConnections',
      state: 'FIRING',
      message_id: `${row.fingerprint}:${row.episode}:fire`,
    });
    await scene
      .first()
      .history.lives.record(lifeRecord(row, 1, { notifications: [message(row, 'ops', 'escalate-1')] }));
    await waitFor(() => scene.catcher().requests.length === 2, { what: 'the escalation' });
    await apply(ending(row));
    await waitFor(() => scene.catcher().requests.length === 3, { what: 'the resolve' });
    await allDone();
    expect(steps()).toEqual(['fire', 'escalate-1', 'resolved']);
    expect(payload(scene.catcher().requests[2]).state).toBe('RESOLVED');
    expect(events.every(({ kind }) => kind === 'sent')).toBe(true);
  });

  test('a storm: every message once, through two processes', async () => {
    const receivers = [service('ops'), service('audit')];
    await notifier(receivers);
    await notifier(receivers, {}, await scene.first().another());
    const rows = Array.from({ length: 300 }, (_, n) => alertRow({}, { alertname: 'Storm', n: String(n) }));
    await scene.first().history.pages.apply(
      rows.map(({ fingerprint }) => fingerprint),
      () =>
        change({ rows, notifications: rows.flatMap((one) => [message(one, 'ops'), message(one, 'audit')]) }),
    );
    await waitFor(() => scene.catcher().requests.length >= 600, { what: '600 messages', timeoutMs: 30_000 });
    await waitFor(async () => (await scene.first().history.queue.nextDueInMs()) === null, {
      what: 'the queue to be empty',
    });
    expect(scene.catcher().requests).toHaveLength(600);
    expect(new Set(scene.catcher().requests.map((request) => payload(request).message_id)).size).toBe(300);
  });

  test('written before the history knows the alert wait for it', async () => {
    const { events } = await notifier([service('ops')]);
    await scene
      .first()
      .history.lives.record(lifeRecord(row, 1, { notifications: [message(row, 'ops', 'escalate-1')] }));
    await waitFor(
      async () => (await scene.first().history.lists.notifications(row.fingerprint))[0]!.attempts > 0,
      {
        what: 'a first try',
      },
    );
    expect(scene.catcher().requests).toHaveLength(0);
    await apply(firing(row, []));
    await waitFor(() => scene.catcher().requests.length === 1, { what: 'the escalation' });
    expect(events.map(({ kind }) => kind)).not.toContain('dead');
  });

  test('name who is on call, and are due when they are due', async () => {
    await notifier([service('ops')], {
      onCallPerson: (alert, step) => (step === 'escalate-1' ? `dba of ${alert.labels['alertname']}` : null),
    });
    const dueAt = new Date(Date.now() + 700);
    await apply(change({ rows: [row], notifications: [message(row, 'ops', 'escalate-1', dueAt)] }));
    await waitFor(() => scene.catcher().requests.length === 1, { what: 'the escalation' });
    expect(scene.catcher().requests[0]!.at).toBeGreaterThanOrEqual(dueAt.getTime());
    expect(scene.catcher().requests[0]!.at).toBeLessThan(dueAt.getTime() + 500);
    expect(payload(scene.catcher().requests[0]).on_call_person).toBe('dba of HighConnections');
  });

  test('name the person that was found when they were written, whoever is on call now', async () => {
    await notifier([service('ops')], { onCallPerson: () => 'whoever' });
    const found = { ...message(row, 'ops', 'escalate-1'), onCallPerson: 'ana' };
    await apply(change({ rows: [row], notifications: [found] }));
    await waitFor(() => scene.catcher().requests.length === 1, { what: 'the escalation' });
    expect(payload(scene.catcher().requests[0]).on_call_person).toBe('ana');
  });

  test('to a receiver that is not configured here stay for a process that knows it', async () => {
    await notifier([service('ops')], { maxSleepMs: 200 });
    await apply(firing(row, ['ops', 'elsewhere']));
    await waitFor(async () => (await states()).includes('fire sent'), { what: 'the one that is known' });
    await waitFor(
      async () =>
        (await scene.first().history.lists.notifications(row.fingerprint)).some(
          ({ detail }) => detail === 'receiver "elsewhere" is not configured here',
        ),
      { what: 'the reason' },
    );
    expect((await states()).sort()).toEqual(['fire pending', 'fire sent']);
  });
});

describe('silences', () => {
  const silence = (matcher: string, forMs = 3_600_000) => ({
    id: 's1',
    matchers: [{ name: 'alertname', op: '=' as const, value: matcher }],
    startsAt: new Date(0).toISOString(),
    endsAt: new Date(Date.now() + forMs).toISOString(),
    createdBy: 'ann',
    comment: 'known',
  });

  test('a silenced alert tells nobody, and its end tells nobody either', async () => {
    await scene.first().history.silences.create(silence('HighConnections'));
    await notifier([service('ops')]);
    await apply(firing(row));
    await apply(ending(row));
    await allDone();
    expect(scene.catcher().requests).toHaveLength(0);
    const kept = await scene.first().history.lists.notifications(row.fingerprint);
    expect(kept.map(({ state, detail }) => [state, detail!.split(':')[0]])).toEqual([
      ['dropped', 'silenced'],
      ['dropped', 'never_told'],
    ]);
  });

  test('an alert that fires during a silence is told of once the silence ends', async () => {
    await scene.first().history.silences.create(silence('HighConnections', 1_500));
    await notifier([service('ops')]);
    await apply(firing(row));
    const waits = () => scene.told();
    await waitFor(async () => (await waits()).length === 1, { what: 'the timeline to tell of the silence' });
    expect(await waits()).toEqual([
      expect.stringMatching(/^did not tell ops of fire yet: silenced: .* until /),
    ]);
    expect(scene.catcher().requests).toHaveLength(0);
    await allDone();
    expect(await states()).toEqual(['fire sent']);
    expect((await waits())[1]).toBe('told ops of fire via ops');
  });

  test('a silence that is taken back: who was not told is told now', async () => {
    const { silences } = scene.first().history;
    const known = silence('HighConnections');
    await silences.create(known);
    await notifier([service('ops')]);
    await apply(firing(row));
    await waitFor(async () => (await scene.told()).length === 1, { what: 'the page to be held' });
    expect(await silences.end(known.matchers, new Date())).toBe(1);
    await waitFor(() => scene.catcher().requests.length === 1, { what: 'the page' });
    expect(steps()).toEqual(['fire']);
  });

  test('a page that comes right after a silence was taken back is not held by the memory of it', async () => {
    const { pages, silences } = scene.first().history;
    const known = silence('HighConnections');
    await silences.create(known);
    await notifier([service('ops')]);
    const other = alertRow({}, { alertname: 'Other' });
    await pages.apply([other.fingerprint], () => firing(other));
    await waitFor(() => scene.catcher().requests.length === 1, { what: 'the other page' });
    await silences.end(known.matchers, new Date());
    await apply(firing(row));
    await waitFor(() => scene.catcher().requests.length === 2, { what: 'the page' });
  });

  test('an alert that outlives its silence is told of, though it ends while its receiver is away', async () => {
    let away = true;
    let tries = 0;
    const { channel, ...rest } = service('ops');
    const unsteady: typeof channel = {
      ...channel,
      async send(...given) {
        tries += 1;
        return away ? { kind: 'retry', error: '503', retryAfterMs: null } : channel.send(...given);
      },
    };
    await scene.first().history.silences.create(silence('HighConnections', 500));
    await notifier([{ ...rest, channel: unsteady }], { retry: { baseMs: 50, capMs: 100 } });
    await apply(firing(row));
    await waitFor(() => tries > 0, { what: 'a try after the silence' });
    const over = ending(row);
    const endsAt = new Date().toISOString();
    await apply({ ...over, rows: over.rows.map((one) => ({ ...one, endsAt })) });
    away = false;
    await allDone();
    expect(steps()).toEqual(['fire', 'resolved']);
  });

  test('news that waits for the end of a silence does not keep a resolve back', async () => {
    const mutes = createMutes(scene.first().history.silences, { cacheMs: 0 });
    await notifier([service('ops')], { mutes });
    await apply(firing(row));
    await allDone();
    await scene.first().history.silences.create(silence('HighConnections'));
    const notifications = [message(row, 'ops', 'escalate-1')];
    await apply(change({ notifications }));
    await waitFor(async () => (await scene.told()).length === 2, { what: 'the escalation to be held' });
    await apply(ending(row));
    await waitFor(() => scene.catcher().requests.length === 2, { what: 'the resolve' });
    expect(steps()).toEqual(['fire', 'resolved']);
  });

  test('whoever was told is told of the end, silence or not', async () => {
    await notifier([service('ops')]);
    await apply(firing(row));
    await allDone();
    await scene.first().history.silences.create(silence('HighConnections'));
    await apply(ending(row));
    await waitFor(() => scene.catcher().requests.length === 2, { what: 'the resolve' });
    expect(steps()).toEqual(['fire', 'resolved']);
  });

  test('silences that cannot be read let the message out', async () => {
    await notifier([service('ops')], { mutes: { verdict: () => Promise.reject(new Error('unreadable')) } });
    await apply(firing(row));
    await allDone();
    expect(await scene.first().history.lists.notifications(row.fingerprint)).toMatchObject([
      { state: 'sent', detail: expect.stringContaining('maintenances could not be read: unreadable') },
    ]);
  });
});

describe('a receiver in trouble', () => {
  test('gets the message again until it takes it, with the same id', async () => {
    scene.catcher().answer({ status: 503 }, 'drop', { status: 429, headers: { 'retry-after': '0' } });
    await notifier([service('ops')]);
    await apply(firing(row));
    await allDone();
    expect(new Set(steps())).toEqual(new Set(['fire']));
    expect(scene.catcher().requests).toHaveLength(4);
    expect(new Set(scene.catcher().requests.map((request) => payload(request).message_id)).size).toBe(1);
    expect(await states()).toEqual(['fire sent']);
  });

  test('that refuses for good: dead, and listed', async () => {
    scene.catcher().answer({ status: 422, body: { error: 'no such team' } });
    const { events } = await notifier([service('ops')]);
    await apply(firing(row));
    await allDone();
    expect(await scene.first().history.lists.notifications(row.fingerprint)).toMatchObject([
      { state: 'dead', detail: expect.stringContaining('no such team') },
    ]);
    expect(events).toMatchObject([{ kind: 'dead', receiver: 'ops', step: 'fire' }]);
    expect(scene.catcher().requests).toHaveLength(1);
  });

  test('that hangs holds up nobody else', async () => {
    const hanging = await startHttpCatcher();
    hanging.answerAlways('hang');
    const receivers = [service('hangs', hanging.url, { timeoutMs: 60_000 }), service('ops')];
    const { notifier: made } = await notifier(receivers, { concurrency: 2, drainMs: 50 });
    const rows = Array.from({ length: 20 }, (_, n) => alertRow({}, { alertname: 'Hang', n: String(n) }));
    await scene.first().history.pages.apply(
      rows.map(({ fingerprint }) => fingerprint),
      () =>
        change({ rows, notifications: rows.flatMap((one) => [message(one, 'hangs'), message(one, 'ops')]) }),
    );
    await waitFor(() => scene.catcher().requests.length === 20, {
      what: 'all messages of the other receiver',
    });
    expect(hanging.requests.length).toBe(2);
    await made.stop();
    await hanging.close();
  });

  test('that is down: its circuit opens, mail takes over with the same id, and it is asked again when it is well', async () => {
    const smtp = await startSmtpCatcher();
    const mail = createEmailChannel({
      host: smtp.host,
      port: smtp.port,
      secure: false,
      user: null,
      password: null,
      from: 't@example.org',
      to: ['dba@example.org'],
    });
    scene.keep(mail);
    const receivers = [
      service('ops', scene.catcher().url, { fallback: 'mail' }),
      { ...service('mail'), channel: mail },
    ];
    scene.catcher().answerAlways({ status: 503 });
    const { events } = await notifier(receivers, {
      breaker: { failureThreshold: 3, resetMs: 600, successThreshold: 1 },
    });
    await apply(firing(row));
    await allDone();
    expect(scene.catcher().requests).toHaveLength(3);
    expect(
      smtp.mails.map(
        ({ mail: { headers } }) => headers.find(({ key }) => key === 'x-tocsin-message-id')?.value,
      ),
    ).toEqual([payload(scene.catcher().requests[0]).message_id]);
    expect(await scene.first().history.lists.notifications(row.fingerprint)).toMatchObject([
      { via: 'mail', detail: expect.stringContaining('instead of ops') },
    ]);
    expect(events).toContainEqual({ kind: 'circuit', destination: scene.catcher().url, state: 'open' });

    scene.catcher().answerAlways({ status: 200 });
    await waitFor(
      async () => {
        const next = alertRow({ episode: Date.now(), fireCount: 2 });
        await apply(firing(next));
        return scene.catcher().requests.length > 3;
      },
      { what: 'the service to be asked again', intervalMs: 200 },
    );
    await waitFor(() => events.some((event) => event.kind === 'circuit' && event.state === 'closed'), {
      what: 'the circuit to close',
    });
    await smtp.close();
  });

  test('that asks for a long rest: after fallback_after another is told instead, and it is not asked again', async () => {
    const other = await startHttpCatcher();
    scene.catcher().answerAlways({ status: 429, headers: { 'retry-after': '3600' } });
    await notifier([
      service('ops', scene.catcher().url, { fallback: 'backup', fallbackAfterMs: 1_000 }),
      service('backup', other.url),
    ]);
    await apply(firing(row, ['ops'], new Date()));
    await allDone();
    expect([scene.catcher().requests.length, other.requests.length]).toEqual([1, 1]);
    expect(payload(other.requests[0]).message_id).toBe(payload(scene.catcher().requests[0]).message_id);
    expect(await scene.first().history.lists.notifications(row.fingerprint)).toMatchObject([
      {
        state: 'sent',
        via: 'backup',
        detail: expect.stringMatching(/instead of ops, which could not .* HTTP 429/),
      },
    ]);
    await other.close();
  });

  test('that is down without a fallback: its messages wait untried, and all leave when it is well', async () => {
    scene.catcher().answerAlways({ status: 503 });
    const { events } = await notifier([service('ops')], {
      breaker: { failureThreshold: 2, resetMs: 500, successThreshold: 1 },
    });
    const rows = Array.from({ length: 10 }, (_, n) => alertRow({}, { alertname: 'Down', n: String(n) }));
    await scene.first().history.pages.apply(
      rows.map(({ fingerprint }) => fingerprint),
      () => change({ rows, notifications: rows.map((one) => message(one, 'ops')) }),
    );
    await waitFor(() => events.some((event) => event.kind === 'circuit' && event.state === 'half-open'), {
      what: 'a probe',
    });
    scene.catcher().answerAlways({ status: 200 });
    await waitFor(() => events.filter(({ kind }) => kind === 'sent').length === 10, { what: 'all ten' });
    expect(events.filter(({ kind }) => kind === 'dead')).toEqual([]);
  });
});

describe('trouble on our side', () => {
  test('a process killed while it sends: another sends the same message', async () => {
    scene.catcher().answer('hang');
    const victim = runScript(join(__dirname, 'notifier-process.ts'), [
      postgresUrl,
      scene.first().instance,
      scene.catcher().url,
    ]);
    await apply(firing(row));
    await waitFor(() => scene.catcher().requests.length === 1, {
      what: 'the first attempt',
      timeoutMs: 30_000,
    });
    victim.child.kill('SIGKILL');
    await victim.ended;
    const died = Date.now();
    await notifier([service('ops')]);
    await waitFor(() => scene.catcher().requests.length === 2, { what: 'the second attempt' });
    expect(scene.catcher().requests[1]!.at - died).toBeLessThan(5_000);
    expect(payload(scene.catcher().requests[1]).message_id).toBe(
      payload(scene.catcher().requests[0]).message_id,
    );
    await allDone();
    expect(await scene.first().history.lists.notifications(row.fingerprint)).toMatchObject([
      { state: 'sent', attempts: 2 },
    ]);
  });

  test('a long attempt keeps its lease: nobody else sends it', async () => {
    scene.catcher().answer({ status: 200, delayMs: 1_500 });
    await notifier([service('ops')], { leaseMs: 400 });
    await notifier([service('ops')], { leaseMs: 400 }, await scene.first().another());
    await apply(firing(row));
    await allDone();
    expect(scene.catcher().requests).toHaveLength(1);
  });

  test('Postgres goes away while a message is sent, and comes back: nothing is lost, nothing sent twice', async () => {
    const proxy = await proxyTo(postgresUrl);
    const behind = await openHistory({ url: proxy.url, instance: scene.first().instance });
    const { notifier: made } = await notifier([service('ops')], { leaseMs: 1_000 }, behind);
    scene.catcher().answer({ status: 200, delayMs: 300 });
    await apply(firing(row));
    await waitFor(() => scene.catcher().requests.length === 1, { what: 'the message to be on its way' });
    await proxy.cut();
    await apply(change({ notifications: [message(row, 'ops', 'escalate-1')] }));
    // The lease ends while nobody can read the queue.
    await waitFor(
      async () =>
        (
          await scene
            .first()
            .sql.query(`select 1 from ${scene.first().schema}.notifications where lease_until < now()`)
        ).rows.length > 0,
      { what: 'the lease to end' },
    );
    await proxy.mend();
    await allDone();
    expect(steps()).toEqual(['fire', 'escalate-1']);
    await made.stop();
    await behind.close();
    await proxy.cut();
  });

  test('stopping lets what is being sent end, and takes no more', async () => {
    scene.catcher().answer({ status: 200, delayMs: 400 });
    const { notifier: made } = await notifier([service('ops')]);
    await apply(firing(row));
    await waitFor(() => scene.catcher().requests.length === 1, { what: 'the message to be on its way' });
    await made.stop();
    expect(await states()).toEqual(['fire sent']);
    await apply(change({ notifications: [message(row, 'ops', 'escalate-1')] }));
    made.wake();
    expect(await states()).toEqual(['fire sent', 'escalate-1 pending']);
  });

  test('stopping aborts what does not end, and leaves it to others', async () => {
    scene.catcher().answer('hang');
    const { notifier: made } = await notifier([service('ops', scene.catcher().url, { timeoutMs: 60_000 })], {
      drainMs: 100,
    });
    await apply(firing(row));
    await waitFor(() => scene.catcher().requests.length === 1, { what: 'the message to be on its way' });
    const began = Date.now();
    await made.stop();
    expect(Date.now() - began).toBeLessThan(2_000);
    expect(await states()).toEqual(['fire pending']);
    await notifier([service('ops')], {}, await scene.first().another());
    await allDone();
    expect(await states()).toEqual(['fire sent']);
  });
});
