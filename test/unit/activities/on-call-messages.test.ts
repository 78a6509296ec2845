/** What becomes of a step that asks for people: messages, each with its person and its time, and a line in the timeline. */
import { createBookkeepingActivities } from '../../../activities/bookkeeping';
import { TocsinError } from '../../../src/domain/errors';
import type { AlertRow, LifeRecord, QueuedRecord } from '../../../src/history/port';
import type { OnCall, Resolved } from '../../../src/oncall/port';

const AT = '2026-01-05T12:00:00.000Z';
const asking: QueuedRecord = {
  ...{ fingerprint: 'f', episode: 7, seq: 4, escalationLevel: 1 },
  timeline: [{ key: 'escalated-1', at: AT, kind: 'escalated', actor: 'tocsin', text: 't', details: {} }],
  asks: {
    ...{ step: 'escalate-1', at: AT, labels: { severity: 'critical' }, receivers: ['room'], people: [] },
    ...{ schedules: ['dba'], otherwise: ['route'], urgency: null },
  },
};
const resolved: Resolved = {
  recipients: [
    { receiver: 'phone', afterMs: 0, person: 'ana' },
    { receiver: 'sms', afterMs: 300_000, person: 'ana' },
  ],
  people: ['ana'],
  notes: ['nobody is on call in night'],
};

interface Has {
  onCall?: OnCall;
  list?: () => Promise<AlertRow[]>;
  groupOf?: (fingerprint: string) => Promise<string | null>;
  waysOf?: (receiver: string) => readonly string[];
}

function writing(more: Has = {}) {
  const records: LifeRecord[] = [];
  let woken = 0;
  const activities = createBookkeepingActivities({
    lives: { record: async (record) => (records.push(record), { closed: false, previousEndedAt: null }) },
    silences: { create: async () => undefined, active: async () => [], end: async () => 0 },
    mutes: { verdict: async () => ({ muted: false }) },
    quickArtifacts: async () => [],
    wakeNotifier: () => (woken += 1),
    onCall: more.onCall,
    groupOf: more.groupOf,
    waysOf: more.waysOf,
    ...(more.list && { lists: { list: more.list } }),
  });
  return { activities, records, woken: () => woken };
}

it('tells each in his way at his time, with the name of whom it is for', async () => {
  const asked: unknown[] = [];
  const onCall: OnCall = { resolve: async (...args) => (asked.push(args), resolved) };
  const { activities, records, woken } = writing({ onCall });
  await activities.recordLife([asking]);
  expect(asked).toEqual([[asking.asks, new Date(AT)]]);
  const [record] = records;
  const message = { messageId: 'f:7:escalate-1', fingerprint: 'f', episode: 7, step: 'escalate-1' };
  expect(record!.notifications).toEqual([
    { ...message, receiver: 'phone', dueAt: new Date(AT), onCallPerson: 'ana', unlessAcknowledged: false },
    {
      ...{ ...message, receiver: 'sms', onCallPerson: 'ana', unlessAcknowledged: true },
      dueAt: new Date(Date.parse(AT) + 300_000),
    },
  ]);
  expect(record!.timeline.map(({ key, text }) => [key, text])).toEqual([
    ['escalated-1', 't'],
    ['on_call:escalate-1', 'escalate-1: ana is asked (dba); nobody is on call in night'],
  ]);
  expect(record).not.toHaveProperty('asks');
  expect(woken()).toBe(1);
});

it('without schedules of its own tells the receivers of the step, else those of every alert', async () => {
  const { activities, records } = writing();
  const bare = { ...asking, asks: { ...asking.asks!, receivers: [] } };
  await activities.recordLife([asking, bare]);
  expect(records.map(({ notifications }) => notifications!.map(({ receiver }) => receiver))).toEqual([
    ['room'],
    ['route'],
  ]);
});

it('writes nothing while nobody can say who is on call: it is asked again', async () => {
  const away = new TocsinError('TOC_DEPENDENCY_AWAY', 'postgres is away');
  const { activities, records } = writing({ onCall: { resolve: () => Promise.reject(away) } });
  await expect(activities.recordLife([asking])).rejects.toBe(away);
  expect(records).toEqual([]);
});

describe('counting open alerts', () => {
  const matchers = [{ name: 'alertname', op: '=' as const, value: 'A "b"' }];

  it('takes those that fire and those that are held', async () => {
    const filters: unknown[] = [];
    const list = async (filter?: unknown) => (filters.push(filter), [{}, {}] as AlertRow[]);
    expect(await writing({ list }).activities.countOpenAlerts(matchers)).toBe(4);
    const texts = ['alertname="A \\"b\\""'];
    expect(filters).toEqual([
      expect.objectContaining({ state: 'FIRING', matchers: texts }),
      expect.objectContaining({ state: 'ACKNOWLEDGED', matchers: texts }),
    ]);
  });

  it('holds up nobody when it cannot be done', async () => {
    const away = () => Promise.reject(new Error('away'));
    expect(await writing({ list: away }).activities.countOpenAlerts(matchers)).toBeNull();
    expect(await writing().activities.countOpenAlerts(matchers)).toBeNull();
  });
});

describe('where alerts are told in groups', () => {
  const told = (step: string) => ({
    ...{ messageId: `f:7:${step}`, receiver: 'ops', fingerprint: 'f', episode: 7, step, dueAt: AT },
  });
  const { asks: _, ...record } = asking;

  it('an escalation waits a moment for others of its group; what is no escalation does not', async () => {
    const { activities, records } = writing({ groupOf: async () => 'g1' });
    await activities.recordLife([{ ...record, notifications: [told('escalate-1'), told('remediated-1')] }]);
    expect(records[0]!.notifications).toMatchObject([
      { bundle: 'g1:escalate-1', dueAt: new Date(Date.parse(AT) + 2_000) },
      { dueAt: new Date(AT) },
    ]);
    expect(records[0]!.notifications![1]).not.toHaveProperty('bundle');
  });

  it('an alert of no group is told by itself, at once', async () => {
    const { activities, records } = writing({ groupOf: async () => null });
    await activities.recordLife([{ ...record, notifications: [told('escalate-1')] }]);
    expect(records[0]!.notifications).toEqual([{ ...told('escalate-1'), dueAt: new Date(AT) }]);
  });
});

it('a receiver of alertmanager.yml is told by each of its integrations, of each alert by itself', async () => {
  const waysOf = (name: string) =>
    name === 'alertmanager/pager' ? ['alertmanager/pager/webhook/0', 'alertmanager/pager/email/1'] : [name];
  const { activities, records } = writing({ waysOf, groupOf: async () => 'group' });
  const named = { ...asking, asks: { ...asking.asks!, receivers: ['room', 'alertmanager/pager'] } };
  await activities.recordLife([named]);
  expect(records[0]!.notifications!.map(({ receiver, bundle }) => [receiver, bundle])).toEqual([
    ['room', 'group:escalate-1'],
    ['alertmanager/pager/webhook/0', undefined],
    ['alertmanager/pager/email/1', undefined],
  ]);
});
