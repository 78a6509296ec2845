/** What a process knows of alerts: brought up to date in time, shared, and forgotten where nobody wants it. */
import fc from 'fast-check';
import { createKnownAlerts, isOver, overSince } from '../../../src/dispatch/known-alerts';
import type { KnownAlert, ReadAlerts } from '../../../src/history/port';

const AT = Date.parse('2026-03-01T12:00:00Z');
const alert = (fingerprint: string, more: Partial<KnownAlert> = {}): KnownAlert => ({
  ...{ fingerprint, labels: { host: fingerprint }, annotations: {}, state: 'FIRING', episode: AT },
  ...{ startsAt: AT, endsAt: null, expiresAt: null, updatedAt: AT, changedAt: AT, generatorUrl: '' },
  downTarget: null,
  acknowledgement: null,
  ...more,
  overAt: more.expiresAt ?? null,
});
const heard = { now: AT, since: 0, heardUntil: AT, before: 0 };
const now = (): number => AT;

/** Answers when the test says so. */
function slowChanges() {
  let isWhole = true;
  const asked: { wanted: readonly string[]; answer(...alerts: KnownAlert[]): void; fail(): void }[] = [];
  return {
    asked,
    changes: {
      async next(wantedOf: () => Promise<readonly string[]>) {
        const wanted = isWhole ? await wantedOf() : [];
        return new Promise<ReadAlerts>((resolve, reject) =>
          asked.push({
            wanted,
            answer(...alerts) {
              resolve({ alerts, isWhole, hearing: heard });
              isWhole = false;
            },
            fail: () => reject(new Error('away')),
          }),
        );
      },
    },
  };
}
const settled = (): Promise<void> => new Promise(setImmediate);

describe('is it over?', () => {
  it.each<[string, Partial<KnownAlert>, boolean]>([
    ['fires', {}, false],
    ['acknowledged', { state: 'ACKNOWLEDGED' }, false],
    ['resolved', { state: 'RESOLVED' }, true],
    ['to be told again by now', { expiresAt: AT }, true],
    ['to be told again a moment later', { expiresAt: AT + 1 }, false],
    ['resolved, and to be told again later', { state: 'RESOLVED', expiresAt: AT + 1 }, true],
  ])('%s', (_, more, over) => {
    expect(isOver(alert('a', more), AT)).toBe(over);
  });

  it('is seen as over from when its row says so, or from when it was not told again', () => {
    expect(overSince(alert('a', { state: 'RESOLVED', changedAt: AT + 5, expiresAt: AT }))).toBe(AT + 5);
    expect(overSince(alert('a', { changedAt: AT + 5, expiresAt: AT + 9 }))).toBe(AT + 9);
  });
});

describe('a refresh', () => {
  it('that comes while one is under way reads anew after it, and shares that with all who come meanwhile', async () => {
    const { asked, changes } = slowChanges();
    const known = createKnownAlerts({ changes, now, wanted: async () => [] });
    const first = known.refresh();
    await settled();
    const later = [known.refresh(), known.refresh()];
    await settled();
    expect(asked).toHaveLength(1);
    asked[0]!.answer(alert('a'));
    await first;
    await settled();
    expect(asked).toHaveLength(2);
    asked[1]!.answer(alert('b'));
    await Promise.all(later);
    expect([...known.all()].map(({ fingerprint }) => fingerprint)).toEqual(['a', 'b']);
    expect(asked).toHaveLength(2);
  });

  it('asks once for what is wanted though it is over, and again where that failed', async () => {
    const { asked, changes } = slowChanges();
    const wanted = jest.fn(async () => ['over']);
    const known = createKnownAlerts({ changes, now, wanted });
    const failing = known.refresh();
    await settled();
    asked[0]!.fail();
    await expect(failing).rejects.toThrow('away');
    for (const at of [1, 2]) {
      const refreshed = known.refresh();
      await settled();
      asked[at]!.answer();
      await refreshed;
    }
    expect(asked.map((each) => each.wanted)).toEqual([['over'], ['over'], []]);
  });

  it('that fails fails for those who wait for it alone', async () => {
    const { asked, changes } = slowChanges();
    const known = createKnownAlerts({ changes, now, wanted: async () => [] });
    const failing = known.refresh();
    await settled();
    const next = known.refresh();
    asked[0]!.fail();
    await expect(failing).rejects.toThrow('away');
    await settled();
    asked[1]!.answer(alert('a'));
    await expect(next).resolves.toBeUndefined();
  });

  it('tells of each change with what was known before', async () => {
    const { asked, changes } = slowChanges();
    const onChange = jest.fn();
    const known = createKnownAlerts({ changes, now, wanted: async () => [], onChange });
    const [old, fresh] = [alert('a'), alert('a', { annotations: { summary: 'new' } })];
    for (const [at, each] of [old, fresh].entries()) {
      const refreshed = known.refresh();
      await settled();
      asked[at]!.answer(each);
      await refreshed;
    }
    expect(onChange.mock.calls).toEqual([
      [old, undefined],
      [fresh, old],
    ]);
    expect(known.get('a')).toEqual(fresh);
  });
});

it('forgets those that are over since before, unless they are wanted, and no other', async () => {
  const BEFORE = AT + 1_000;
  const times = fc.integer({ min: -2_000, max: 4_000 }).map((ms) => AT + ms);
  const anAlert = fc
    .record({
      fingerprint: fc.constantFrom('a', 'b', 'c', 'd'),
      state: fc.constantFrom('FIRING' as const, 'ACKNOWLEDGED' as const, 'RESOLVED' as const),
      expiresAt: fc.option(times),
      changedAt: times,
    })
    .map(({ fingerprint, ...more }) => alert(fingerprint, more));
  const alertsOf = fc.uniqueArray(anAlert, { selector: ({ fingerprint }) => fingerprint });
  await fc.assert(
    fc.asyncProperty(alertsOf, fc.subarray(['a', 'b', 'c', 'd']), async (alerts, wanted) => {
      const forgotten: string[] = [];
      const known = createKnownAlerts({
        changes: { next: async () => ({ alerts, isWhole: true, hearing: heard }) },
        now,
        wanted: async () => [],
        onForgotten: ({ fingerprint }) => forgotten.push(fingerprint),
      });
      await known.refresh();
      known.forget(BEFORE, (id) => wanted.includes(id));
      const expected = alerts
        .filter(({ fingerprint }) => !wanted.includes(fingerprint))
        .filter(
          ({ state, expiresAt, changedAt }) =>
            (state === 'RESOLVED' && changedAt <= BEFORE) ||
            (state !== 'RESOLVED' && expiresAt !== null && expiresAt <= BEFORE),
        )
        .map(({ fingerprint }) => fingerprint);
      expect(forgotten.sort()).toEqual(expected.sort());
      for (const { fingerprint } of alerts)
        expect(known.get(fingerprint) === undefined).toBe(expected.includes(fingerprint));
    }),
    { seed: 20_260_301 },
  );
});
