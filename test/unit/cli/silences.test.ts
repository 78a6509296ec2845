/** Silences from the command line: until a time, until alerts are over, and what one would mute. */
import type { Silence } from '../../../src/mute/port';
import { alertRow, NOW, run, type World } from './fake-context';

const silences = (args: readonly string[], world: World = {}) => run(['silences', ...args], world);
const open = alertRow();
const over = alertRow({ fingerprint: 'ff00', state: 'RESOLVED', labels: { alertname: 'Old', a: 'b' } });
const kept = (change: Partial<Silence> = {}): Silence => ({
  ...{ id: 's1', matchers: [{ name: 'a', op: '=', value: 'b' }], createdBy: 'ana', comment: 'deploy' },
  startsAt: new Date(NOW - 60_000).toISOString(),
  endsAt: new Date(NOW + 3_600_000).toISOString(),
  ...change,
});

describe('add', () => {
  const added = async (args: readonly string[], world: World = {}) => {
    const { code, out, err, calls } = await silences(['add', ...args], world);
    return { code, out, err, set: calls.find(([name]) => name === 'set')?.[1] };
  };

  it('for so long, on matchers in Alertmanager’s form', async () => {
    const { out, set } = await added(['service="orders"', '{team=~"a|b"}', '--for', '2h', '--comment', 'x']);
    expect(set).toEqual({
      ...{ id: null, createdBy: 'alice', comment: 'x', annotations: {} },
      matchers: [
        { name: 'service', op: '=', value: 'orders' },
        { name: 'team', op: '=~', value: 'a|b' },
      ],
      ...{ startsAt: '2026-11-21T12:12:00.000Z', endsAt: '2026-11-21T14:12:00.000Z' },
    });
    expect(out).toMatch(/^silence new-silence until .*: service="orders", team=~"a\|b"$/);
  });

  it('until the alerts that are open now are over; amtool sees an end that is far away, and why', async () => {
    const { out, set } = await added(['alertname=~".+"', '--until-resolved'], { rows: [open, over] });
    expect(set).toMatchObject({
      untilResolved: [{ fingerprint: open.fingerprint, episode: open.episode }],
      ...{ endsAt: '2027-11-21T12:12:00.000Z', comment: '(until its alerts are over)' },
    });
    expect(out).toContain('until its alert is over');
  });

  it('on all labels of an alert that is named by its fingerprint', async () => {
    const { set } = await added(['7c3f', '--for', '1h']);
    const { matchers } = set as { matchers: readonly unknown[] };
    expect(matchers).toHaveLength(Object.keys(open.labels).length);
    expect(matchers).toContainEqual({ name: 'service', op: '=', value: 'orders' });
  });

  it.each([
    [['a="b"'], /say how long: --for 2h, or --until-resolved/],
    [['a="b"', '--for', '1h', '--until-resolved'], /say how long/],
    [['a="b"', '--until-resolved'], /no open alert has such labels/],
    [['a=""', '--for', '1h'], /must not hold for the empty value/],
    [['{}', '--for', '1h'], /it needs a matcher at least/],
    [['a=~"("', '--for', '1h'], /a=~\\"\(\\"/],
  ])('refuses %j', async (args, message) => {
    const { code, err, set } = await added(args);
    expect([code, set]).toEqual([2, undefined]);
    expect(err).toMatch(message);
  });
});

test('list leaves out what is over, expire ends by id', async () => {
  const world = { silences: [kept(), kept({ id: 's0', endsAt: new Date(NOW - 1).toISOString() })] };
  const { out } = await silences(['list'], world);
  expect(out).toMatch(/^s1 +active +a="b" .*in 1h +ana +deploy$/m);
  expect(out).not.toContain('s0');
  const all = JSON.parse((await silences(['list', '--all', '--json'], world)).out) as { state: string }[];
  expect(all.map(({ state }) => state)).toEqual(['active', 'expired']);
  expect((await silences(['expire', 's1'], world)).calls).toContainEqual(['expire', 's1']);
  expect((await silences(['expire', 'nix'], world)).err).toMatch(/there is no silence nix/);
});

describe('preview', () => {
  it('says what it would mute now and would have muted, with examples', async () => {
    const { code, out } = await silences(['preview', 'alertname=~".+"'], { rows: [open, over] });
    expect(code).toBe(0);
    expect(out.split('\n')).toEqual([
      'A silence on alertname=~".+"',
      'mutes 1 open alert now',
      '  1  PostgresConnectionsHigh',
      expect.stringMatching(/^would have muted 2 episodes of 2 alerts in the last 7 days, the last 12m/),
      '  1  Old',
      '  1  PostgresConnectionsHigh',
      'Such as',
      expect.stringContaining('instance_id="prod-db-01"'),
    ]);
  });

  it('is there for programs', async () => {
    const { out } = await silences(['preview', 'alertname="Old"', '--json'], { rows: [open, over] });
    expect(JSON.parse(out)).toMatchObject({
      now: { count: 0, examples: [] },
      past: { count: 1, alerts: 1, by_alertname: [{ alertname: 'Old', count: 1 }], complete: true },
    });
  });

  it('refuses what would hold for every alert', async () => {
    const { code, err } = await silences(['preview', 'a=""']);
    expect([code, err]).toEqual([2, expect.stringMatching(/must not hold for the empty value/)]);
  });
});
