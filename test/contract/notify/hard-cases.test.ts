/** Trouble at the worst moment, with real processes, a real queue and real receivers: told at least once, recorded once. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNotificationService } from '../../../src/dev/notification-service/service';
import { runScript, type Script } from '../../harness/script';
import { startSmtpCatcher } from '../../harness/smtp-catcher';
import { waitFor } from '../../harness/wait-for';
import { alertRow, change, firing, message } from '../history/test-alerts';
import { postgresUrl } from '../history/test-history';
import { payload, row, useScene } from './scene';

const scene = useScene();
const { service, notifier, apply, states, allDone, told } = scene;

const processes: Script[] = [];
afterEach(async () => {
  for (const { child } of processes) child.kill('SIGKILL');
  await Promise.all(processes.splice(0).map(({ ended }) => ended));
});

function notifierProcess(url: string, record: 'records' | 'never' = 'records'): Script {
  const script = runScript(join(__dirname, 'notifier-process.ts'), [
    postgresUrl,
    scene.first().instance,
    url,
    record,
  ]);
  processes.push(script);
  return script;
}

const printed = (script: Script, word: string, count = 1) =>
  waitFor(() => script.output().split(`${word}\n`).length > count, {
    what: `${word}, having printed: ${script.output()}`,
    timeoutMs: 30_000,
  });
const keysSent = () => scene.catcher().requests.map(({ headers }) => headers['idempotency-key']);

describe('a process that dies', () => {
  test('between the answer and the record: the same id and key again, one mail, one record', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'notifier-'));
    const smtp = await startSmtpCatcher();
    const receiver = await startNotificationService({
      port: 0,
      recipients: { kind: 'map', map: { default: ['oncall@example.com'] } },
      smtp: { host: smtp.host, port: smtp.port },
      from: 'tocsin@example.com',
      deliveriesFile: join(folder, 'deliveries.jsonl'),
    });
    const victim = notifierProcess(receiver.url, 'never');
    await apply(firing(row));
    await printed(victim, 'SENT');
    victim.child.kill('SIGKILL');
    await victim.ended;
    expect(smtp.mails).toHaveLength(1);
    expect(await states()).toEqual(['fire pending']);

    const { events } = await notifier([service('ops', receiver.url)]);
    await allDone();
    expect(smtp.mails).toHaveLength(1);
    expect(events).toMatchObject([{ kind: 'sent', messageId: `${row.fingerprint}:${row.episode}:fire` }]);
    expect(await scene.first().history.lists.notifications(row.fingerprint)).toMatchObject([
      { state: 'sent', attempts: 2 },
    ]);
    expect(await told()).toEqual(['told ops of fire via ops']);
    await receiver.close();
    await smtp.close();
    await rm(folder, { recursive: true });
  });

  test('in the middle of a storm: all are told, and what came twice came with the same key', async () => {
    const rows = Array.from({ length: 150 }, (_, n) => alertRow({}, { alertname: 'Storm', n: String(n) }));
    scene.catcher().answerAlways({ status: 200, delayMs: 20 });
    const both = [notifierProcess(scene.catcher().url), notifierProcess(scene.catcher().url)];
    await scene.first().history.pages.apply(
      rows.map(({ fingerprint }) => fingerprint),
      () => change({ rows, notifications: rows.map((one) => message(one, 'ops')) }),
    );
    // Whichever is in the middle of it first.
    const victim = await Promise.any(both.map((one) => printed(one, 'RECORDED', 10).then(() => one)));
    const survivor = both.find((one) => one !== victim)!;
    victim.child.kill('SIGKILL');
    await waitFor(async () => (await scene.first().history.queue.nextDueInMs()) === null, {
      what: 'the queue to be empty',
      timeoutMs: 30_000,
    });
    const { rows: kept } = await scene
      .first()
      .sql.query<{ state: string; count: string }>(
        `select state, count(*) from ${scene.first().schema}.notifications group by state`,
      );
    expect(kept).toEqual([{ state: 'sent', count: '150' }]);
    expect(new Set(keysSent()).size).toBe(150);
    // No more than were on their way in the process that died.
    expect(keysSent().length).toBeLessThanOrEqual(150 + 16);
    expect(survivor.output()).toContain('RECORDED');
  });

  test('or only sleeps too long: another sends it, and the late word changes nothing', async () => {
    scene.catcher().answer({ status: 200, delayMs: 300 });
    const frozen = notifierProcess(scene.catcher().url);
    await apply(firing(row));
    await waitFor(() => scene.catcher().requests.length === 1, { what: 'the attempt', timeoutMs: 30_000 });
    frozen.child.kill('SIGSTOP');
    await notifier([service('ops')]);
    await allDone();
    expect(keysSent()).toEqual(Array(2).fill(`${row.fingerprint}:${row.episode}:fire`));
    const [before] = await scene.first().history.lists.notifications(row.fingerprint);
    frozen.child.kill('SIGCONT');
    await printed(frozen, 'RECORDED');
    expect(await scene.first().history.lists.notifications(row.fingerprint)).toEqual([before]);
    expect(await told()).toEqual(['told ops of fire via ops']);
  });
});

describe('a receiver', () => {
  test('that hangs is given up in time, and gets the same message again', async () => {
    scene.catcher().answer('hang');
    await notifier([service('ops', scene.catcher().url, { timeoutMs: 200 })]);
    await apply(firing(row));
    await allDone();
    const [first, second] = scene.catcher().requests;
    expect(second!.at - first!.at).toBeGreaterThanOrEqual(190);
    expect(second!.at - first!.at).toBeLessThan(3_000);
    expect(second!.body).toBe(first!.body);
    expect(keysSent()[1]).toBe(keysSent()[0]);
    expect(await states()).toEqual(['fire sent']);
  });

  test.each([429, 503])('that asks for a pause with %i gets one', async (status) => {
    scene.catcher().answer({ status, headers: { 'retry-after': '1' } });
    await notifier([service('ops')]);
    await apply(firing(row));
    await allDone();
    const [first, second, ...more] = scene.catcher().requests;
    expect(second!.at - first!.at).toBeGreaterThanOrEqual(990);
    expect(more).toEqual([]);
  });

  test('whose answer is a megabyte of anything does no harm', async () => {
    scene.catcher().answer({ status: 500, body: 'x'.repeat(1_000_000) });
    await notifier([service('ops')]);
    await apply(firing(row));
    await allDone();
    expect(await states()).toEqual(['fire sent']);
  });
});

describe('a clock that is set', () => {
  const HOUR = 3_600_000;
  /** All but the date goes on as it is. */
  const TIMERS = [
    ...(['hrtime', 'nextTick', 'performance', 'queueMicrotask', 'setImmediate', 'clearImmediate'] as const),
    ...(['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout'] as const),
  ];

  test.each([
    ['back', -HOUR],
    ['forward', 30 * HOUR],
  ])('%s: retries keep their pace, the circuit closes, nothing is given up', async (_, jump) => {
    let skew = 0;
    scene.catcher().answerAlways({ status: 503 });
    const { events } = await notifier([service('ops')], {
      now: () => new Date(Date.now() + skew),
      retry: { baseMs: 100 },
      breaker: { failureThreshold: 2, resetMs: 400, successThreshold: 1 },
    });
    await apply(firing(row));
    await waitFor(() => events.some((event) => event.kind === 'circuit' && event.state === 'open'), {
      what: 'the circuit to open',
    });
    skew = jump;
    scene.catcher().answerAlways({ status: 200 });
    await allDone();
    expect(await scene.first().history.lists.notifications(row.fingerprint)).toMatchObject([
      { state: 'sent', attempts: 3 },
    ]);
    expect(scene.catcher().requests).toHaveLength(3);
    await waitFor(() => events.some((event) => event.kind === 'circuit' && event.state === 'closed'), {
      what: 'the circuit to close',
    });
  });

  test('ahead of the server, in the process that writes: the page leaves at once', async () => {
    await notifier([service('ops')]);
    jest.useFakeTimers({ now: Date.now() + HOUR, doNotFake: [...TIMERS] });
    try {
      await apply(firing(row, ['ops'], new Date()));
    } finally {
      jest.useRealTimers();
    }
    await waitFor(() => scene.catcher().requests.length === 1, { what: 'the page' });
    expect(payload(scene.catcher().requests[0]).alert_name).toBe('HighConnections');
  });
});
