/** A message is its taker's until it was sent: nobody else may send it because its taker is slow. */
import type { TakenMessage } from '../../../src/history/port';
import { createGroupSender, type GroupSenderOptions } from '../../../src/notify/group-sender';
import type { GroupMessage, Integration } from '../../../src/notify/port';
import { silentLogger } from '../../../src/observe/observe';
import { waitFor } from '../../harness/wait-for';

const message: TakenMessage = {
  ...{ groupKey: '{}:{}', integration: 'team/webhook/0', seq: 1, attempts: 0, ageMs: 0, memory: {} },
  lease: 'lease',
  pending: { reason: 'first notification', firing: ['f1'], resolved: [] },
};

function scene(refresh: GroupSenderOptions['refresh']) {
  const sent: GroupMessage[] = [];
  const waiting = [message];
  /** What each renewal was for. */
  const renewals: string[][] = [];
  const integration: Integration = {
    ...{ receiver: 'team', kind: 'webhook', index: 0, sendResolved: true, destination: 'http://hook' },
    notify: async (told) => {
      sent.push(told);
      return { kind: 'delivered', detail: '' };
    },
    close: async () => undefined,
  };
  const content = {
    groupKey: '{}:{}',
    receiver: 'team',
    groupLabels: {},
    routeLabels: {},
    alerts: [],
    at: 0,
  };
  const sender = createGroupSender({
    store: {
      takeMessages: async () => waiting.splice(0),
      nextMessageDueInMs: async () => null,
      renew: async (places) => void renewals.push(places.map(({ groupKey }) => groupKey)),
      finish: async () => undefined,
    },
    integrations: () => new Map([[message.integration, integration]]),
    compose: () => content,
    refresh,
    now: () => new Date(),
    log: silentLogger(),
    leaseMs: 30,
  });
  const untilRenewed = async (what: readonly string[]): Promise<void> => {
    const from = renewals.length;
    await waitFor(() => renewals.slice(from).some((each) => each.join() === what.join()), {
      what: `a renewal for ${JSON.stringify(what)}`,
    });
  };
  return { sender, sent, untilRenewed };
}

it('is held from when it was taken, while what it tells is read, until it was sent', async () => {
  let read = (): void => undefined;
  const { sender, sent, untilRenewed } = scene(() => new Promise<void>((resolve) => (read = resolve)));
  sender.start();
  await untilRenewed([message.groupKey]);
  await untilRenewed([message.groupKey]);
  expect(sent).toHaveLength(0);
  read();
  await waitFor(() => sent.length > 0, { what: 'the message' });
  await untilRenewed([]);
  await sender.stop();
  expect(sent).toHaveLength(1);
});

it('is anybody’s where it cannot be read', async () => {
  const { sender, sent, untilRenewed } = scene(() => Promise.reject(new Error('Postgres is away')));
  sender.start();
  await untilRenewed([]);
  await untilRenewed([]);
  await sender.stop();
  expect(sent).toHaveLength(0);
});
