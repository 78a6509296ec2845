import { createHearing, heardOf, overAt, shownEnd, UNHEARD } from '../../../src/dispatch/hearing';
import { createKnownAlerts, isOver, type KnownAlerts } from '../../../src/dispatch/known-alerts';
import { createExpiry } from '../../../src/dispatch/expiry';
import { TocsinError } from '../../../src/domain/errors';
import type { Transition } from '../../../src/domain/transition';
import type { ChangedAlert, Hearing, ReadAlerts } from '../../../src/history/port';
import { silentLogger } from '../../../src/observe/observe';
import { waitFor } from '../../harness/wait-for';

const MINUTE = 60_000;
const T = Date.parse('2026-01-01T00:00:00Z');
/** Told at T, to be told again within four minutes, as Prometheus has it. */
const alert = (more: Partial<ChangedAlert> = {}): ChangedAlert => ({
  ...{ fingerprint: 'a', labels: { alertname: 'Down' }, annotations: {}, state: 'FIRING', episode: T },
  ...{ startsAt: T, endsAt: null, expiresAt: T + 4 * MINUTE, updatedAt: T, changedAt: T },
  ...{ generatorUrl: '', acknowledgement: null, downTarget: null, ...more },
});
const heard = (more: Partial<Hearing> & { now: number }): Hearing => ({
  ...{ since: T - 60 * MINUTE, before: 0, heardUntil: more.now },
  ...more,
});
const endOf = (hearing: Hearing, of = alert()): number | null => overAt(of, heardOf(hearing, hearing.now));

describe('when an alert is over of which nobody says anything more', () => {
  test('all is well: at its end', () => {
    expect(endOf(heard({ now: T + 5 * MINUTE }))).toBe(T + 4 * MINUTE);
    expect(endOf(heard({ now: T }), alert({ expiresAt: null }))).toBeNull();
  });

  test('nobody can be heard now: not yet, unless it ended before', () => {
    const now = T + 5 * MINUTE;
    expect(endOf(heard({ now, heardUntil: T + MINUTE }))).toBe(Infinity);
    expect(endOf(heard({ now, heardUntil: T + 4 * MINUTE }))).toBe(T + 4 * MINUTE);
  });

  test('a break is over: it has as long again as its sender had promised', () => {
    const since = T + 30 * MINUTE;
    const after = heard({ now: since + MINUTE, since, before: T + MINUTE });
    expect(endOf(after)).toBe(since + 4 * MINUTE);
    expect(endOf(after, alert({ expiresAt: T + 60 * MINUTE }))).toBe(T + 60 * MINUTE);
    // Whoever says an end that is far away is not waited for as long.
    expect(endOf(after, alert({ expiresAt: T + 29 * MINUTE }))).toBe(since + 5 * MINUTE);
    // It had ended before the break, or was told after it.
    expect(endOf(after, alert({ expiresAt: T + MINUTE }))).toBe(T + MINUTE);
    expect(endOf(after, alert({ updatedAt: since, expiresAt: since + 2_000 }))).toBe(since + 2_000);
  });

  test('before anybody has served, nothing can be said', () => {
    expect(overAt(alert(), UNHEARD)).toBe(Infinity);
  });

  test("the server's clock is not ours", () => {
    const hearing = heard({ now: T + 31 * MINUTE, since: T + 30 * MINUTE, before: T + MINUTE });
    expect(overAt(alert(), heardOf(hearing, hearing.now + MINUTE))).toBe(T + 35 * MINUTE);
  });
});

test('readers are shown the end that counts, and none that has passed of an alert that is open', () => {
  const shown = (end: number | null, at: number, of = alert()) => shownEnd({ ...of, overAt: end }, at);
  expect(shown(T + 4 * MINUTE, T)).toBe(T + 4 * MINUTE);
  expect(shown(T + 34 * MINUTE, T + 31 * MINUTE)).toBe(T + 34 * MINUTE);
  expect(shown(Infinity, T + MINUTE)).toBe(T + 4 * MINUTE);
  expect(shown(Infinity, T + 10 * MINUTE)).toBe(T + 14 * MINUTE);
  expect(shown(null, T, alert({ expiresAt: null }))).toBeNull();
});

test('what is known is judged anew when it shows that nobody could be heard, and all else stays as it is', async () => {
  const reads: ReadAlerts[] = [];
  const changed: string[] = [];
  const known = createKnownAlerts({
    changes: { next: async () => reads.shift()! },
    wanted: async () => [],
    now: () => T + 4 * MINUTE,
    onChange: ({ fingerprint }) => changed.push(fingerprint),
  });
  const rule = alert({ fingerprint: 'rule', expiresAt: null });
  const good = heard({ now: T + 4 * MINUTE });
  reads.push({ isWhole: true, alerts: [alert(), rule], hearing: good });
  await known.refresh();
  expect(isOver(known.get('a')!, T + 4 * MINUTE)).toBe(true);
  changed.length = 0;
  reads.push({ isWhole: false, alerts: [], hearing: { ...good, now: good.now + 7, heardUntil: good.now } });
  await known.refresh();
  expect(changed).toEqual([]);
  reads.push({ isWhole: false, alerts: [], hearing: { ...good, heardUntil: T + MINUTE } });
  await known.refresh();
  expect(isOver(known.get('a')!, T + 4 * MINUTE)).toBe(false);
  expect(changed).toEqual(['a']);
});

