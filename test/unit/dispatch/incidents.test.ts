/** Which alerts make one incident: by their labels, by when they fired, by how many they are. */
import fc from 'fast-check';
import { createCorrelation, type Commands } from '../../../src/dispatch/incidents';
import type { IncidentPolicy } from '../../../src/dispatch/port';
import { planPages } from '../../../src/dispatch/pages';
import type {
  IncidentCandidate,
  IncidentDraft,
  KnownIncidents,
  OpenIncident,
} from '../../../src/history/port';
import { transition } from '../../builders/alerts';

const MINUTE = 60_000;
const T0 = Date.parse('2026-05-04T03:00:00Z');

const policy = (change: Partial<IncidentPolicy> = {}): IncidentPolicy => ({
  name: 'orders',
  matchers: [],
  groupBy: ['service'],
  related: { service: [['orders', 'payments', 'inventory']] },
  windowMs: 5 * MINUTE,
  minAlerts: 2,
  resolveAfterMs: MINUTE,
  commander: { schedules: [], people: ['dora'] },
  receivers: ['slack'],
  ...change,
});

const COMMANDS: Commands = new Map([
  ['orders', { commander: 'dora', recipients: [{ receiver: 'dora-phone', afterMs: 0 }], notes: [] }],
]);
const NONE: KnownIncidents = { open: [], loose: [] };

/** Alerts by what fires when: `['orders', 0]`. */
type Fired = readonly [service: string, minutes: number, severity?: string];

function candidates(fired: readonly Fired[], from = policy()): IncidentCandidate[] {
  const { candidateOf } = createCorrelation([from]);
  return fired.flatMap(([service, minutes, severity = 'warning'], index) => {
    const alert = { fingerprint: `${service}-${minutes}-${index}`, episode: T0, at: T0 + minutes * MINUTE };
    return candidateOf(alert, { service, severity }) ?? [];
  });
}

function decide(fired: readonly Fired[], from = policy(), known = NONE): IncidentDraft[] {
  return createCorrelation([from]).decide(known, candidates(fired, from), COMMANDS);
}

const membersOf = (drafts: readonly IncidentDraft[]): string[][] =>
  drafts.map(({ members }) => members.map(({ fingerprint }) => fingerprint.replace(/-\d+$/, '')).sort());

describe('alerts of one service, or of related ones, within the window', () => {
  it.each<[string, Fired[], string[][]]>([
    [
      'the same service',
      [
        ['web', 0],
        ['web', 4],
      ],
      [['web-0', 'web-4']],
    ],
    [
      'related services',
      [
        ['orders', 0],
        ['payments', 4],
      ],
      [['orders-0', 'payments-4']],
    ],
    [
      'others',
      [
        ['orders', 0],
        ['web', 1],
      ],
      [],
    ],
    ['one alone', [['orders', 0]], []],
    [
      'at the edge of the window',
      [
        ['orders', 0],
        ['orders', 5],
      ],
      [['orders-0', 'orders-5']],
    ],
    [
      'beyond it',
      [
        ['orders', 0],
        ['orders', 5.001],
      ],
      [],
    ],
    [
      'in another order',
      [
        ['payments', 4],
        ['orders', 0],
      ],
      [['orders-0', 'payments-4']],
    ],
    [
      'on from the newest',
      [
        ['orders', 0],
        ['orders', 4],
        ['orders', 8],
      ],
      [['orders-0', 'orders-4', 'orders-8']],
    ],
    [
      'two at a time',
      [
        ['orders', 0],
        ['orders', 1],
        ['web', 0],
        ['web', 1],
      ],
      [
        ['orders-0', 'orders-1'],
        ['web-0', 'web-1'],
      ],
    ],
    [
      'again later',
      [
        ['web', 0],
        ['web', 1],
        ['web', 9],
        ['web', 10],
      ],
      [
        ['web-0', 'web-1'],
        ['web-10', 'web-9'],
      ],
    ],
  ])('%s', (_, fired, expected) => expect(membersOf(decide(fired)).sort()).toEqual(expected));

  it('as soon as there are enough of them in one window', () => {
    const three = policy({ minAlerts: 3 });
    expect(
      decide(
        [
          ['web', 0],
          ['web', 4],
          ['web', 8],
        ],
        three,
      ),
    ).toEqual([]);
    expect(
      membersOf(
        decide(
          [
            ['web', 0],
            ['web', 4],
            ['web', 5],
          ],
          three,
        ),
      ),
    ).toEqual([['web-0', 'web-4', 'web-5']]);
  });

  it('only those that matchers hold for, and that have all of the labels', () => {
    const { candidateOf } = createCorrelation([
      policy({
        matchers: [{ name: 'severity', op: '!=', value: 'info' }],
        groupBy: ['service', 'environment'],
      }),
    ]);
    const alert = { fingerprint: 'f', episode: T0, at: T0 };
    const found = (labels: Record<string, string>) => candidateOf(alert, labels)?.about ?? null;
    expect(found({ service: 'orders', environment: 'prod' })).toBe(
      'service=orders|payments|inventory, environment=prod',
    );
    expect(found({ service: 'orders', environment: 'prod', severity: 'info' })).toBeNull();
    expect(found({ service: 'orders' })).toBeNull();
    expect(found({ service: '', environment: 'prod' })).toBeNull();
  });

  it('by the first policy that takes them', () => {
    const { policyFor } = createCorrelation([policy({ groupBy: ['cluster'], name: 'clusters' }), policy()]);
    expect(policyFor({ service: 'web' })?.name).toBe('orders');
    expect(policyFor({ service: 'web', cluster: 'c1' })?.name).toBe('clusters');
    expect(policyFor({})).toBeNull();
  });
});

