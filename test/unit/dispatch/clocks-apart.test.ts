/** Two processes whose clocks are a minute apart take what one sender says in turns. */
import { createApiAlerts } from '../../../src/dispatch/api-alerts';
import { createUnderWay } from '../../../src/dispatch/under-way';
import type { Grouping } from '../../../src/dispatch/grouping';
import { planPages } from '../../../src/dispatch/pages';
import { expiryOf } from '../../../src/dispatch/posted';
import { fingerprint } from '../../../src/domain/labels';
import type { Transition } from '../../../src/domain/transition';
import type { PostedAlert } from '../../../src/api/port';
import type { AlertRow, KnownAlert } from '../../../src/history/port';

const T = Date.parse('2026-01-01T00:00:00Z');
const MINUTE = 60_000;
const iso = (ms: number): string => new Date(ms).toISOString();
const labels = { alertname: 'Down' };
const ID = fingerprint(labels);

function scene() {
  let rows = new Map<string, AlertRow>();
  let time = T;
  const audience = { pageFor: () => [], resolveTo: [] };
  const apply = (transitions: readonly Transition[]): void => {
    const change = planPages(rows, transitions, audience, new Date(time));
    rows = new Map([...rows, ...change.rows.map((row) => [row.fingerprint, row] as const)]);
  };
  const known = (row: AlertRow): KnownAlert => ({
    ...{ fingerprint: ID, labels, annotations: row.annotations, state: row.state, episode: row.episode },
    ...{ startsAt: Date.parse(row.startsAt), updatedAt: row.eventTime, changedAt: time, endsAt: null },
    ...{ expiresAt: null, overAt: null, generatorUrl: '', acknowledgement: null, downTarget: null },
  });
  const process = (aheadMs: number) => {
    const mirror = new Map<string, KnownAlert>();
    const refresh = async (): Promise<void> => rows.forEach((row, id) => void mirror.set(id, known(row)));
    const grouping = { known: { refresh, get: (id: string) => mirror.get(id) } } as unknown as Grouping;
    const now = (): number => time + aheadMs;
    const underWay = createUnderWay({ known: grouping.known, groupsOf: () => [], now });
    return createApiAlerts({
      ...{ grouping, mutes: {} as never, underWay, now, visibleMs: 0 },
      publish: async (transitions) => apply(transitions),
    });
  };
  const post = (to: ReturnType<typeof process>, isOver: boolean, startsAt = T): Promise<void> => {
    time += 1_000;
    const alert: PostedAlert = {
      ...{ labels, annotations: {}, generatorUrl: '', updatedAt: '', timedOut: false },
      ...{ startsAt: iso(startsAt), endsAt: iso(isOver ? startsAt + 1 : time + 5 * MINUTE) },
    };
    return to.post([alert]);
  };
  return { ahead: process(MINUTE), behind: process(0), post, apply, row: () => rows.get(ID)! };
}

test('an end that the slower one takes is an end', async () => {
  const { ahead, behind, post, row } = scene();
  await post(ahead, false);
  await post(behind, true);
  expect(row().state).toBe('RESOLVED');
});

test('a repeat that came before the end, and arrives again after it, brings nothing back; a new word does', async () => {
  const { ahead, behind, post, row, apply } = scene();
  await post(behind, false);
  await post(ahead, false);
  const { eventTime } = row();
  const repeat: Transition = {
    ...({ version: 1, transition_id: 'again', kind: 'firing', source: 'api', fingerprint: ID } as const),
    ...{ labels, annotations: {}, starts_at: iso(T), ends_at: null, event_time: iso(eventTime) },
    ...{
      value: null,
      threshold: null,
      rule: null,
      recent: [],
      correlation_id: 'c',
      expires_at: iso(T + MINUTE),
    },
  };
  await post(behind, true);
  apply([repeat]);
  expect(row().state).toBe('RESOLVED');
  await post(behind, false);
  expect(row()).toMatchObject({ state: 'FIRING', fireCount: 2 });
});

test('an end that nobody told is not older than what a clock that is ahead has noted', async () => {
  const { ahead, post, row, apply } = scene();
  await post(ahead, false);
  const { eventTime: updatedAt } = row();
  apply([expiryOf({ fingerprint: ID, labels, annotations: {}, startsAt: T, expiresAt: T + 500, updatedAt })]);
  // Its sender has promised more than that meanwhile.
  expect(row().state).toBe('FIRING');
  const expiresAt = Date.parse(row().expiresAt!);
  const late = { fingerprint: ID, labels, annotations: {}, startsAt: T, expiresAt, updatedAt: expiresAt + 1 };
  expect(Date.parse(expiryOf(late).event_time)).toBe(expiresAt + 1);
  apply([expiryOf(late)]);
  expect(row()).toMatchObject({ state: 'RESOLVED', endsAt: iso(expiresAt) });
});
