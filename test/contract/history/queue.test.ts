/** The queue of messages: who is told when, in which order, and what happens when a sender dies. */
import type { QueuedNotification } from '../../../src/history/port';
import {
  alertRow,
  change,
  ending,
  event,
  firing,
  lifeRecord,
  message,
  remediation,
  STARTED,
} from './test-alerts';
import { testHistory, until, type TestHistory } from './test-history';

let test_: TestHistory;
beforeEach(async () => (test_ = await testHistory()));
afterEach(() => test_.close());

const row = alertRow();
const inAnHour = () => new Date(Date.now() + 3_600_000);
const apply = (what: ReturnType<typeof change>) => test_.history.pages.apply([row.fingerprint], () => what);
const take = (limit = 10, leaseMs = 60_000) => test_.history.queue.take(limit, leaseMs);
const steps = (taken: readonly QueuedNotification[]) =>
  taken.map(({ receiver, step }) => `${receiver}:${step}`);
const sent = (id: string) => test_.history.queue.finish(id, { kind: 'sent', via: 'ops', detail: 'HTTP 200' });

async function sendAll(): Promise<string[]> {
  const all: string[] = [];
  for (let taken = await take(); taken.length > 0; taken = await take()) {
    all.push(...steps(taken));
    for (const { id } of taken) await sent(id);
  }
  return all;
}

describe('taking', () => {
  test('only what is due, oldest first, each by one taker', async () => {
    await apply(
      change({
        rows: [row],
        notifications: [
          message(row, 'later', 'fire', inAnHour()),
          message(row, 'second', 'fire', new Date(2_000)),
          message(row, 'first', 'fire', new Date(1_000)),
        ],
      }),
    );
    const other = await test_.another();
    const [mine, theirs] = [await take(1), await other.queue.take(10, 60_000)];
    expect([steps(mine), steps(theirs)]).toEqual([['first:fire'], ['second:fire']]);
    expect(await take()).toEqual([]);
    expect(mine[0]).toMatchObject({
      messageId: `${row.fingerprint}:${STARTED}:fire`,
      attempts: 0,
      told: false,
      dueAt: new Date(1_000),
    });
  });

  test('one at a time to a receiver of an alert, in order', async () => {
    await apply(
      change({
        rows: [row],
        notifications: [message(row, 'ops'), message(row, 'ops', 'escalate-1', new Date(1))],
      }),
    );
    const [fire, ...none] = await take();
    expect(fire?.step).toBe('fire');
    expect(none).toEqual([]);
    await sent(fire!.id);
    expect((await take()).map(({ step, told }) => [step, told])).toEqual([['escalate-1', true]]);
  });

  test('a lane takes its receivers only', async () => {
    await apply(
      change({ rows: [row], notifications: [message(row, 'a'), message(row, 'b'), message(row, 'c')] }),
    );
    expect(steps(await test_.history.queue.take(9, 60_000, { only: ['b'] }))).toEqual(['b:fire']);
    expect(steps(await test_.history.queue.take(9, 60_000, { except: ['a', 'b'] }))).toEqual(['c:fire']);
  });

  test('a message that still waits leaves with the escalation that follows it', async () => {
    await apply(firing(row, ['ops', 'other'], inAnHour()));
    await test_.history.lives.record(
      lifeRecord(row, 1, { notifications: [message(row, 'ops', 'escalate-1', new Date())] }),
    );
    expect(await sendAll()).toEqual(['ops:fire', 'ops:escalate-1']);
  });
});

describe('leases', () => {
  test('a row whose holder died is taken again, with its message id and its try counted', async () => {
    await apply(firing(row));
    const [first] = await take(1, 300);
    const other = await test_.another();
    expect(await other.queue.take(1, 60_000)).toEqual([]);
    const again = await until(async () => (await other.queue.take(1, 60_000))[0]);
    expect(again).toMatchObject({ id: first!.id, messageId: first!.messageId, attempts: 1 });
  });

  test('a renewed lease holds', async () => {
    await apply(firing(row));
    const [first] = await take(1, 200);
    await test_.history.queue.renew([first!.id], 60_000);
    expect(await test_.history.queue.nextDueInMs()).toBeGreaterThan(50_000);
    expect(await (await test_.another()).queue.take(1, 60_000)).toEqual([]);
  });

  test('a holder that lost its lease cannot postpone the row under the new one', async () => {
    await apply(firing(row));
    const [first] = await take(1, 1);
    const other = await test_.another();
    await until(async () => (await other.queue.take(1, 60_000))[0]);
    await test_.history.queue.finish(first!.id, { kind: 'retry', afterMs: 0, error: 'slow' });
    expect(await take()).toEqual([]);
  });
});

