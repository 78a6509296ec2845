import type { KnownAlert, ToldOfGroup } from '../../../src/history/port';
import { createGroupVerdicts, type GroupStagesOptions } from '../../../src/notify/group-stages/stages';
import type { GroupLook } from '../../../src/notify/port';

const AT = Date.parse('2026-01-01T00:00:00Z');
const HOUR = 3_600_000;
const HELD = { owner: 'ana', at: '2026-01-01T00:00:00Z', until: null, comment: null };

const alert = (fingerprint: string, more: Partial<KnownAlert> = {}): KnownAlert => ({
  fingerprint,
  labels: { alertname: fingerprint },
  annotations: {},
  state: 'FIRING',
  episode: AT,
  startsAt: AT,
  endsAt: null,
  expiresAt: null,
  overAt: null,
  updatedAt: AT,
  changedAt: AT,
  generatorUrl: '',
  downTarget: null,
  acknowledgement: null,
  ...more,
});

const told = (firing: string[], more: Partial<ToldOfGroup> = {}): ToldOfGroup => ({
  groupKey: 'g',
  integration: 'r/webhook/0',
  firing,
  resolved: [],
  toldAt: new Date(AT - 1_000),
  seq: 1,
  pending: null,
  isTaken: false,
  groupId: null,
  awaited: [],
  ...more,
});

interface Scene {
  readonly firing?: readonly (string | KnownAlert)[];
  readonly over?: readonly string[];
  readonly last?: ToldOfGroup;
  readonly sendResolved?: boolean;
  readonly mutes?: Partial<GroupStagesOptions>;
}

async function verdictOn({ firing = [], over = [], last, sendResolved = true, mutes = {} }: Scene) {
  const look: GroupLook = {
    key: 'g',
    at: AT,
    receiver: 'r',
    repeatIntervalMs: HOUR,
    muteTimeIntervals: [],
    activeTimeIntervals: [],
    members: [
      ...firing.map((one) => ({ alert: typeof one === 'string' ? alert(one) : one, isOver: false })),
      ...over.map((one) => ({ alert: alert(one, { state: 'RESOLVED' }), isOver: true })),
    ],
    told: new Map(last === undefined ? [] : [[last.integration, last]]),
  };
  const warn = jest.fn();
  const verdicts = createGroupVerdicts({
    silencer: async () => () => [],
    inhibitedBy: () => [],
    timeMutedBy: () => [],
    integrationsOf: () => [{ name: 'r/webhook/0', sendResolved }],
    log: { warn },
    ...mutes,
  });
  return { ...(await verdicts(new Date(AT)))(look), warn };
}

