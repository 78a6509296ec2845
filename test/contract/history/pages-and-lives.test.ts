/** The rows come from two writers in any order: transitions and lives. */
import type { Acknowledgement } from '../../../src/domain/life';
import type { AlertRow } from '../../../src/history/port';
import { alertRow, change, ending, event, firing, lifeRecord, STARTED } from './test-alerts';
import { testHistory, type TestHistory } from './test-history';

let test_: TestHistory;
beforeEach(async () => (test_ = await testHistory()));
afterEach(() => test_.close());

const row = alertRow();
const ack: Acknowledgement = {
  owner: 'ann',
  at: new Date(STARTED).toISOString(),
  until: null,
  comment: null,
};
const apply = (what: ReturnType<typeof change>) => test_.history.pages.apply([row.fingerprint], () => what);
const find = () => test_.history.lists.find(row.fingerprint);

describe('transitions write rows', () => {
  test('a row comes back as it went, odd values included', async () => {
    const odd = alertRow({
      value: '+Inf',
      threshold: null,
      condition: { metric: 'm', series: { a: 'b' }, operator: '>', threshold: 1, recovery_threshold: null },
      cooldownMs: 1_500,
      runbook: 'r',
      recent: [
        [1, 'NaN'],
        [2, 3.5],
      ],
      rule: null,
      annotations: { note: 'a \\u0000 b' },
    });
    await test_.history.pages.apply([odd.fingerprint], () => change({ rows: [odd] }));
    expect(await test_.history.lists.find(odd.fingerprint)).toEqual(odd);
  });

  test('text that Postgres cannot keep does not stop a batch', async () => {
    const bad = alertRow({ annotations: { summary: 'nul \u0000 half \ud800 done' } });
    await test_.history.pages.apply([bad.fingerprint], () => change({ rows: [bad] }));
    expect((await find())?.annotations).toEqual({ summary: 'nul \ufffd half \ufffd done' });
  });

  test('decide sees the rows that are there', async () => {
    await apply(firing(row));
    let seen: unknown;
    await test_.history.pages.apply([row.fingerprint, 'ffffffffffffffff'], (rows) => {
      seen = [...rows.entries()];
      return change({});
    });
    expect(seen).toEqual([[row.fingerprint, row]]);
  });

  test('the same batch twice leaves one event and one message', async () => {
    await apply(firing(row));
    await apply(firing(row));
    expect(await test_.history.lists.timeline(row.fingerprint)).toHaveLength(1);
    expect(await test_.history.lists.notifications(row.fingerprint)).toHaveLength(1);
  });

  test("two processes that begin the same alert at once make one decision each, the second on the first one's row", async () => {
    const other = await test_.another();
    const seen: number[] = [];
    const count = (pages: typeof other.pages) =>
      pages.apply([row.fingerprint], (rows) => {
        const fireCount = (rows.get(row.fingerprint)?.fireCount ?? 0) + 1;
        seen.push(fireCount);
        return change({ rows: [{ ...row, fireCount }] });
      });
    await Promise.all(Array.from({ length: 6 }, (_, i) => count(i % 2 ? other.pages : test_.history.pages)));
    expect((await find())?.fireCount).toBe(6);
    expect(Math.max(...seen)).toBe(6);
  });
});

