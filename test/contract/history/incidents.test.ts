/**
 * Incidents on real Postgres: the dispatcher's handler over rows that several processes write at once, batches that come
 * again, and what is told of an incident until it is over.
 */
import { randomUUID } from 'node:crypto';
import { testHistory, until, type TestHistory } from './test-history';
import { batch, ends, fires, handlerOf, messagesOf } from './test-incidents';

let test_: TestHistory;

beforeEach(async () => {
  test_ = await testHistory();
});
afterEach(() => test_.close());

const messages = (): Promise<string[]> => messagesOf(test_);
const ofIncidents = async (): Promise<string[]> =>
  (await messages()).filter((text) => text.startsWith('INC-'));

it('two related alerts make one incident, told once to those of it and to whoever commands; a third is not told to them', async () => {
  const handle = handlerOf(test_.history);
  await handle(batch(fires('orders', 0)));
  expect(await messages()).toEqual(['orders slack fire pending', 'orders log fire pending']);
  await handle(batch(fires('payments', 60_000)));
  await handle(batch(fires('orders', 120_000, 'info')));

  expect(await messages()).toEqual([
    'orders slack fire pending',
    'orders log fire pending',
    'INC-1 slack incident pending',
    'INC-1 room incident pending',
    'INC-1 dora-phone incident pending',
    'payments slack fire dropped',
    'payments log fire pending',
    'orders slack fire dropped',
    'orders log fire pending',
  ]);
  const { incidents, lists } = test_.history;
  expect(await incidents.list({ all: false, limit: 10 })).toMatchObject([
    {
      id: 1,
      policy: 'orders',
      commander: 'dora',
      severity: 'warning',
      alerts: 3,
      openAlerts: 3,
      state: 'open',
    },
  ]);
  const [payments] = await lists.list({ matchers: ['service="payments"'] });
  const story = await lists.timeline(payments!.fingerprint);
  expect(story.map(({ text }) => text)).toEqual(
    expect.arrayContaining([
      'belongs to incident INC-1 orders',
      'did not tell slack of fire: incident (it belongs to incident INC-1 orders, of which slack is told)',
    ]),
  );
});

it('a batch that comes again, whole or in part, changes nothing', async () => {
  const handle = handlerOf(test_.history);
  const both = batch(fires('orders', 0), fires('payments', 1_000), fires('orders', 2_000, 'critical'));
  await handle(both);
  const [told, listed] = [await messages(), await test_.history.incidents.list({ all: true, limit: 10 })];
  await handle(both);
  await handle(both.slice(1));
  await handlerOf(await test_.another())(both);
  expect(await messages()).toEqual(told);
  expect(await test_.history.incidents.list({ all: true, limit: 10 })).toEqual(listed);
});

it('two processes that see related alerts at once make one incident', async () => {
  const others = await Promise.all(Array.from({ length: 4 }, () => test_.another()));
  const handlers = others.map((history) => handlerOf(history));
  for (let round = 0; round < 10; round++) {
    const at = round * 1_000_000;
    await Promise.all(
      handlers.map((handle, index) =>
        handle(batch(fires(index % 2 === 0 ? 'orders' : 'payments', at + index, `s${round}-${index}`))),
      ),
    );
  }
  const listed = await test_.history.incidents.list({ all: true, limit: 100 });
  expect(listed.map(({ alerts }) => alerts)).toEqual(Array(10).fill(4));
  const opened = (await ofIncidents()).filter((text) => text.endsWith('slack incident pending'));
  expect(opened).toHaveLength(10);
});

it('what crashes before the commit leaves nothing, and what comes again then makes one incident', async () => {
  const handle = handlerOf(test_.history);
  await handle(batch(fires('orders', 0)));
  await test_.sql.query(
    `create function ${test_.schema}.crash() returns trigger language plpgsql as $$ begin raise 'crash'; end $$;
     create trigger crash before insert on ${test_.schema}.notifications for each row when (new.step = 'fire')
     execute function ${test_.schema}.crash()`,
  );
  await expect(handle(batch(fires('payments', 1_000)))).rejects.toThrow('crash');
  expect(await test_.history.incidents.list({ all: true, limit: 10 })).toEqual([]);
  expect(await ofIncidents()).toEqual([]);
  await test_.sql.query(`drop trigger crash on ${test_.schema}.notifications`);
  await handle(batch(fires('payments', 1_000)));
  expect(await test_.history.incidents.list({ all: true, limit: 10 })).toMatchObject([{ alerts: 2 }]);
});

