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

function writing(more: { onCall?: OnCall; list?: () => Promise<AlertRow[]> } = {}) {
  const records: LifeRecord[] = [];
  let woken = 0;
  const activities = createBookkeepingActivities({
    lives: { record: async (record) => (records.push(record), { closed: false, previousEndedAt: null }) },
    silences: { create: async () => undefined, active: async () => [], end: async () => 0 },
    mutes: { verdict: async () => ({ muted: false }) },
    quickArtifacts: async () => [],
    wakeNotifier: () => (woken += 1),
    onCall: more.onCall,
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