test('what a server that is read anew does not know is forgotten', async () => {
  const reads: ReadAlerts[] = [
    { isWhole: true, alerts: [alert(), alert({ fingerprint: 'b' })], hearing: null },
    { isWhole: true, alerts: [alert({ fingerprint: 'b' })], hearing: null },
  ];
  const forgotten: string[] = [];
  const asked: (readonly string[])[] = [];
  const known = createKnownAlerts({
    changes: {
      async next(wanted) {
        asked.push(await wanted());
        return reads.shift()!;
      },
    },
    ...{ wanted: async () => ['w'], now: () => T, onForgotten: (one) => forgotten.push(one.fingerprint) },
  });
  await known.refresh();
  await known.refresh();
  expect(asked).toEqual([['w'], ['a', 'b', 'w']]);
  expect(forgotten).toEqual(['a']);
  expect([...known.all()].map(({ fingerprint }) => fingerprint)).toEqual(['b']);
});

test('an alert is told to be over when it is, with the end that it had, and not as long as its sender is not heard', async () => {
  const told: Transition[] = [];
  let now = T + 5 * MINUTE;
  const judged = { ...alert(), overAt: Infinity };
  const known = { refresh: async () => undefined, all: () => [judged] } as unknown as KnownAlerts;
  const expiry = createExpiry({
    ...{ known, now: () => now, log: silentLogger() },
    publish: async (some) => void told.push(...some),
  });
  expiry.start();
  await new Promise(setImmediate);
  expect(told).toEqual([]);
  judged.overAt = T + 8 * MINUTE;
  now = T + 9 * MINUTE;
  expiry.wake();
  await waitFor(() => told.length === 1, { what: 'the end' });
  await expiry.stop();
  expect(told[0]).toMatchObject({ kind: 'resolved', ends_at: new Date(T + 4 * MINUTE).toISOString() });
});

describe('who watches', () => {
  function scene() {
    const noted: [string, ...number[]][] = [];
    const state = { now: T, end: 5n, committed: 5n };
    let asked = 0;
    const watch = createHearing({
      store: {
        heard: async (since, until) => void noted.push(['heard', since, until]),
        missed: async (ms) => void noted.push(['missed', ms]),
      },
      progress: {
        async end() {
          asked += 1;
          return new Map([[0, state.end]]);
        },
        reached: async (ends) => ends.get(0)! <= state.committed,
      },
      ...{ now: () => state.now, log: silentLogger() },
    });
    /** Until it has looked at these at least once from beginning to end. */
    const looked = async (more: Partial<typeof state>): Promise<void> => {
      Object.assign(state, more);
      const until = asked + 2;
      watch.wake();
      await waitFor(() => asked >= until, { what: 'two looks', intervalMs: 1 });
    };
    return { watch, noted, state, looked };
  }

  test('says since when it takes posts, and until when they are in the rows', async () => {
    const { watch, noted, looked } = scene();
    watch.start();
    await looked({});
    expect(noted).toContainEqual(['heard', 0, 0]);
    noted.length = 0;
    await looked({ now: T + 1_000, end: 9n });
    expect(noted).toEqual([]);
    // The rows come later; what was posted after the question is not said to be there.
    await looked({ now: T + 4_000, end: 12n, committed: 9n });
    expect(noted).toEqual([['heard', 4_000, 3_000]]);
    // An answer after a pause begins a new stretch.
    await looked({ now: T + 60_000, committed: 12n });
    await watch.stop();
    expect(noted[1]).toEqual(['heard', 0, 56_000]);
  });

  test('nothing is said of the future when the clock is set back: what was asked before is asked anew', async () => {
    const { watch, noted, looked } = scene();
    watch.start();
    await looked({ now: T + 60_000 });
    await looked({ now: T + 61_000, end: 12n });
    noted.length = 0;
    await looked({ now: T - 3_600_000 });
    await looked({ now: T - 3_598_000, committed: 12n });
    await watch.stop();
    expect(noted[0]).toEqual(['heard', 2_000, 2_000]);
  });

  test('a post that Kafka has not taken was not heard; one that is refused for good was', async () => {
    const { watch, noted, state } = scene();
    const fail = (error: Error) => watch.noting(() => Promise.reject(error)).catch(() => undefined);
    await fail(new TocsinError('TOC_MESSAGE_INVALID', 'too large'));
    expect(noted).toEqual([]);
    const late = watch.noting(async () => {
      state.now += 5_000;
      throw new TocsinError('TOC_DEPENDENCY_AWAY', 'away');
    });
    await expect(late).rejects.toThrow('away');
    expect(noted).toEqual([['missed', 5_000]]);
    expect(await watch.noting(async () => 7)).toBe(7);
  });
});