describe('who was told what decides whether a group is told', () => {
  it.each<[string, Scene, string | null]>([
    ['nobody was told and one fires', { firing: ['a'] }, 'first notification'],
    ['nobody was told and all are over', { over: ['a'] }, null],
    ['all that fire were told', { firing: ['a'], last: told(['a', 'b']) }, null],
    ['one is new', { firing: ['a', 'b'], last: told(['a']) }, 'new alerts added'],
    [
      'one fires after all were over',
      { firing: ['a'], last: told([], { resolved: ['a'] }) },
      'first notification',
    ],
    ['all that were told are over', { over: ['a'], last: told(['a']) }, 'all alerts resolved'],
    ['that all are over was told', { over: ['a'], last: told([], { resolved: ['a'] }) }, null],
    ['one of two is over', { firing: ['a'], over: ['b'], last: told(['a', 'b']) }, 'some alerts resolved'],
    [
      'one of two is over and resolves are not wanted',
      { firing: ['a'], over: ['b'], last: told(['a', 'b']), sendResolved: false },
      null,
    ],
    [
      'the repeat interval is over',
      { firing: ['a'], last: told(['a'], { toldAt: new Date(AT - HOUR - 1) }) },
      'repeat interval elapsed',
    ],
    [
      'the repeat interval is just not over',
      { firing: ['a'], last: told(['a'], { toldAt: new Date(AT - HOUR) }) },
      null,
    ],
    [
      'the repeat interval is over and somebody has acknowledged',
      { firing: [alert('a', { acknowledgement: HELD })], last: told(['a'], { toldAt: new Date(0) }) },
      null,
    ],
    [
      'nothing was sent of what waits yet',
      { firing: ['a'], last: told([], { toldAt: null }) },
      'first notification',
    ],
  ])('%s', async (_, scene, reason) => {
    const { messages } = await verdictOn(scene);
    expect(messages.map(({ pending }) => pending?.reason)).toEqual(reason === null ? [] : [reason]);
  });

  it('what waits already is not made anew, what is not so any more is taken back', async () => {
    const pending = { reason: 'first notification', firing: ['a'], resolved: [] };
    const last = told([], { toldAt: null, pending });
    expect((await verdictOn({ firing: ['a'], last })).messages).toEqual([]);
    expect((await verdictOn({ over: ['a'], last })).messages).toEqual([
      { integration: 'r/webhook/0', pending: null, told: false },
    ]);
    expect((await verdictOn({ firing: ['a', 'b'], last })).messages).toMatchObject([
      { pending: { firing: ['a', 'b'] } },
    ]);
  });

  it('what is being sent is not taken back', async () => {
    const pending = { reason: 'first notification', firing: ['a'], resolved: [] };
    expect(
      (await verdictOn({ over: ['a'], last: told([], { toldAt: null, pending, isTaken: true }) })).messages,
    ).toEqual([]);
  });

  it('what people have taken is on record as held by them once its repeat would be due, and not before', async () => {
    const firing = [alert('a', { acknowledgement: HELD }), alert('b', { acknowledgement: HELD })];
    const due = await verdictOn({ firing, last: told(['a', 'b'], { toldAt: new Date(0) }) });
    const by = ['ana'];
    expect(due.held).toEqual([
      { fingerprint: 'a', reason: 'acknowledged', by },
      { fingerprint: 'b', reason: 'acknowledged', by },
    ]);
    expect((await verdictOn({ firing, last: told(['a', 'b']) })).held).toEqual([]);
    const one = [firing[0]!, 'b'];
    const repeated = await verdictOn({ firing: one, last: told(['a', 'b'], { toldAt: new Date(0) }) });
    expect([repeated.held, repeated.messages.length]).toEqual([[], 1]);
  });

  it('that all are over counts as told where resolves are not wanted', async () => {
    const { messages } = await verdictOn({ over: ['a'], last: told(['a']), sendResolved: false });
    expect(messages).toMatchObject([{ told: true, pending: { firing: [] } }]);
  });

  it('a resolve that was told is not in the next message again', async () => {
    const { messages } = await verdictOn({
      firing: ['a', 'c'],
      over: ['b'],
      last: told(['a'], { resolved: ['b'] }),
    });
    expect(messages).toMatchObject([{ pending: { firing: ['a', 'c'], resolved: [] } }]);
  });
});

describe('mutes', () => {
  it.each<[string, Partial<GroupStagesOptions>, string[]]>([
    [
      'silence',
      {
        silencer:
          async () =>
          ({ alertname }) =>
            alertname === 'a' ? ['s1'] : [],
      },
      ['s1'],
    ],
    ['inhibition', { inhibitedBy: ({ fingerprint }) => (fingerprint === 'a' ? ['source'] : []) }, ['source']],
  ])('a %s holds single alerts back, with its name', async (reason, mutes, by) => {
    const { messages, held } = await verdictOn({ firing: ['a', 'b'], mutes });
    expect(held).toEqual([{ fingerprint: 'a', reason, by }]);
    expect(messages).toMatchObject([{ pending: { firing: ['b'] } }]);
  });

  it('a time interval holds the whole group back', async () => {
    const { messages, held } = await verdictOn({
      firing: ['a', 'b'],
      mutes: { timeMutedBy: () => ['weekend'] },
    });
    expect(held.map(({ reason, by }) => [reason, by])).toEqual(Array(2).fill(['time interval', ['weekend']]));
    expect(messages).toEqual([]);
  });

  it('whoever was told that it fires hears that it is over, silenced or not', async () => {
    const mutes = { silencer: async () => () => ['s1'], timeMutedBy: () => ['weekend'] };
    const { messages } = await verdictOn({ over: ['a'], last: told(['a']), mutes });
    expect(messages).toMatchObject([{ pending: { reason: 'all alerts resolved', resolved: ['a'] } }]);
    expect((await verdictOn({ over: ['b'], last: told(['a']), mutes })).messages).toEqual([]);
  });

  it('silences that cannot be read hold nobody back, and it is said', async () => {
    const mutes = { silencer: () => Promise.reject(new Error('postgres is away')) };
    const { messages, warn } = await verdictOn({ firing: ['a'], mutes });
    expect(messages).toHaveLength(1);
    expect(warn.mock.calls[0]![1]).toContain('postgres is away');
  });
});
