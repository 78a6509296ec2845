/** How many messages are taken at once: more than are sent at once, where the destination is quick. */
import type { TakenMessage } from '../../../src/history/port';
import { createGroupSender } from '../../../src/notify/group-sender';
import type { Integration } from '../../../src/notify/port';
import { silentLogger } from '../../../src/observe/observe';
import { waitFor } from '../../harness/wait-for';

const PLACES = 4;
const content = { groupKey: '', receiver: 'team', groupLabels: {}, routeLabels: {}, alerts: [], at: 0 };
const messageOf = (n: number): TakenMessage => ({
  ...{ groupKey: `{}:{n="${n}"}`, integration: 'team/webhook/0', seq: 1, attempts: 0, ageMs: 0, memory: {} },
  lease: 'lease',
  pending: { reason: 'first notification', firing: [`f${n}`], resolved: [] },
});

/** All of the messages are sent to a destination that takes so long for each. */
async function sendAll(many: number, answerMs: number, finish = async (): Promise<void> => undefined) {
  const waiting = Array.from({ length: many }, (_, n) => messageOf(n));
  const limits: number[] = [];
  let atOnce = 0;
  let most = 0;
  let sent = 0;
  let unwritten = 0;
  let mostUnwritten = 0;
  let clock = 0;
  const integration: Integration = {
    ...{ receiver: 'team', kind: 'webhook', index: 0, sendResolved: true, destination: 'http://hook' },
    async notify() {
      most = Math.max(most, (atOnce += 1));
      await new Promise((resolve) => setImmediate(resolve));
      clock += answerMs;
      atOnce -= 1;
      mostUnwritten = Math.max(mostUnwritten, (unwritten += 1));
      sent += 1;
      return { kind: 'delivered', detail: '' };
    },
    close: async () => undefined,
  };
  const sender = createGroupSender({
    store: {
      async takeMessages(_, limit) {
        if (waiting.length > 0) limits.push(limit);
        return waiting.splice(0, limit);
      },
      nextMessageDueInMs: async () => null,
      renew: async () => undefined,
      async finish() {
        await finish();
        unwritten -= 1;
      },
    },
    integrations: () => new Map([['team/webhook/0', integration]]),
    ...{ compose: () => content, refresh: async () => undefined, now: () => new Date() },
    ...{ log: silentLogger(), places: PLACES, elapsedMs: () => clock },
  });
  sender.start();
  await waitFor(() => sent === many, { what: `${many} messages` });
  await sender.stop();
  return { limits, most, mostUnwritten };
}

it('takes many at a time for a destination that is quick, and sends it no more at once than it has places', async () => {
  const { limits, most } = await sendAll(1_000, 1);
  expect(limits[0]).toBe(PLACES);
  expect(limits.length).toBeLessThan(40);
  expect(most).toBe(PLACES);
});

it('takes no more than it can send where the destination is slow: what waits may yet be taken back', async () => {
  const { limits, most } = await sendAll(100, 1_000);
  expect(Math.max(...limits)).toBe(PLACES);
  expect(most).toBe(PLACES);
});

it('sends no more than it has places before what has left is written down: a kill would repeat it', async () => {
  const slowly = async (): Promise<void> => {
    for (let turns = 0; turns < 20; turns++) await new Promise(setImmediate);
  };
  const { limits, mostUnwritten } = await sendAll(300, 1, slowly);
  expect(Math.max(...limits)).toBeGreaterThan(PLACES);
  expect(mostUnwritten).toBe(PLACES);
});