describe('outcomes', () => {
  test('sent, dropped and dead are kept with their reason, and told in the timeline once', async () => {
    await apply(
      change({ rows: [row], notifications: [message(row, 'a'), message(row, 'b'), message(row, 'c')] }),
    );
    const [a, b, c] = await take();
    const { queue, lists } = test_.history;
    await queue.finish(a!.id, { kind: 'sent', via: 'mail', detail: 'HTTP 200' });
    await queue.finish(a!.id, { kind: 'dead', error: 'late word' });
    await queue.finish(b!.id, { kind: 'dropped', reason: 'silenced', detail: 'by ann' });
    await queue.finish(c!.id, { kind: 'dead', error: 'HTTP 400' });
    const kept = (await lists.notifications(row.fingerprint)).map(({ state, via, detail, attempts }) => [
      state,
      via,
      detail,
      attempts,
    ]);
    expect(kept).toEqual([
      ['sent', 'mail', 'HTTP 200', 1],
      ['dropped', null, 'silenced: by ann', 1],
      ['dead', null, 'HTTP 400', 1],
    ]);
    expect((await lists.timeline(row.fingerprint)).map(({ kind, text }) => `${kind} ${text}`)).toEqual([
      'notified told a of fire via mail',
      'not_notified did not tell b of fire: silenced (by ann)',
      'not_notified did not tell c of fire: HTTP 400',
    ]);
  });

  test('a retry waits until its time; nextDueInMs says how long', async () => {
    await apply(firing(row));
    expect(await test_.history.queue.nextDueInMs()).toBeLessThan(0);
    const [taken] = await take();
    await test_.history.queue.finish(taken!.id, { kind: 'retry', afterMs: 3_600_000, error: 'HTTP 503' });
    const inMs = await test_.history.queue.nextDueInMs();
    expect([inMs! > 3_590_000, inMs! <= 3_600_000]).toEqual([true, true]);
    expect(await take()).toEqual([]);
    expect(await test_.history.lists.notifications(row.fingerprint)).toMatchObject([
      { state: 'pending', attempts: 1, detail: 'HTTP 503' },
    ]);
  });

  test('nothing waits: no next time', async () => {
    expect(await test_.history.queue.nextDueInMs()).toBeNull();
  });
});

describe('resolves', () => {
  test('go to those who have heard of the episode and want them, after what they have heard', async () => {
    await apply(firing(row, ['ops', 'unwanted']));
    await apply(ending(row, ['ops', 'stranger']));
    await apply(ending(row, ['ops', 'stranger']));
    expect((await sendAll()).sort()).toEqual(['ops:fire', 'ops:resolved', 'unwanted:fire']);
  });

  test('a receiver whose first message is written after the end hears both', async () => {
    await test_.history.lives.record(
      lifeRecord(row, 1, { state: 'RESOLVED', resolvedBy: 'ann', resolves: { receivers: ['ops'] } }),
    );
    expect(await sendAll()).toEqual([]);
    await apply(firing(row));
    expect(await sendAll()).toEqual(['ops:fire', 'ops:resolved']);
  });

  test('do not end the wait of the fire before them: both leave when the life has something to tell', async () => {
    await apply(firing(row, ['ops'], inAnHour()));
    await test_.history.lives.record(lifeRecord(row, 1, { state: 'FIRING' }));
    await apply(ending(row));
    expect(await sendAll()).toEqual([]);
    await test_.history.lives.record(
      lifeRecord(row, 2, { remediation, updates: { step: 'remediated-1', receivers: ['ops'] } }),
    );
    expect(await sendAll()).toEqual(['ops:fire', 'ops:resolved']);
  });

  test('nor when the fire leaves at its deadline', async () => {
    const deadline = new Date(Date.now() + 400);
    await apply(firing(row, ['ops'], deadline));
    await apply(ending(row));
    expect(await test_.history.queue.nextDueInMs()).toBeLessThanOrEqual(400);
    const [fire] = await until(async () => {
      const taken = await take();
      return taken.length > 0 && taken;
    });
    expect([fire!.step, Date.now() >= deadline.getTime()]).toEqual(['fire', true]);
    await sent(fire!.id);
    expect(await sendAll()).toEqual(['ops:resolved']);
  });

  test('a life that comes too late to do anything ends the wait', async () => {
    await apply(firing(row, ['ops'], inAnHour()));
    await apply(ending(row));
    expect(await test_.history.lives.record(lifeRecord(row, 1, { state: 'FIRING' }))).toMatchObject({
      closed: true,
    });
    expect(await sendAll()).toEqual(['ops:fire', 'ops:resolved']);
  });

  test('by hand go to those who have heard or will, also when the condition ends as well', async () => {
    await apply(firing(row, ['ops', 'dba']));
    const byHand = lifeRecord(row, 1, {
      state: 'RESOLVED',
      resolvedBy: 'ann',
      resolves: { receivers: ['ops', 'stranger'] },
    });
    await test_.history.lives.record(byHand);
    await test_.history.lives.record(byHand);
    await apply(ending(row));
    expect((await sendAll()).sort()).toEqual(['dba:fire', 'ops:fire', 'ops:resolved']);
  });
});