describe('a life acts on an alert', () => {
  const acknowledged = lifeRecord(row, 2, {
    state: 'ACKNOWLEDGED',
    acknowledgement: ack,
    timeline: [event('acknowledged')],
  });
  const begun = lifeRecord(row, 1, { state: 'FIRING' });

  test('acknowledged after it fired', async () => {
    await apply(firing(row));
    await test_.history.lives.record(begun);
    await test_.history.lives.record(acknowledged);
    expect(await find()).toEqual({ ...row, state: 'ACKNOWLEDGED', acknowledgement: ack });
  });

  test('an acknowledgement before its transition is not lost, and the transition does not undo it', async () => {
    await test_.history.lives.record(begun);
    await test_.history.lives.record(acknowledged);
    expect(await find()).toBeNull();
    await apply(firing(row));
    expect(await find()).toEqual({ ...row, state: 'ACKNOWLEDGED', acknowledgement: ack });
    await apply(change({ rows: [{ ...row, value: 99 }] }));
    expect(await find()).toMatchObject({ state: 'ACKNOWLEDGED', value: 99 });
  });

  test('a lower seq changes no state, but its event is kept', async () => {
    await apply(firing(row));
    await test_.history.lives.record(acknowledged);
    await test_.history.lives.record(
      lifeRecord(row, 1, { state: 'FIRING', acknowledgement: null, timeline: [event('late')] }),
    );
    expect(await find()).toMatchObject({ state: 'ACKNOWLEDGED', acknowledgement: ack });
    expect((await test_.history.lists.timeline(row.fingerprint)).map(({ key }) => key).sort()).toEqual([
      'acknowledged',
      'fired',
      'late',
    ]);
  });

  test('an ended condition is RESOLVED whatever a late life says', async () => {
    await apply(firing(row));
    await apply(ending(row));
    await test_.history.lives.record(acknowledged);
    expect(await find()).toMatchObject({ state: 'RESOLVED', resolvedBy: 'evaluator' });
  });

  test('resolved by hand: who, when, quiet until', async () => {
    await apply(firing(row));
    const quietUntil = new Date(STARTED + 300_000).toISOString();
    const at = STARTED + 1_000;
    await test_.history.lives.record(
      lifeRecord(row, 2, {
        state: 'RESOLVED',
        resolvedBy: 'ann',
        acknowledgement: null,
        quietUntil,
        timeline: [event('resolved-2', at)],
      }),
    );
    const resolved = { state: 'RESOLVED', resolvedBy: 'ann', quietUntil, endsAt: new Date(at).toISOString() };
    expect(await find()).toMatchObject(resolved);
    await apply(change({ rows: [{ ...row, value: 99 }] }));
    expect(await find()).toMatchObject({ ...resolved, value: 99 });
  });

  test('the quiet of a manual resolve reaches whoever decides, and the next episode clears it', async () => {
    await apply(firing(row));
    const quietUntil = new Date(STARTED + 300_000).toISOString();
    await test_.history.lives.record(
      lifeRecord(row, 1, { state: 'RESOLVED', resolvedBy: 'ann', acknowledgement: null, quietUntil }),
    );
    const seen: (string | null | undefined)[] = [];
    const look = (rows: ReadonlyMap<string, AlertRow>) => {
      seen.push(rows.get(row.fingerprint)?.quietUntil);
      return change({});
    };
    await test_.history.pages.apply([row.fingerprint], look);
    const next = { ...row, episode: STARTED + 600_000, fireCount: 2 };
    await apply(firing(next));
    await test_.history.pages.apply([row.fingerprint], look);
    expect(seen).toEqual([quietUntil, null]);
    // A word of the first episode that comes late does not bring its quiet back.
    await test_.history.lives.record(lifeRecord(row, 2, { quietUntil }));
    expect(await find()).toMatchObject({ episode: next.episode, state: 'FIRING', quietUntil: null });
  });

  test('an episode that the life opens moves the row on, also when the row comes later', async () => {
    const next = { ...row, episode: STARTED + 600_000 };
    const opens = lifeRecord(next, 5, {
      state: 'FIRING',
      opens: { startsAt: new Date(next.episode).toISOString(), reason: 'still holds' },
      quietUntil: null,
    });
    const expected = {
      state: 'FIRING',
      episode: next.episode,
      fireCount: 2,
      startsAt: new Date(next.episode).toISOString(),
      quietUntil: null,
      resolvedBy: null,
      endsAt: null,
    };
    const resolved = lifeRecord(row, 4, {
      state: 'RESOLVED',
      resolvedBy: 'ann',
      quietUntil: new Date(next.episode).toISOString(),
    });

    await test_.history.lives.record(resolved);
    await test_.history.lives.record(opens);
    await apply(firing(row));
    expect(await find()).toMatchObject(expected);
    await test_.history.lives.record(opens);
    expect(await find()).toMatchObject(expected);
  });
});

describe('closed', () => {
  test('is answered for a life that begins after its episode ended', async () => {
    await apply(firing(row));
    expect(await test_.history.lives.record(lifeRecord(row, 1, { state: 'FIRING' }))).toEqual({
      closed: false,
      previousEndedAt: null,
    });
    await apply(ending(row));
    expect((await test_.history.lives.record(lifeRecord(row, 2, { state: 'FIRING' }))).closed).toBe(false);
    expect((await test_.history.lives.record(lifeRecord(row, 1, { state: 'FIRING' }))).closed).toBe(true);
  });

  test('also for a later episode of a running life, with the end of the one before', async () => {
    const second = {
      ...row,
      episode: STARTED + 600_000,
      startsAt: new Date(STARTED + 600_000).toISOString(),
    };
    await apply(firing(row));
    await test_.history.lives.record(lifeRecord(row, 1, { state: 'FIRING' }));
    await apply(ending(row));
    await apply(firing(second));
    const began = await test_.history.lives.record(lifeRecord(second, 2, { state: 'FIRING' }));
    expect(began).toEqual({ closed: false, previousEndedAt: new Date(STARTED + 60_000).toISOString() });
    expect((await test_.history.lives.record(lifeRecord(row, 1, { state: 'FIRING' }))).closed).toBe(true);

    const third = {
      ...row,
      episode: STARTED + 1_200_000,
      startsAt: new Date(STARTED + 1_200_000).toISOString(),
    };
    await apply(ending(second));
    await apply(firing(third));
    await apply(ending(third));
    expect((await test_.history.lives.record(lifeRecord(third, 3, { state: 'FIRING' }))).closed).toBe(true);
  });

  test('after a manual resolve the end before counts from the hand', async () => {
    await apply(firing(row));
    await test_.history.lives.record(
      lifeRecord(row, 1, {
        state: 'RESOLVED',
        resolvedBy: 'ann',
        timeline: [event('resolved-1', STARTED + 5_000)],
      }),
    );
    const second = { ...row, episode: STARTED + 600_000 };
    await apply(firing(second));
    const began = await test_.history.lives.record(lifeRecord(second, 1, { state: 'FIRING' }));
    expect(began).toEqual({ closed: false, previousEndedAt: new Date(STARTED + 5_000).toISOString() });
  });
});
