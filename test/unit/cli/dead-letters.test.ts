/** `tocsin receivers dead` and `resend`: what was given up, and what people may ask for. */
import type { DeadLetter } from '../../../src/history/port';
import { NOW, run } from './fake-context';

const letter = (change: Partial<DeadLetter> = {}): DeadLetter => ({
  ...{
    id: '1042',
    kind: 'message',
    receiver: 'slack',
    alertname: 'DiskFull',
    fingerprint: '7c3f00aa11bb22cc',
  },
  ...{ episode: 1_000, groupKey: null, step: 'escalate-1', alerts: 1, open: 1 },
  ...{ at: new Date(NOW - 120_000), attempts: 3, error: 'HTTP 400 invalid_blocks' },
  ...change,
});
const ofGroup = letter({
  ...{ id: 'g17', kind: 'group', receiver: 'ops/webhook/0', fingerprint: null, episode: null, alerts: 12 },
  ...{ groupKey: '{}:{a="b"}', step: 'new alerts added', open: 0 },
});

describe('dead', () => {
  it('shows alert, step, receiver, when, how often it was tried, and the error', async () => {
    const { code, out } = await run(['receivers', 'dead'], { dead: [letter(), ofGroup] });
    expect(code).toBe(0);
    expect(out).toMatch(
      /^1042 +2m ago +slack +DiskFull 7c3f00aa +escalate-1 +open +3 +HTTP 400 invalid_blocks$/m,
    );
    expect(out).toMatch(/^g17 +.*ops\/webhook\/0 +DiskFull and 11 more +new alerts added +over/m);
  });

  it('names an incident by its reference, all of it', async () => {
    const ofIncident = letter({ alertname: 'orders', fingerprint: 'INC-1234567', step: 'incident' });
    const { out } = await run(['receivers', 'dead'], { dead: [ofIncident] });
    expect(out).toMatch(/ orders INC-1234567 +incident +open /);
  });

  it('asks for one receiver and a time, and is there for programs', async () => {
    const args = ['receivers', 'dead', '--receiver', 'slack', '--since', '24h', '--json'];
    const { out, calls } = await run(args, { dead: [letter()] });
    expect(calls[0]).toEqual(['dead', { receiver: 'slack', since: new Date(NOW - 86_400_000) }]);
    expect(JSON.parse(out)).toEqual([
      expect.objectContaining({
        id: '1042',
        receiver: 'slack',
        error: 'HTTP 400 invalid_blocks',
        group_key: null,
      }),
    ]);
  });

  it('says that there is none', async () => {
    expect((await run(['receivers', 'dead', '--since', '1h'])).out).toBe('No message was given up since 1h.');
  });
});

describe('resend', () => {
  it('by ids, in the name of who asks; one that cannot be sent fails the command', async () => {
    const world = { dead: [letter(), ofGroup] };
    const { code, out, calls } = await run(['receivers', 'resend', '1042', 'g17', '9'], world);
    expect(calls.find(([name]) => name === 'resend')).toEqual([
      'resend',
      ['1042', 'g17', '9'],
      { owner: 'alice', receivers: null },
    ]);
    expect(code).toBe(1);
    expect(out).toMatch(/^9 +left +there is no such message$/m);
    expect((await run(['receivers', 'resend', '1042'], world)).code).toBe(0);
  });

  it.each([['--receiver', 'slack'], ['--all']])('all that were given up: %s', async (...args) => {
    const { code, calls } = await run(['receivers', 'resend', ...args], { dead: [letter()] });
    expect(code).toBe(0);
    expect(calls.map(([name]) => name)).toEqual(['dead', 'resend', 'close']);
  });

  it('says where it stopped, of more than it sends at once', async () => {
    const dead = Array.from({ length: 5_000 }, (_, id) => letter({ id: String(id) }));
    const { code, err } = await run(['receivers', 'resend', '--all'], { dead });
    expect(code).toBe(0);
    expect(err).toContain('these are the newest 5000; call it again for others');
    const fewer = await run(['receivers', 'resend', '--all'], { dead: dead.slice(1) });
    expect(fewer.err).not.toContain('newest');
  });

  it.each([
    [[], /say which: ids/],
    [['1042', '--all'], /one of the three/],
    [['--all', '--receiver', 'slack'], /one of the three/],
    [['1042', '--since', '1h'], /--since goes with/],
    [['7c3f'], /"7c3f" is no id of a message/],
  ])('refuses %j', async (args, message) => {
    const { code, err, calls } = await run(['receivers', 'resend', ...args], { dead: [letter()] });
    expect([code, calls]).toEqual([2, []]);
    expect(err).toMatch(message);
  });
});
