/** Which groups are looked at first where many are due. */
import type { DueGroup, FlushedGroup } from '../../../src/history/port';
import { testHistory, type TestHistory } from './test-history';

const SECOND = 1_000;
const LEASE_MS = 60_000;
const began = Date.now() - 60 * SECOND;

let kept: TestHistory;
beforeEach(async () => {
  kept = await testHistory();
});
afterEach(() => kept.close());

const due = (second: number): Date => new Date(began + second * SECOND);
const join = (name: string, seconds: readonly number[]): Promise<void> =>
  kept.history.groups.join(
    seconds.map((second) => ({ id: `${name}-${second}`, routeId: '{}', dueAt: due(second) })),
  );
const take = async (limit: number): Promise<DueGroup[]> =>
  kept.history.groups.takeDue(new Date(), limit, LEASE_MS);
const names = (groups: readonly DueGroup[]): string[] => groups.map(({ id }) => id).sort();
/** Looked at, and due again when it was before. */
const looked = ({ id, lease, routeId, joined, dueAt }: DueGroup): FlushedGroup => ({
  ...{ id, lease, routeId, joined, dueAt, flushedAt: new Date(), lookAgainMs: SECOND, messages: [] },
});

test('one that nobody has looked at comes before others that are older, and these are not left out', async () => {
  await join('old', [1, 2, 3, 4, 5, 6]);
  await kept.history.groups.flushed((await take(10)).map(looked));
  await join('new', [11, 12, 13, 14, 15, 16]);
  expect(names(await take(4))).toEqual(['new-11', 'new-12', 'new-13', 'new-14', 'old-1']);
  expect(names(await take(4))).toEqual(['new-15', 'new-16', 'old-2', 'old-3']);
  expect(names(await take(4))).toEqual(['old-4', 'old-5', 'old-6']);
});

test('the next one that is due is the oldest, looked at or not', async () => {
  const { groups } = kept.history;
  expect(await groups.nextDue()).toBeNull();
  await join('old', [1]);
  await groups.flushed((await take(10)).map(looked));
  await join('new', [11]);
  expect(await groups.nextDue()).toEqual(due(1));
  const [old] = (await take(10)).filter(({ id }) => id === 'old-1');
  await groups.flushed([{ ...looked(old!), dueAt: due(50) }]);
  // The other one is held, and due again when its lease ends.
  expect(await groups.nextDue()).toEqual(due(50));
});
