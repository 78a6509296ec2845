/** Overrides as rows, and whom a message is for, from the record of a life to the notifier that takes it. */
import { createBookkeepingActivities } from '../../../activities/bookkeeping';
import { createOnCall } from '../../../src/oncall/on-call';
import type { StoredOverride } from '../../../src/oncall/port';
import { alertRow, ending, firing, lifeRecord, message, STARTED } from './test-alerts';
import { testHistory, type TestHistory } from './test-history';

let test_: TestHistory;
beforeEach(async () => (test_ = await testHistory()));
afterEach(() => test_.close());

const HOUR = 3_600_000;
const LONG = 100_000 * HOUR;
const override = (
  id: string,
  from: number,
  to: number,
  more: Partial<StoredOverride> = {},
): StoredOverride => ({
  ...{ id, schedule: 'dba', person: 'cem', createdBy: 'eve', comment: "it's \u00fcrgent" },
  ...{ from: STARTED + from * HOUR, to: STARTED + to * HOUR, ...more },
});

describe('overrides', () => {
  test('that touch a time are found, the oldest first, and come back as they were', async () => {
    const { overrides } = test_.history;
    const all = [override('b', 0, 2), override('a', 1, 3), override('c', 5, 6)];
    for (const one of all) await overrides.create(one);
    await overrides.create(override('d', 0, 9, { schedule: 'other' }));
    expect(await overrides.between('dba', STARTED + HOUR, STARTED + 2 * HOUR)).toEqual(all.slice(0, 2));
    const idsAt = async (hour: number): Promise<string[]> =>
      (await overrides.between('dba', STARTED + hour * HOUR, STARTED + hour * HOUR + 1)).map(({ id }) => id);
    expect([await idsAt(0), await idsAt(2), await idsAt(3), await idsAt(5)]).toEqual([
      ['b'],
      ['a'],
      [],
      ['c'],
    ]);
  });

  test('are written once, however often they are', async () => {
    const { overrides } = test_.history;
    await overrides.create(override('a', 0, 1));
    await overrides.create(override('a', 0, 1, { person: 'ana' }));
    expect(await overrides.between('dba', 0, STARTED * 2)).toEqual([override('a', 0, 1)]);
  });

  test('that have no time are refused', async () => {
    await expect(test_.history.overrides.create(override('a', 1, 1))).rejects.toMatchObject({
      code: 'TOC_VALUE_REFUSED',
    });
  });

  test('that are long over are forgotten', async () => {
    const { overrides, forgetBefore } = test_.history;
    await overrides.create(override('a', 0, 1));
    await overrides.create(override('b', 0, 2));
    expect(await forgetBefore(new Date(STARTED + 1.5 * HOUR))).toBe(1);
    expect(await overrides.between('dba', 0, STARTED * 2)).toEqual([override('b', 0, 2)]);
  });
});

const row = alertRow();
const TURN = {
  name: 'l',
  people: ['ana', 'ben'],
  start: '2026-05-04T03:00',
  end: null,
  everyMinutes: 60,
  only: null,
};
const SCHEDULE = { name: 'dba', timeZone: 'UTC', layers: [TURN], overrides: [] };
const waysOf = (name: string) => [
  { receiver: `${name}-phone`, afterMs: 0 },
  { receiver: `${name}-sms`, afterMs: LONG },
];
const PEOPLE = ['ana', 'ben', 'cem'].map((name) => ({ name, notify: { high: waysOf(name), low: [] } }));

/** A step that is due `hours` after the alert began. */
async function escalate(number: number, hours: number): Promise<void> {
  const { lives, silences, overrides, lists } = test_.history;
  const activities = createBookkeepingActivities({
    ...{ lives, silences, lists },
    mutes: { verdict: async () => ({ muted: false }) },
    quickArtifacts: async () => [],
    wakeNotifier: () => undefined,
    onCall: createOnCall({ people: PEOPLE, schedules: [SCHEDULE], overrides }),
  });
  const { notifications: _, ...record } = lifeRecord(row, number);
  const asks = {
    ...{ step: `escalate-${number}`, at: new Date(STARTED + hours * HOUR).toISOString(), labels: row.labels },
    ...{ receivers: ['room'], people: [], schedules: ['dba'], otherwise: ['ops'], urgency: null },
  };
  // Twice, as an activity whose answer was lost.
  await activities.recordLife([{ ...record, asks }]);
  await activities.recordLife([{ ...record, asks }]);
}
const taken = async () =>
  (await test_.history.queue.take(10, 60_000)).map(
    ({ receiver, step, onCallPerson, unlessAcknowledged }) =>
      `${step}>${receiver} for ${onCallPerson}${unlessAcknowledged ? ' unless taken' : ''}`,
  );

