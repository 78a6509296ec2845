/** Alerts that incidents are made of, through the dispatcher's handler, and the messages that come of them. */
import { createPagesHandler, type BatchHandler } from '../../../src/dispatch/dispatcher';
import { createCorrelation } from '../../../src/dispatch/incidents';
import type { IncidentPolicy } from '../../../src/dispatch/port';
import type { History } from '../../../src/history/history';
import { transition, type TransitionSketch } from '../../builders/alerts';
import type { TestHistory } from './test-history';

const POLICY: IncidentPolicy = {
  name: 'orders',
  matchers: [],
  groupBy: ['service'],
  related: { service: [['orders', 'payments']] },
  windowMs: 300_000,
  minAlerts: 2,
  resolveAfterMs: 0,
  commander: { schedules: [], people: ['dora'] },
  receivers: ['slack', 'room'],
};

export function handlerOf(history: History, more: Partial<IncidentPolicy> = {}): BatchHandler {
  return createPagesHandler({
    store: history.pages,
    pageFor: () =>
      ['slack', 'log'].map((receiver) => ({ receiver, notifyAfter: 'fire' as const, deadlineMs: 0 })),
    resolveTo: ['slack', 'log', 'room', 'dora-phone'],
    incidents: {
      correlation: createCorrelation([{ ...POLICY, ...more }]),
      commandsOf: async () =>
        new Map([
          ['orders', { commander: 'dora', recipients: [{ receiver: 'dora-phone', afterMs: 0 }], notes: [] }],
        ]),
    },
    now: () => new Date(),
    wakeNotifier: () => undefined,
  });
}

export const batch = (...sketches: readonly TransitionSketch[]) =>
  sketches.map((sketch, offset) => ({
    transition: transition({ ...sketch, labels: { severity: 'warning', ...sketch.labels } }),
    ...{ topic: 'gds.alerts', partition: 0, offset: String(offset) },
  })) as unknown as Parameters<BatchHandler>[0];
export const fires = (service: string, at: number, severity = 'warning'): TransitionSketch => ({
  at,
  labels: { service, severity },
});
export const ends = (
  service: string,
  at: number,
  startsAt: number,
  severity = 'warning',
): TransitionSketch => ({
  ...{ kind: 'resolved', at, startsAt },
  labels: { service, severity },
});

/** `of receiver step state`, with services for alerts. */
export async function messagesOf({ sql, schema }: TestHistory): Promise<string[]> {
  const { rows } = await sql.query<{ text: string }>(
    `select coalesce(a.labels->>'service', n.fingerprint) || ' ' || n.receiver || ' ' || n.step || ' ' || n.state as text
     from ${schema}.notifications n left join ${schema}.alerts a using (fingerprint) order by n.id`,
  );
  return rows.map(({ text }) => text);
}
