/** A delivery's line leads back to the sample that it began with. */
import type { NotificationQueue } from '../../../src/history/port';
import { createNotifier } from '../../../src/notify/notify';
import { waitFor } from '../../harness/wait-for';
import { delivered, facts, fakeChannel, NOW, queued, receiver } from './test-notification';

test('carries the correlation id of its alert', async () => {
  const due = [queued()];
  const queue: NotificationQueue = {
    take: async (_limit, _lease, receivers) => (receivers && 'only' in receivers ? due.splice(0) : []),
    renew: async () => undefined,
    finish: async () => undefined,
    admit: async () => null,
    digestEnd: async () => ({ kind: 'none' }),
    nextDueInMs: async () => null,
    listen: async () => async () => undefined,
    facts: async () => facts(),
  };
  const info = jest.fn();
  const log = { info, warn: jest.fn(), error: jest.fn(), debug: jest.fn() };
  const notifier = createNotifier({
    queue,
    mutes: { verdict: async () => ({ muted: false }) },
    receivers: [receiver('ops', fakeChannel('http://ops', () => delivered).channel)],
    now: () => NOW,
    log,
  });
  await notifier.start();
  await waitFor(() => info.mock.calls.length > 0, { what: 'the line' });
  await notifier.stop();
  expect(info.mock.calls).toEqual([
    [expect.objectContaining({ receiver: 'ops', reason: 'ops', correlation_id: 'corr-1' }), 'message sent'],
  ]);
});