it('an alert that is over makes no incident with others', async () => {
  const handle = handlerOf(test_.history);
  await handle(batch(fires('orders', 0), ends('orders', 1_000, 0)));
  await handle(batch(fires('payments', 2_000)));
  expect(await ofIncidents()).toEqual([]);
});

it('one who could not be told of the incident is told of each alert', async () => {
  const handle = handlerOf(test_.history);
  await handle(batch(fires('orders', 0), fires('payments', 1_000)));
  const taken = await test_.history.queue.take(10, 60_000, { only: ['slack'] });
  for (const { id } of taken)
    await test_.history.queue.finish(id, { kind: 'dead', error: 'channel_not_found' });
  await handle(batch(fires('orders', 2_000, 'info')));
  expect((await messages()).slice(-2)).toEqual(['orders slack fire pending', 'orders log fire pending']);
});

it('what is worse is told to those who have heard, once; where the first message still waits, it tells so', async () => {
  const handle = handlerOf(test_.history);
  const { queue } = test_.history;
  await handle(batch(fires('orders', 0), fires('payments', 1_000)));
  for (const one of await queue.take(10, 60_000, { only: ['slack'] }))
    await queue.finish(one.id, { kind: 'sent', via: 'slack', detail: 'ok' });
  await handle(batch(fires('orders', 2_000, 'critical'), fires('payments', 3_000, 'critical')));
  await handle(batch(fires('payments', 4_000, 'info')));
  expect((await ofIncidents()).slice(3)).toEqual(['INC-1 slack raised-1 pending']);
  expect((await messages()).filter((text) => / slack fire/.test(text))).toEqual(
    ['orders', 'payments', 'orders', 'payments', 'payments'].map(
      (service) => `${service} slack fire dropped`,
    ),
  );
  const facts = (await queue.facts('INC-1', Number((await opened()).episode)))!;
  expect(facts.alert).toMatchObject({
    state: 'FIRING',
    labels: { severity: 'critical', environment: 'production' },
  });
  expect(facts.incident).toMatchObject({ count: 5, openCount: 5, commander: 'dora' });
});

async function opened(): Promise<{ episode: string }> {
  const { rows } = await test_.sql.query<{ episode: string }>(
    `select episode from ${test_.schema}.incidents`,
  );
  return rows[0]!;
}

it('it is over when its alerts are, and those who heard are told', async () => {
  const handle = handlerOf(test_.history);
  const { incidents } = test_.history;
  await handle(batch(fires('orders', 0), fires('payments', 1_000)));
  expect(await incidents.resolveOver(['slack', 'room'])).toEqual({ resolved: 0, open: 1 });
  await handle(batch(ends('orders', 5_000, 0)));
  expect(await incidents.resolveOver(['slack', 'room'])).toEqual({ resolved: 0, open: 1 });
  await handle(batch(ends('payments', 6_000, 1_000)));
  const others = await Promise.all([test_.another(), test_.another()]);
  const all = await Promise.all(others.map((one) => one.incidents.resolveOver(['slack', 'room'])));
  expect(all.map(({ resolved }) => resolved).sort()).toEqual([0, 1]);
  expect((await ofIncidents()).slice(3)).toEqual([
    'INC-1 room resolved pending',
    'INC-1 slack resolved pending',
  ]);
  expect(await incidents.find(1)).toMatchObject({ state: 'resolved', resolvedBy: 'tocsin', openAlerts: 0 });
  await handle(batch(fires('orders', 10_000)));
  expect(await incidents.list({ all: true, limit: 10 })).toHaveLength(1);
});

