/** What lanes take for receivers whose rate limit holds messages back, and what becomes of permits. */
import type { LimitAnswer, RateLimitStore } from '../../../src/history/port';
import { createLanes, wantedBy } from '../../../src/notify/lanes';
import { groupLanes } from '../../../src/notify/group-lanes';
import { createDestination } from '../../../src/notify/destination';
import type { Integration, Receiver, ReceiverPolicy } from '../../../src/notify/port';
import { createRateLimits } from '../../../src/notify/rate-limits';

const LIMIT = { messages: 30, perMs: 60_000 };
const BREAKER = { failureThreshold: 1, resetMs: 1_000, successThreshold: 1 };

const receiver = (name: string, more: Partial<Receiver> = {}): Receiver => ({
  ...{ name, routingKey: null, timeoutMs: 1_000, fallback: null },
  channel: {
    ...{ kind: 'webhook', destination: 'http://one' },
    send: async () => ({ kind: 'delivered', detail: '' }),
    close: async () => undefined,
  },
  ...more,
});
const laneOf = (...all: readonly Receiver[]) =>
  createLanes(
    all,
    16,
    BREAKER,
    () => 0,
    () => undefined,
  ).all()[0]!;
const rooms = (free: number, nextInMs = 0): ReadonlyMap<string, LimitAnswer> =>
  new Map([['pager', { free, nextInMs }]]);

test('a lane takes for a limited receiver what its limit lets through, and for the others as ever', () => {
  const lane = laneOf(receiver('plain'), receiver('pager', { rateLimit: LIMIT }));
  const under = { name: 'pager', limit: LIMIT };
  const pager = { receivers: ['pager'], limit: 4, heldBack: { urgentFirst: true, under } };
  expect(wantedBy(lane, rooms(4))).toEqual({
    ...{ receivers: ['plain'], limit: 16, limited: [pager], nextInMs: null },
  });
  expect(wantedBy(lane, rooms(0, 700))).toEqual({
    ...{ receivers: ['plain'], limit: 16, limited: [], nextInMs: 700 },
  });
});

test('where the limit is reached, what has waited for long enough is taken for the fallback', async () => {
  const pager = receiver('pager', { rateLimit: LIMIT, fallback: 'mails', fallbackAfterMs: 5_000 });
  const lane = laneOf(pager);
  const late = { receivers: ['pager'], limit: 16, heldBack: { urgentFirst: true, waitedMs: 5_000 } };
  expect(wantedBy(lane, rooms(0, 700)).limited).toEqual([late]);
  // Of an open circuit all goes to the fallback at once, and the limit says nothing.
  await lane.destination.attempt(async () => false, Boolean);
  expect(wantedBy(lane, rooms(0))).toMatchObject({ receivers: ['pager'], limit: 16, limited: [] });
});

test('what left the queue with a permit needs no other, a bundle one for all; what is not needed is given back', async () => {
  const calls: string[] = [];
  const store: RateLimitStore = {
    take: async (name) => ({ free: calls.push(`take ${name}`), nextInMs: 0 }),
    giveBack: async (name) => void calls.push(`give back ${name}`),
    look: async (limits) => new Map([...limits.keys()].map((name) => [name, { free: 5, nextInMs: 0 }])),
  };
  const limits = createRateLimits(store, (name) => (name === 'pager' ? LIMIT : null));
  limits.hold('pager', ['1', '2', '3']);
  limits.hold('pager', ['4']);
  // The first of the bundle was silenced: the next leaves with the permit, and then it is gone.
  expect(await limits.take('pager', '2')).toBeNull();
  await limits.release('1');
  expect(calls).toEqual([]);
  expect(await limits.take('pager', '2')).toBeNull();
  await limits.release('4');
  await limits.release('4');
  expect(calls).toEqual(['take pager', 'give back pager']);
  expect((await limits.look(['plain'])).size).toBe(0);
  expect(await limits.take('plain', '5')).toBeNull();
});

describe('lanes of groups', () => {
  const integration = (name: string): Integration => ({
    ...{ receiver: name, kind: 'webhook', index: 0, sendResolved: true, destination: `http://${name}` },
    ...{ notify: async () => ({ kind: 'delivered', detail: '' }), close: async () => undefined },
  });
  const scene = (policy: Partial<ReceiverPolicy>, more: { free?: number; failingForMs?: number } = {}) => {
    const integrations = new Map(['pager', 'mails'].map((name) => [`${name}/webhook/0`, integration(name)]));
    const destinations = new Map(
      ['pager', 'mails'].map((name) => [
        `http://${name}`,
        createDestination(
          `http://${name}`,
          4,
          BREAKER,
          () => 0,
          () => undefined,
        ),
      ]),
    );
    const whole = { fallback: null, fallbackAfterMs: null, rateLimit: null, ...policy };
    return {
      pager: destinations.get('http://pager')!,
      lanes: () =>
        groupLanes({
          integrations,
          destinationOf: ({ destination }) => destinations.get(destination)!,
          policyOf: (name) => (name === 'pager' ? whole : undefined),
          rooms:
            more.free === undefined
              ? new Map()
              : new Map([['pager/webhook/0', { free: more.free, nextInMs: 900 }]]),
          batch: (destination) => destination.free(),
          failingForMs: () => more.failingForMs ?? 0,
        }),
    };
  };
  const MAILS = { names: ['mails/webhook/0'], limit: 4 };

  it('are as ever where nothing is said of a receiver', () => {
    const { lanes, retryInMs } = scene({}).lanes();
    expect([lanes, retryInMs]).toEqual([[{ names: ['pager/webhook/0'], limit: 4 }, MAILS], null]);
  });

  it('take what a limit lets through, and wait for the next where it is reached', () => {
    const policy = { rateLimit: LIMIT };
    expect(scene(policy, { free: 2 }).lanes()).toMatchObject({
      lanes: [
        {
          ...{ names: ['pager/webhook/0'], limit: 2 },
          heldBack: { urgentFirst: true, under: { name: 'pager/webhook/0', limit: LIMIT } },
        },
        MAILS,
      ],
    });
    expect(scene(policy, { free: 0 }).lanes()).toEqual({ lanes: [MAILS], retryInMs: 900 });
  });

  it.each([
    [0, 5_000],
    [4_999, 5_000],
    [5_000, 0],
  ])(
    'of an open circuit take for the fallback what waits, after %d ms of failing at once',
    async (ms, waited) => {
      const { pager, lanes } = scene({ fallback: 'mails', fallbackAfterMs: 5_000 }, { failingForMs: ms });
      await pager.attempt(async () => false, Boolean);
      expect(lanes().lanes[0]).toMatchObject({
        ...{ names: ['pager/webhook/0'], limit: 4, heldBack: { waitedMs: waited } },
        instead: 'the circuit of http://pager is open',
      });
    },
  );

  it('of an open circuit without a fallback leave all where it is', async () => {
    const { pager, lanes } = scene({});
    await pager.attempt(async () => false, Boolean);
    expect(lanes()).toEqual({ lanes: [MAILS], retryInMs: 1_000 });
  });
});
