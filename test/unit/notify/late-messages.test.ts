/** A message that waited while nobody could send it: a receiver that hangs keeps its fallback waiting no longer for it than for a new one. */
import type { MessageOutcome, TakenMessage } from '../../../src/history/port';
import { createGroupSender } from '../../../src/notify/group-sender';
import type { Delivery, Integration } from '../../../src/notify/port';
import { silentLogger } from '../../../src/observe/observe';
import { waitFor } from '../../harness/wait-for';

const late: TakenMessage = {
  ...{ groupKey: '{}:{}', integration: 'pager/webhook/0', seq: 1, attempts: 0, ageMs: 3_600_000, memory: {} },
  lease: 'lease',
  pending: { reason: 'first notification', firing: ['f1'], resolved: [] },
};
const content = { groupKey: '{}:{}', groupLabels: {}, routeLabels: {}, alerts: [], at: 0 };

const integrationTo = (receiver: string, notify: Integration['notify']): [string, Integration] => [
  `${receiver}/webhook/0`,
  {
    ...{ receiver, kind: 'webhook', index: 0, sendResolved: true, destination: `http://${receiver}`, notify },
    close: async () => undefined,
  },
];
const hangs: Integration['notify'] = (_, signal) =>
  new Promise<Delivery>((resolve) =>
    signal.addEventListener('abort', () => resolve({ kind: 'retry', error: 'hangs', retryAfterMs: null })),
  );

test('its fallback is told of it within fallback_after of the first try', async () => {
  const waiting = [late];
  const outcomes: MessageOutcome[] = [];
  const sender = createGroupSender({
    store: {
      takeMessages: async () => waiting.splice(0),
      nextMessageDueInMs: async () => null,
      renew: async () => undefined,
      finish: async (_, outcome) => void outcomes.push(outcome),
    },
    integrations: () =>
      new Map([
        integrationTo('pager', hangs),
        integrationTo('mails', async () => ({ kind: 'delivered', detail: '' })),
      ]),
    policyOf: (receiver) =>
      receiver === 'pager' ? { fallback: 'mails', fallbackAfterMs: 1_000, rateLimit: null } : undefined,
    compose: (_, { receiver }) => ({ ...content, receiver }),
    refresh: async () => undefined,
    now: () => new Date(),
    log: silentLogger(),
    drainMs: 10,
  });
  sender.start();
  await waitFor(() => outcomes.length > 0, { what: 'the fallback to be told', timeoutMs: 15_000 }).finally(
    () => sender.stop(),
  );
  expect(outcomes).toMatchObject([{ kind: 'sent', instead: { via: 'mails/webhook/0' } }]);
});