it('that people have taken all that is open of it is told once, and so is that it asks for somebody again', async () => {
  const handle = handlerOf(test_.history);
  const { incidents, queue } = test_.history;
  await handle(batch(fires('orders', 0), fires('payments', 1_000)));
  for (const one of await queue.take(10, 60_000))
    await queue.finish(one.id, { kind: 'sent', via: one.receiver, detail: '' });
  const take = (service: string, owner: string | null) =>
    test_.sql.query(
      `update ${test_.schema}.alerts set state = $2, acknowledgement = $3 where labels->>'service' = $1`,
      [
        service,
        owner === null ? 'FIRING' : 'ACKNOWLEDGED',
        owner && JSON.stringify({ owner, comment: '', at: new Date().toISOString(), until: null }),
      ],
    );
  await take('orders', 'ana');
  expect(await incidents.tellTaken(['slack'])).toBe(0);
  await take('payments', 'ben');
  const others = await Promise.all([test_.another(), test_.another()]);
  const told = await Promise.all(others.map((one) => one.incidents.tellTaken(['slack'])));
  expect(told.sort()).toEqual([0, 1]);
  expect(await incidents.alerts(1, 10)).toMatchObject([{ takenBy: 'ana' }, { takenBy: 'ben' }]);
  expect((await ofIncidents()).slice(3)).toEqual(['INC-1 slack acknowledged-1 pending']);
  expect((await incidents.timeline(1)).map(({ text }) => text)).toContain(
    'all open alerts are taken: ana, ben',
  );

  await take('orders', null);
  expect(await incidents.tellTaken(['slack'])).toBe(1);
  expect(await incidents.tellTaken(['slack'])).toBe(0);
  await take('orders', 'ana');
  expect(await incidents.tellTaken(['slack'])).toBe(1);
  // The end of its last open alert is no news of who held it.
  await handle(batch(ends('orders', 5_000, 0), ends('payments', 6_000, 1_000)));
  expect(await incidents.tellTaken(['slack'])).toBe(0);
  expect((await ofIncidents()).slice(3).filter((text) => !text.includes('resolved'))).toEqual([
    'INC-1 slack acknowledged-1 pending',
    'INC-1 slack unacknowledged-2 pending',
    'INC-1 slack acknowledged-3 pending',
  ]);
});

it('an alert of it that fires anew is not told by itself while it is open', async () => {
  const handle = handlerOf(test_.history);
  const hour = 3_600_000;
  await handle(batch(fires('orders', 0), fires('payments', 1_000)));
  await handle(batch(ends('payments', 2_000, 1_000)));
  await handle(batch(fires('payments', hour), fires('orders', hour, 'info')));
  expect(await test_.history.incidents.find(1)).toMatchObject({ alerts: 4, openAlerts: 3 });
  expect(await test_.history.incidents.list({ all: true, limit: 10 })).toHaveLength(1);
});

it('its alerts have to be over for a time', async () => {
  const handle = handlerOf(test_.history, { resolveAfterMs: 3_600_000 });
  const now = Date.now() - Date.parse('2026-01-01T00:00:00.000Z');
  await handle(batch(fires('orders', now - 2_000), fires('payments', now - 1_000)));
  await handle(batch(ends('orders', now, now - 2_000), ends('payments', now, now - 1_000)));
  expect(await test_.history.incidents.resolveOver([])).toEqual({ resolved: 0, open: 1 });
  await test_.sql.query(`update ${test_.schema}.episodes set ended_at = now() - interval '2 hours'`);
  expect(await test_.history.incidents.resolveOver([])).toEqual({ resolved: 1, open: 0 });
});