describe('release and updates', () => {
  test('a life releases the waiting fire of the receivers that it names', async () => {
    await apply(firing(row, ['ops', 'patient'], inAnHour()));
    await test_.history.lives.record(lifeRecord(row, 1, { release: ['ops'] }));
    expect(await sendAll()).toEqual(['ops:fire']);
  });

  test('also when the fire is written after the release', async () => {
    await test_.history.lives.record(lifeRecord(row, 1, { release: ['ops'] }));
    await apply(firing(row, ['ops', 'patient'], inAnHour()));
    expect(await sendAll()).toEqual(['ops:fire']);
  });

  test('news goes to those whose fire has left or is leaving; the others hear it with their fire', async () => {
    await apply(firing(row, ['told', 'leaving']));
    for (const { id, receiver } of await take()) if (receiver === 'told') await sent(id);
    await apply(change({ notifications: [message(row, 'waiting', 'fire', inAnHour())] }));
    const news = lifeRecord(row, 2, {
      remediation,
      updates: { step: 'remediated-1', receivers: ['told', 'leaving', 'waiting', 'stranger'] },
    });
    await test_.history.lives.record(news);
    expect(
      (await test_.history.lists.notifications(row.fingerprint))
        .map(({ receiver, step }) => `${receiver}:${step}`)
        .sort(),
    ).toEqual(['leaving:fire', 'leaving:remediated-1', 'told:fire', 'told:remediated-1', 'waiting:fire']);
    expect((await sendAll()).sort()).toEqual(['told:remediated-1', 'waiting:fire']);
    await test_.history.lives.record(news);
    expect(await sendAll()).toEqual([]);
  });

  test('news goes to nobody whose fire was silenced or could not be sent', async () => {
    await apply(firing(row, ['silenced', 'dead']));
    const { queue, lives } = test_.history;
    for (const { id, receiver } of await take()) {
      await queue.finish(
        id,
        receiver === 'dead'
          ? { kind: 'dead', error: 'HTTP 400' }
          : { kind: 'dropped', reason: 'silenced', detail: '' },
      );
    }
    await lives.record(
      lifeRecord(row, 1, {
        remediation,
        updates: { step: 'remediated-1', receivers: ['silenced', 'dead'] },
      }),
    );
    expect(await sendAll()).toEqual([]);
  });

  test('news goes to those whose sender has outlasted its lease: its message may be without it', async () => {
    await apply(firing(row));
    const [slow] = await take(1, 1);
    await test_.history.lives.record(
      lifeRecord(row, 1, { remediation, updates: { step: 'remediated-1', receivers: ['ops'] } }),
    );
    await sent(slow!.id);
    expect(await sendAll()).toEqual(['ops:remediated-1']);
  });

  test('a release leaves alone what is tried again later', async () => {
    await apply(firing(row));
    const [tried] = await take();
    await test_.history.queue.finish(tried!.id, { kind: 'retry', afterMs: 3_600_000, error: 'HTTP 503' });
    await test_.history.lives.record(lifeRecord(row, 1, { release: ['ops'] }));
    expect(await test_.history.queue.nextDueInMs()).toBeGreaterThan(3_500_000);
  });
});