describe('an incident that is open', () => {
  const open: OpenIncident = {
    ...{ id: 7, policy: 'orders', key: candidates([['orders', 0]])[0]!.key, about: 'service=orders' },
    ...{ firstAt: T0, newestAt: T0 + 2 * MINUTE, severity: 'warning', told: ['slack'], known: new Set() },
  };
  const joined = (fired: readonly Fired[]) => decide(fired, policy(), { open: [open], loose: [] });

  it.each([7, -5, 1])('takes in what fires within the window of its alerts: %d min', (minutes) => {
    expect(joined([['payments', minutes]])).toMatchObject([{ id: 7, opens: null, isRaised: false }]);
  });

  it.each([7.001, -5.001])('and nothing else: %d min', (minutes) => {
    expect(joined([['payments', minutes]])).toEqual([]);
  });

  it('takes back its alerts that fire anew, however late', () => {
    const [again] = candidates([['orders', 90]]);
    const known = { open: [{ ...open, known: new Set([again!.fingerprint]) }], loose: [] };
    expect(decide([['orders', 90]], policy(), known)).toMatchObject([{ id: 7, newestAt: T0 + 90 * MINUTE }]);
    expect(joined([['orders', 90]])).toEqual([]);
  });

  it('is raised by what is worse, once, and not by what is no worse', () => {
    expect(
      joined([
        ['orders', 3, 'critical'],
        ['orders', 4, 'critical'],
      ]),
    ).toMatchObject([{ id: 7, severity: 'critical', isRaised: true, newestAt: T0 + 4 * MINUTE }]);
    expect(joined([['orders', 3, 'info']])).toMatchObject([{ severity: 'warning', isRaised: false }]);
  });
});

it('a new one has the worst severity, who commands, and who is told at the earliest', () => {
  const [draft] = decide(
    [
      ['orders', 0, 'warning'],
      ['orders', 1, 'critical'],
      ['orders', 2, 'high'],
    ],
    policy({ receivers: ['slack', 'dora-phone'] }),
  );
  expect(draft).toMatchObject({
    ...{ id: null, severity: 'critical', isRaised: false, firstAt: T0, newestAt: T0 + 2 * MINUTE },
    opens: {
      commander: 'dora',
      recipients: [
        { receiver: 'slack', afterMs: 0 },
        { receiver: 'dora-phone', afterMs: 0 },
      ],
    },
  });
});

it('alerts that are known to be related count, and those of long ago do not', () => {
  const loose = candidates([
    ['payments', -3],
    ['payments', -30],
  ]);
  expect(membersOf(decide([['orders', 0]], policy(), { open: [], loose }))).toEqual([
    ['orders-0', 'payments--3'],
  ]);
});

it('however alerts come in batches, nobody belongs to two incidents, and who belongs was near to another', () => {
  const alerts = fc.array(
    fc.tuple(fc.constantFrom('orders', 'payments', 'web'), fc.integer({ min: 0, max: 40 })),
    {
      maxLength: 30,
    },
  );
  fc.assert(
    fc.property(alerts, (fired) => {
      const drafts = decide(fired);
      const all = drafts.flatMap(({ members }) => members);
      expect(new Set(all.map(({ fingerprint }) => fingerprint)).size).toBe(all.length);
      for (const { members } of drafts) {
        expect(members.length).toBeGreaterThanOrEqual(2);
        for (const one of members)
          expect(members.some((other) => other !== one && Math.abs(other.at - one.at) <= 5 * MINUTE)).toBe(
            true,
          );
      }
    }),
  );
});

describe('transitions that come to `pages`', () => {
  const { candidateOf, decide: correlate } = createCorrelation([policy()]);
  const audience = {
    ...{ pageFor: () => [], resolveTo: [] },
    incidents: {
      candidateOf,
      decide: (known: KnownIncidents, of: readonly IncidentCandidate[]) => correlate(known, of, COMMANDS),
    },
  };
  const labels = { service: 'orders' };
  const plan = (
    transitions: Parameters<typeof planPages>[1],
    rows: Parameters<typeof planPages>[0] = new Map(),
  ) => planPages(rows, transitions, audience, new Date(T0));

  it('what fires is a candidate, once', () => {
    const fired = transition({ labels });
    const change = plan([fired, fired, transition({ labels, at: 5 })]);
    expect(change.incidents?.candidates).toMatchObject([
      { fingerprint: fired.fingerprint, policy: 'orders' },
    ]);
    const known = new Map(change.rows.map((row) => [row.fingerprint, row]));
    expect(plan([fired], known).incidents).toBeUndefined();
  });

  it('what is over by the end of its batch is none', () => {
    expect(
      plan([transition({ labels }), transition({ labels, kind: 'resolved', at: 1, startsAt: 0 })]).incidents,
    ).toBeUndefined();
  });

  it('nor is what no policy takes', () => {
    expect(plan([transition()]).incidents).toBeUndefined();
  });
});

it('a receiver of alertmanager.yml is told by each of its integrations', () => {
  const from = policy({ receivers: ['slack', 'alertmanager/pager'] });
  const waysOf = (name: string) => (name === 'slack' ? [name] : [`${name}/webhook/0`, `${name}/email/1`]);
  const fired = candidates([
    ['orders', 0],
    ['orders', 1],
  ]);
  const [draft] = createCorrelation([from], waysOf).decide(NONE, fired, COMMANDS);
  const ways = ['slack', 'alertmanager/pager/webhook/0', 'alertmanager/pager/email/1'];
  expect(draft!.opens!.receivers).toEqual(ways);
  expect(draft!.opens!.recipients.map(({ receiver }) => receiver)).toEqual([...ways, 'dora-phone']);
});