describe('an escalation to a schedule', () => {
  test('tells whoever is on call when the step is due, not when the alert began', async () => {
    await test_.history.pages.apply([row.fingerprint], () => firing(row, []));
    await escalate(1, 1);
    expect((await taken()).sort()).toEqual(['escalate-1>ben-phone for ben', 'escalate-1>room for ben']);
    await escalate(2, 2);
    expect(await taken()).toEqual(['escalate-2>ana-phone for ana']);
    const story = await test_.history.lists.timeline(row.fingerprint);
    expect(story.filter(({ kind }) => kind === 'on_call').map(({ text }) => text)).toEqual([
      'escalate-1: ben is asked (dba)',
      'escalate-2: ana is asked (dba)',
    ]);
  });

  test('heeds an override that was made meanwhile', async () => {
    await test_.history.pages.apply([row.fingerprint], () => firing(row, []));
    await test_.history.overrides.create(override('a', 0, 2));
    await escalate(1, 1);
    expect((await taken()).sort()).toEqual(['escalate-1>cem-phone for cem', 'escalate-1>room for cem']);
  });

  test('another way to a person waits for its time, and says that it is one', async () => {
    await test_.history.pages.apply([row.fingerprint], () => firing(row, []));
    await escalate(1, 2);
    await taken();
    const { rows } = await test_.sql.query(
      `select due_at, on_call_person, unless_acknowledged from ${test_.schema}.notifications where receiver = 'ana-sms'`,
    );
    const dueAt = new Date(STARTED + 2 * HOUR + LONG);
    expect(rows).toEqual([{ due_at: dueAt, on_call_person: 'ana', unless_acknowledged: true }]);
  });

  test('another way to a person comes marked as one', async () => {
    const late = message(row, 'sms', 'escalate-1', new Date(STARTED));
    const marked = { ...late, onCallPerson: 'ana', unlessAcknowledged: true };
    await test_.history.pages.apply([row.fingerprint], () => firing(row, []));
    await test_.history.lives.record(lifeRecord(row, 1, { notifications: [marked] }));
    expect(await taken()).toEqual(['escalate-1>sms for ana unless taken']);
  });
});

test('a way that was for later does not hold up the resolve', async () => {
  const inAnHour = new Date(Date.now() + HOUR);
  const { pages, lives, queue } = test_.history;
  await pages.apply([row.fingerprint], () => firing(row, ['slack']));
  const [fire] = await queue.take(10, 60_000);
  await queue.finish(fire!.id, { kind: 'sent', via: 'slack', detail: '' });
  const later = { ...message(row, 'slack', 'escalate-1', inAnHour), unlessAcknowledged: true };
  await lives.record(lifeRecord(row, 1, { notifications: [later] }));
  expect(await queue.take(10, 60_000)).toEqual([]);
  await pages.apply([row.fingerprint], () => ending(row, ['slack']));
  const [way] = await queue.take(10, 60_000);
  expect([way!.step, way!.unlessAcknowledged]).toEqual(['escalate-1', true]);
  expect((await queue.facts(row.fingerprint, row.episode))!.alert.state).toBe('RESOLVED');
  await queue.finish(way!.id, { kind: 'dropped', reason: 'ended', detail: '' });
  expect((await queue.take(10, 60_000)).map(({ step }) => step)).toEqual(['resolved']);
});

test('a message that asked for nobody says so', async () => {
  await test_.history.pages.apply([row.fingerprint], () => firing(row, []));
  await test_.history.lives.record(
    lifeRecord(row, 1, { notifications: [message(row, 'ops', 'escalate-1')] }),
  );
  const [one] = await test_.history.queue.take(10, 60_000);
  expect(one).toMatchObject({ onCallPerson: null, unlessAcknowledged: false });
});

test('open alerts are counted by labels, held ones too', async () => {
  const others = [1, 2, 3].map((n) => alertRow({}, { alertname: 'HighConnections', instance_id: `pg-${n}` }));
  for (const one of [row, ...others])
    await test_.history.pages.apply([one.fingerprint], () => firing(one, []));
  await test_.history.lives.record(lifeRecord(others[0]!, 1, { state: 'ACKNOWLEDGED' }));
  await test_.history.lives.record(lifeRecord(others[1]!, 1, { state: 'RESOLVED', resolvedBy: 'eve' }));
  const { lives, silences, lists } = test_.history;
  const { countOpenAlerts } = createBookkeepingActivities({
    ...{ lives, silences, lists },
    mutes: { verdict: async () => ({ muted: false }) },
    quickArtifacts: async () => [],
    wakeNotifier: () => undefined,
  });
  const matcher = (name: string, value: string) => ({ name, op: '=' as const, value });
  expect(await countOpenAlerts([matcher('alertname', 'HighConnections')])).toBe(3);
  expect(await countOpenAlerts([matcher('alertname', 'HighConnections'), matcher('severity', '')])).toBe(2);
});