it('somebody hands it over, and ends it; both once', async () => {
  const handle = handlerOf(test_.history);
  const { incidents, queue } = test_.history;
  await handle(batch(fires('orders', 0), fires('payments', 1_000)));
  for (const one of await queue.take(10, 60_000))
    await queue.finish(one.id, { kind: 'sent', via: one.receiver, detail: '' });
  const ben = { person: 'ben', ways: [{ receiver: 'ben-phone', afterMs: 0 }] };
  expect(await incidents.handOver(1, ben, { by: 'eve', comment: 'shift ends' })).toMatchObject({
    commander: 'ben',
  });
  expect(await incidents.handOver(1, ben, { by: 'eve', comment: '' })).toMatchObject({ commander: 'ben' });
  expect((await ofIncidents()).slice(3)).toEqual([
    'INC-1 room commander-1 pending',
    'INC-1 slack commander-1 pending',
    'INC-1 ben-phone commander-1 pending',
  ]);
  expect(await incidents.resolve(1, { by: 'eve', comment: 'done' }, ['slack'])).toMatchObject({
    resolvedBy: 'eve',
  });
  expect(await incidents.resolve(1, { by: 'eve', comment: 'done' }, ['slack'])).toBeNull();
  expect(await incidents.handOver(1, ben, { by: 'eve', comment: '' })).toBeNull();
  expect((await ofIncidents()).slice(6)).toEqual(['INC-1 slack resolved pending']);
  expect((await incidents.timeline(1)).map(({ text }) => text)).toEqual(
    expect.arrayContaining(['ben commands after dora: shift ends', 'resolved: done']),
  );
});

it('an alert that joins has what is held back looked at again', async () => {
  const handle = handlerOf(test_.history);
  const { queue } = test_.history;
  await handle(batch(fires('orders', 0), fires('payments', 1_000)));
  for (const one of await queue.take(10, 60_000, { only: ['slack'] }))
    await queue.finish(one.id, { kind: 'held', forMs: 3_600_000, reason: 'silenced', detail: 'a silence' });
  expect(await queue.take(10, 60_000, { only: ['slack'] })).toEqual([]);
  await handle(batch(fires('orders', 2_000, 'info')));
  const taken = await until(async () => {
    const found = await queue.take(10, 60_000, { only: ['slack'] });
    return found.length > 0 && found;
  });
  expect(taken).toMatchObject([{ fingerprint: 'INC-1', step: 'incident' }]);
});

it('what is old is forgotten with all that belongs to it', async () => {
  const handle = handlerOf(test_.history);
  await handle(batch(fires('orders', 0), fires('payments', 1_000)));
  await handle(batch(ends('orders', 5_000, 0), ends('payments', 6_000, 1_000)));
  await test_.history.incidents.resolveOver([]);
  await test_.sql.query(`update ${test_.schema}.notifications set state = 'sent'`);
  const later = new Date(Date.now() + 60_000);
  while ((await test_.history.forgetBefore(later)) > 0);
  for (const table of ['incidents', 'incident_alerts', 'notifications', 'timeline'])
    expect((await test_.sql.query(`select 1 from ${test_.schema}.${table}`)).rowCount).toBe(0);
});

it('where it cannot be decided whether alerts belong together, each is told', async () => {
  const handle = handlerOf(test_.history);
  await test_.sql.query(`alter table ${test_.schema}.incidents rename to hidden`);
  await handle(batch(fires('orders', 0), fires('payments', 1_000)));
  expect(await messages()).toEqual(
    ['orders', 'payments'].flatMap((of) => [`${of} slack fire pending`, `${of} log fire pending`]),
  );
  const [row] = await test_.history.lists.list({});
  const story = await test_.history.lists.timeline(row!.fingerprint);
  expect(story.map(({ text }) => text).join()).toMatch(/is told by itself: .* does not exist/);
});

it('labels of any length relate alerts', async () => {
  const handle = handlerOf(test_.history);
  // Beyond what an index takes, also where Postgres compresses it.
  const long = Array.from({ length: 500 }, () => randomUUID()).join('');
  await handle(batch(fires(long, 0), fires(long, 1_000, 'info')));
  expect(await test_.history.incidents.list({ all: true, limit: 10 })).toMatchObject([{ alerts: 2 }]);
});

it('where no policy takes an alert, nothing is asked of incidents', async () => {
  const handle = handlerOf(test_.history, { matchers: [{ name: 'team', op: '=', value: 'shop' }] });
  await test_.sql.query(`drop table ${test_.schema}.incident_alerts; drop table ${test_.schema}.incidents`);
  await handle(batch(fires('orders', 0), fires('payments', 1_000)));
  expect(await messages()).toHaveLength(4);
});