describe('wake-up', () => {
  test('another process is woken when a message becomes due, also after its connection was lost', async () => {
    const other = await test_.another();
    let woken = 0;
    const stop = await other.queue.listen(() => void woken++);
    expect(woken).toBe(1);
    await apply(firing(row));
    await until(() => woken === 2);

    await test_.sql.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'tocsin-listen' and query = 'listen ${test_.schema}'`,
    );
    await until(() => woken === 3);
    await apply(change({ notifications: [message(row, 'more')] }));
    await until(() => woken === 4);
    await stop();
  });
});

describe('facts', () => {
  test('are the alert in that episode with what was found and done', async () => {
    const artifact = {
      provider: 'p',
      type: 'logs',
      status: 'ok' as const,
      title: 't',
      data: { a: 1 },
      url: null,
      error: null,
      collected_at: 'x',
      duration_ms: 1,
    };
    const neighbour = alertRow({}, { alertname: 'Slow', instance_id: 'pg-main', severity: 'warning' });
    await apply(firing(row));
    await test_.history.pages.apply([neighbour.fingerprint], () => firing(neighbour));
    await test_.history.lives.record(
      lifeRecord(row, 1, { state: 'FIRING', artifacts: [{ ...artifact, status: 'late', data: null }] }),
    );
    const remediated = lifeRecord(row, 3, {
      artifacts: [artifact],
      remediation,
      timeline: [event('remediated')],
    });
    const details = { runbook: 'r', target: 'pg-main' };
    const started = { timeline: [{ ...event('remediation_started'), details }] };
    await test_.history.lives.record(lifeRecord(row, 2, started));
    expect(await test_.history.queue.facts(row.fingerprint, row.episode)).toMatchObject({
      remediation: null,
      underWay: details,
    });
    // The record comes again when its answer was lost: what counts remediations has to know.
    expect(await test_.history.lives.record(remediated)).toMatchObject({ remediated: true });
    expect(await test_.history.lives.record(remediated)).not.toHaveProperty('remediated');
    expect(await test_.history.queue.facts(row.fingerprint, row.episode)).toEqual({
      alert: row,
      artifacts: [artifact],
      remediation,
      underWay: null,
      related: [
        {
          fingerprint: neighbour.fingerprint,
          alert_name: 'Slow',
          severity: 'warning',
          resource: 'pg-main',
          state: 'FIRING',
          starts_at: row.startsAt,
        },
      ],
    });
    expect(await test_.history.lists.artifacts(row.fingerprint, row.episode)).toEqual([artifact]);
    expect(await test_.history.lists.remediations(row.fingerprint)).toEqual([remediation]);
  });

  test('of an earlier episode are those of its end; of an unknown one there are none', async () => {
    await apply(firing(row));
    await apply(ending(row));
    const second = alertRow({ episode: STARTED + 600_000, fireCount: 2, value: 93 });
    await apply(firing(second));
    const facts = await test_.history.queue.facts(row.fingerprint, row.episode);
    expect(facts?.alert).toMatchObject({
      state: 'RESOLVED',
      fireCount: 1,
      value: 97,
      endsAt: new Date(STARTED + 60_000).toISOString(),
      startsAt: row.startsAt,
    });
    expect(await test_.history.queue.facts(row.fingerprint, 5)).toBeNull();
    expect(await test_.history.queue.facts('ffffffffffffffff', 5)).toBeNull();
  });

  test('are there also while a silence cannot be understood', async () => {
    await apply(firing(row));
    await test_.history.silences.create({
      id: 's1',
      matchers: [{ name: 'alertname', op: '=~', value: '(?=High).*' }],
      startsAt: new Date(0).toISOString(),
      endsAt: inAnHour().toISOString(),
      createdBy: 'ann',
      comment: '',
    });
    expect((await test_.history.queue.facts(row.fingerprint, row.episode))?.alert).toEqual(row);
  });
});

test('what is held is looked at again within a minute, and told of with the longest comment', async () => {
  const comment = Array.from({ length: 1_000 }, (_, i) =>
    String.fromCodePoint(0x4e00 + ((i * 7_919) % 20_000)),
  );
  const row = alertRow({}, { alertname: 'Held' });
  await test_.history.pages.apply([row.fingerprint], () => firing(row));
  const outcome = { kind: 'held', forMs: 3_600_000, reason: 'silenced', detail: comment.join('') } as const;
  const hold = async (): Promise<void> => {
    const [taken] = await take();
    await test_.history.queue.finish(taken!.id, outcome);
  };
  await hold();
  expect(await test_.history.queue.nextDueInMs()).toBeLessThanOrEqual(60_000);
  await test_.sql.query(`update ${test_.schema}.notifications set due_at = now()`);
  await hold();
  const told = (await test_.history.lists.timeline(row.fingerprint)).filter(
    ({ kind }) => kind === 'not_notified',
  );
  expect(told).toHaveLength(1);
});
