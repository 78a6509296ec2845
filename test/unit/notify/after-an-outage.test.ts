/** After Postgres was away, who has sent something and could not record it records it before another sends it again. */
import type { NotificationQueue } from '../../../src/history/port';
import { createNotifier } from '../../../src/notify/notify';
import { waitFor } from '../../harness/wait-for';

test('orphaned messages are left alone for one lease', async () => {
  const leaseMs = 200;
  const taken: { orphans: boolean | undefined; at: number }[] = [];
  const queue: Partial<NotificationQueue> = {
    take(_limit, _leaseMs, _receivers, orphans) {
      taken.push({ orphans, at: performance.now() });
      return taken.length === 2 ? Promise.reject(new Error('gone')) : Promise.resolve([]);
    },
    nextDueInMs: () => Promise.resolve(null),
    listen: () => Promise.resolve(() => Promise.resolve()),
  };
  const silent = () => undefined;
  const notifier = createNotifier({
    queue: queue as NotificationQueue,
    mutes: {} as never,
    receivers: [],
    now: () => new Date(),
    log: { info: silent, warn: silent, error: silent, debug: silent } as never,
    leaseMs,
    maxSleepMs: 5,
  });
  await notifier.start();
  const again = () => taken.slice(2).find(({ orphans }) => orphans === true);
  await waitFor(() => again() !== undefined, { what: 'orphans to be taken again' });
  await notifier.stop();
  expect(taken.slice(0, 3).map(({ orphans }) => orphans)).toEqual([true, true, false]);
  expect(again()!.at - taken[2]!.at).toBeGreaterThanOrEqual(leaseMs);
});
