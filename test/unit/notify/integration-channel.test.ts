/** Integrations of alertmanager.yml that are told of one alert, and a notifier whose integrations change while it runs. */
import type { NotificationOutcome, QueuedNotification } from '../../../src/history/port';
import { integrationChannel } from '../../../src/notify/integration-channel';
import { createNotifier } from '../../../src/notify/notify';
import type { GroupMessage, Integration, Receiver } from '../../../src/notify/port';
import { silentLogger } from '../../../src/observe/observe';
import { waitFor } from '../../harness/wait-for';
import {
  alert,
  delivered,
  facts,
  fakeChannel,
  FIRED,
  incidentFacts,
  NOW,
  outgoing,
  queued,
  receiver,
} from './test-notification';

const NAME = 'alertmanager/pager/webhook/0';

function integration() {
  const told: GroupMessage[] = [];
  const one: Integration = {
    ...{ receiver: 'pager', kind: 'webhook', index: 0, sendResolved: true, destination: 'http://pager' },
    notify: async (message) => {
      told.push(message);
      return delivered;
    },
    close: async () => undefined,
  };
  const channel = integrationChannel(one, () => NOW.getTime());
  return { told, tell: (message: ReturnType<typeof outgoing>) => channel.send(message, AbortSignal.any([])) };
}

it('is told of a group of the alert alone, which its end closes', async () => {
  const { told, tell } = integration();
  const over = alert({ state: 'RESOLVED', endsAt: NOW.toISOString() });
  await tell(outgoing('escalate-1'));
  await tell(outgoing('escalate-2', {}, { memory: { id: '7' } }));
  await tell(outgoing('resolved', { alert: over }, { memory: { id: '7' } }));
  expect(told.map(({ reason, alerts }) => [reason, alerts.map(({ status }) => status)])).toEqual([
    ['first notification', ['firing']],
    ['repeat interval elapsed', ['firing']],
    ['all alerts resolved', ['resolved']],
  ]);
  expect(new Set(told.map(({ groupKey }) => groupKey)).size).toBe(1);
  expect(new Set(told.map(({ key }) => key)).size).toBe(3);
  const { labels, annotations } = alert();
  expect(told[0]).toMatchObject({
    ...{ receiver: 'pager', groupLabels: labels, routeLabels: {}, at: NOW.getTime(), memory: {} },
    groupKey: `{}/{episode="0123456789abcdef:${FIRED}"}:{alertname="HighConnections"}`,
    alerts: [{ labels, annotations, startsAt: new Date(FIRED).toISOString(), endsAt: null }],
  });
  expect(told[1]!.memory).toEqual({ id: '7' });
  expect(told[2]!.alerts[0]!.endsAt).toBe(NOW.toISOString());
});

it('an incident has its name and its words', async () => {
  const { told, tell } = integration();
  await tell(outgoing('incident', incidentFacts()));
  const [{ labels, annotations }] = told[0]!.alerts as [GroupMessage['alerts'][number]];
  expect(labels).toMatchObject({ alertname: 'INC-7 shop', severity: 'critical' });
  expect(annotations['summary']).toContain('Incident INC-7 shop: 2 alerts');
  expect(annotations['description']).toContain('Commander: dora');
});

/** Rows of a queue, of which each is taken by whoever wants its receiver. */
function notifying(rows: QueuedNotification[], changing: () => readonly Receiver[]) {
  const outcomes: NotificationOutcome[] = [];
  const notifier = createNotifier({
    queue: {
      take: async (limit, _, filter = { except: [] }) => {
        const wants = ({ receiver: name }: QueuedNotification): boolean =>
          'only' in filter ? filter.only.includes(name) : !filter.except.includes(name);
        return rows
          .splice(0, rows.length, ...rows.filter((row) => !wants(row)))
          .filter(wants)
          .slice(0, limit);
      },
      renew: async () => undefined,
      finish: async (_, outcome) => void outcomes.push(outcome),
      nextDueInMs: async () => null,
      listen: async () => async () => undefined,
      facts: async () => facts(),
      admit: async () => null,
      digestEnd: async () => ({ kind: 'leaves' }) as never,
    },
    mutes: { verdict: async () => ({ muted: false }) },
    receivers: [],
    changing,
    now: () => NOW,
    log: silentLogger(),
    maxSleepMs: 20,
  });
  return { notifier, outcomes };
}

it('an integration that a reload brings is told, and one that is gone is given up soon', async () => {
  const pager = fakeChannel('http://pager', () => delivered);
  let there: readonly Receiver[] = [];
  const rows = [queued({ receiver: NAME, step: 'escalate-1' })];
  const { notifier, outcomes } = notifying(rows, () => there);
  await notifier.start();
  await waitFor(() => outcomes.length === 1, { what: 'what nobody knows' });
  expect(outcomes[0]).toMatchObject({ kind: 'retry', afterMs: 10_000 });

  there = [receiver(NAME, pager.channel)];
  rows.push(queued({ id: '2', receiver: NAME, step: 'escalate-1' }));
  notifier.wake();
  await waitFor(() => outcomes.length === 2, { what: 'what is told' });
  expect(outcomes[1]).toMatchObject({ kind: 'sent', via: NAME });

  there = [];
  rows.push(queued({ id: '3', receiver: NAME, step: 'escalate-1', attempts: 5 }));
  notifier.wake();
  await waitFor(() => outcomes.length === 3, { what: 'what is given up' });
  await notifier.stop();
  expect(outcomes[2]).toEqual({
    kind: 'dead',
    error: 'given up after 6 attempts: alertmanager.yml has no integration pager/webhook/0 (any more)',
  });
  expect(pager.sent).toHaveLength(1);
});

it('one that does not want ends is not told of them', async () => {
  const pager = fakeChannel('http://pager', () => delivered);
  const there = [receiver(NAME, pager.channel, { sendResolved: false })];
  const rows = [queued({ receiver: NAME, step: 'resolved', told: true })];
  const { notifier, outcomes } = notifying(rows, () => there);
  await notifier.start();
  await waitFor(() => outcomes.length === 1, { what: 'the end' });
  await notifier.stop();
  expect(outcomes[0]).toMatchObject({ kind: 'dropped', reason: 'not_wanted' });
  expect(pager.sent).toEqual([]);
});
