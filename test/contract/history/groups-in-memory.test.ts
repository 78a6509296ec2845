/**
 * The law of the groups in memory that unit tests stand on: whatever two processes ask of them in whatever order, they
 * answer what Postgres answers. Times are long past or far away, so that nothing depends on when a question is asked.
 */
import fc from 'fast-check';
import type {
  DueGroup,
  FlushedGroup,
  GroupRecords,
  GroupStore,
  MessageOutcome,
  NewGroup,
  PendingMessage,
  RecordedHold,
  TakenMessage,
} from '../../../src/history/port';
import { historyInMemory, type HistoryInMemory } from '../../harness/groups-in-memory';
import { testHistory, type TestHistory } from './test-history';

const GROUPS = ['g1', 'g2', 'g3'];
const INTEGRATIONS = ['team/webhook/0', 'pager/email/1'];
const ALERTS = ['a', 'b'];
const PAST = Date.parse('2020-01-01T00:00:00Z');
const FUTURE = Date.parse('2120-01-01T00:00:00Z');
const ENDED = -1;
const LONG = 3_600_000;

interface Side {
  readonly stores: readonly GroupStore[];
  readonly records: Pick<GroupRecords, 'of'>;
  /** What each process has taken and not answered for; a taken one may be answered for late, and twice. */
  readonly due: Map<string, DueGroup>[];
  readonly taken: Map<string, TakenMessage>[];
}

type Step = { readonly who: 0 | 1 } & (
  | { readonly does: 'join' | 'retime'; readonly ids: readonly string[]; readonly at: number }
  | { readonly does: 'look'; readonly at: number; readonly leaseMs: number }
  | { readonly does: 'write'; readonly looks: readonly Look[] }
  | { readonly does: 'take' | 'renew'; readonly leaseMs: number }
  | {
      readonly does: 'finish';
      readonly group: string;
      readonly integration: string;
      readonly outcome: MessageOutcome;
    }
  | { readonly does: 'inherit'; readonly group: string; readonly firing: readonly string[] }
);

interface Look {
  readonly id: string;
  readonly next: number | null;
  readonly messages: readonly { integration: string; pending: PendingMessage | null; told: boolean }[];
  readonly held: readonly string[] | undefined;
  readonly isOutrun: boolean;
}

const who = fc.constantFrom(0 as const, 1 as const);
const at = fc.constantFrom(PAST, PAST, FUTURE);
const leaseMs = fc.constantFrom(ENDED, LONG);
const alerts = fc.subarray(ALERTS);
const pending: fc.Arbitrary<PendingMessage> = fc.record({
  reason: fc.constantFrom('first notification', 'new alerts added'),
  firing: alerts,
  resolved: alerts,
});
const made = fc.record({
  integration: fc.constantFrom(...INTEGRATIONS),
  pending: fc.option(pending),
  told: fc.boolean(),
});
const look: fc.Arbitrary<Look> = fc.record({
  id: fc.constantFrom(...GROUPS),
  next: fc.option(at),
  // Nothing is told without saying what.
  messages: fc
    .uniqueArray(made, { selector: ({ integration }) => integration, maxLength: 2 })
    .map((all) => all.map((one) => ({ ...one, told: one.told && one.pending !== null }))),
  held: fc.option(alerts, { nil: undefined }),
  isOutrun: fc.boolean(),
});
const outcome: fc.Arbitrary<MessageOutcome> = fc.oneof(
  fc.constant<MessageOutcome>({ kind: 'sent', at: new Date(PAST), memory: { thread: '1' } }),
  fc.constant<MessageOutcome>({ kind: 'sent', at: new Date(PAST + 1) }),
  fc.constantFrom(0, LONG).map((afterMs): MessageOutcome => ({ kind: 'retry', afterMs, error: '503' })),
  fc.constant<MessageOutcome>({ kind: 'refused', error: '400' }),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ who, does: fc.constantFrom('join', 'retime'), ids: fc.subarray(GROUPS), at }),
  fc.record({ who, does: fc.constant('look'), at, leaseMs }),
  fc.record({ who, does: fc.constant('look'), at: fc.constant(PAST), leaseMs: fc.constant(LONG) }),
  fc.record({
    who,
    does: fc.constant('write'),
    looks: fc.uniqueArray(look, { selector: ({ id }) => id, minLength: 1, maxLength: 3 }),
  }),
  fc.record({ who, does: fc.constantFrom('take', 'renew'), leaseMs }),
  fc.record({
    ...{ who, does: fc.constant('finish'), outcome },
    ...{ group: fc.constantFrom(...GROUPS), integration: fc.constantFrom(...INTEGRATIONS) },
  }),
  fc.record({ who, does: fc.constant('inherit'), group: fc.constantFrom(...GROUPS), firing: alerts }),
);

const keyOf = (group: string): string => `{}:${group}`;
const newGroup = (id: string, due: number): NewGroup => ({
  id,
  routeId: `route of ${id}`,
  dueAt: new Date(due),
});

function flushedOf(
  { id, next, messages, held, isOutrun }: Look,
  { joined, lease, routeId }: DueGroup,
): FlushedGroup {
  return {
    ...(isOutrun && { outrun: keyOf(id) }),
    ...{
      id,
      lease,
      joined,
      routeId,
      dueAt: next === null ? null : new Date(next),
      flushedAt: new Date(PAST + 5),
    },
    lookAgainMs: LONG,
    messages: messages.map((message) => ({ ...message, groupKey: keyOf(id), keepUntil: new Date(FUTURE) })),
    ...(held !== undefined && {
      held: {
        ...{ digest: held.join() || null, groupKey: keyOf(id), receiver: 'team' },
        alerts: held.map((fingerprint) => ({
          ...{ fingerprint, reason: 'inhibition' },
          by: [{ kind: 'alert' as const, fingerprint: 'source', labels: {}, rule: null }],
        })),
      },
    }),
  };
}

/** What the process is answered. */
async function play(side: Side, asked: Step): Promise<unknown> {
  const store = side.stores[asked.who]!;
  const due = side.due[asked.who]!;
  const taken = side.taken[asked.who]!;
  switch (asked.does) {
    case 'join':
    case 'retime':
      return store[asked.does](asked.ids.map((id) => newGroup(id, asked.at)));
    case 'look': {
      const found = await store.takeDue(new Date(asked.at), 3, asked.leaseMs);
      found.forEach((group) => due.set(group.id, group));
      return found.map(({ dueAt: _, lease: __, ...group }) => group).sort((a, b) => (a.id < b.id ? -1 : 1));
    }
    case 'write':
      return store.flushed(
        asked.looks.flatMap((each) => (due.has(each.id) ? [flushedOf(each, due.get(each.id)!)] : [])),
      );
    case 'take': {
      const found = await store.takeMessages(INTEGRATIONS, 100, asked.leaseMs);
      found.forEach((message) => taken.set(`${message.groupKey} ${message.integration}`, message));
      return found
        .map(({ ageMs: _, lease: __, seq: ___, ...message }) => message)
        .sort((a, b) => (`${a.groupKey} ${a.integration}` < `${b.groupKey} ${b.integration}` ? -1 : 1));
    }
    case 'renew':
      return store.renew([...taken.values()], asked.leaseMs);
    case 'finish': {
      const message = taken.get(`${keyOf(asked.group)} ${asked.integration}`);
      return message && store.finish(message, asked.outcome);
    }
    case 'inherit': {
      const told = {
        integration: INTEGRATIONS[0]!,
        firing: asked.firing,
        awaited: [],
        resolved: [],
        toldAt: new Date(PAST),
      };
      return store.inherit([{ groupKey: keyOf(asked.group), ...told }], new Date(FUTURE));
    }
  }
}

/** All that anybody can see, in one order; of the server's times whether they have come. */
async function seen({ stores, records }: Side): Promise<unknown> {
  const [store] = stores;
  const next = await store!.nextDue();
  const inMs = await store!.nextMessageDueInMs(INTEGRATIONS);
  const told = await store!.allTold();
  const rowOf = ({ groupKey, integration }: { readonly groupKey: string; readonly integration: string }) =>
    `${groupKey} ${integration}`;
  return {
    isDue: next === null ? null : next.getTime() <= Date.now(),
    isMessageDue: inMs === null ? null : inMs <= 0,
    groups: [...(await store!.routeIds())].sort((a, b) => (a.id < b.id ? -1 : 1)),
    // Where the count of messages begins is a matter of the clock.
    told: told.map(({ seq: _, ...row }) => row).sort((a, b) => (rowOf(a) < rowOf(b) ? -1 : 1)),
    some: (await store!.told([keyOf('g1')])).length,
    records: await Promise.all(ALERTS.map((alert) => recordsOf(records, alert))),
  };
}

const holdText = ({ groupId, fingerprint, from, until }: RecordedHold): string =>
  [groupId, fingerprint, from.getTime(), until?.getTime() ?? ''].join(' ');

async function recordsOf(records: Side['records'], alert: string): Promise<unknown> {
  const groups = GROUPS.map((id) => ({ id, key: keyOf(id) }));
  const { deliveries, holds, messages } = await records.of(alert, groups, new Date(PAST));
  return {
    // Of one that was refused the time is the server's.
    deliveries: deliveries.map(({ at: _, ...delivery }) => delivery),
    holds: [...holds].sort((a, b) => (holdText(a) < holdText(b) ? -1 : 1)),
    attempts: messages.map(({ attempts, error }) => [attempts, error]),
  };
}

/** The records of the history in memory, as the history answers them. */
const recordsIn = ({ messages, deliveries, holds }: HistoryInMemory): Side['records'] => ({
  of: async (fingerprint) => ({
    groups: [],
    messages: [...messages.values()].sort((a, b) =>
      `${a.groupKey} ${a.integration}` < `${b.groupKey} ${b.integration}` ? -1 : 1,
    ) as never,
    deliveries: deliveries
      .filter(({ firing, resolved }) => firing.includes(fingerprint) || resolved.includes(fingerprint))
      .map(({ firing, resolved: _, ...delivery }) => ({
        ...delivery,
        said: firing.includes(fingerprint) ? 'firing' : 'resolved',
      })),
    holds: holds.filter((hold) => hold.fingerprint === fingerprint),
    ...{ hearing: null, isServed: false },
  }),
});

let kept: TestHistory;
beforeAll(async () => (kept = await testHistory()));
afterAll(() => kept.close());

const side = (stores: readonly GroupStore[], records: Side['records']): Side => ({
  ...{ stores, records },
  due: [new Map(), new Map()],
  taken: [new Map(), new Map()],
});

test('two processes are answered the same by both, and see the same in both', async () => {
  const another = await kept.another();
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      for (const table of ['groups', 'group_messages', 'deliveries', 'holds'])
        await kept.sql.query(`truncate ${kept.schema}.${table}`);
      const memory = historyInMemory(Date.now);
      const fake = side([memory.storeOf('one'), memory.storeOf('other')], recordsIn(memory));
      const real = side([kept.history.groups, another.groups], kept.history.records);
      for (const each of steps) expect(await play(fake, each)).toEqual(await play(real, each));
      expect(await seen(fake)).toEqual(await seen(real));
    }),
    { numRuns: 40, seed: 20_260_301 },
  );
}, 120_000);
