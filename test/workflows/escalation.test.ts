import type { TestWorkflowEnvironment } from '@temporalio/testing';
import {
  acknowledgeUpdate,
  escalateUpdate,
  resolveUpdate,
  silenceUpdate,
  unacknowledgeUpdate,
  undeliveredSignal,
} from '../../workflows/messages';
import { MINUTE, policy } from '../builders/alerts';
import { skippingWorld, type World } from './world';

const SECOND = 1_000;
const DAY = 24 * 60 * MINUTE;

/** Without a cache every task replays the life from its beginning: what it decides must not depend on when it does. */
describe.each([
  ['kept in the cache', 200],
  ['replayed at every task', 0],
])('a life that is %s', (_, maxCachedWorkflows) => {
  let world: World;
  let env: TestWorkflowEnvironment;
  beforeAll(async () => ({ world, env } = await skippingWorld({ maxCachedWorkflows })));
  afterAll(() => world.close());

  it('tells level after level at its time, and the resolve ends it', async () => {
    const alert = world.alert();
    await alert.deliver();
    await env.sleep(16 * MINUTE);
    expect(alert.messages()).toEqual(['escalate-1>mail-1', 'escalate-2>mail-2']);
    await alert.deliver({ kind: 'resolved', at: 1, startsAt: 0 });
    await alert.handle.result();
    await env.sleep(200 * MINUTE);
    expect(alert.messages()).toHaveLength(2);
  });

  it('waits for seconds, minutes and days alike, and goes round again as often as it is told to', async () => {
    const levels = [
      { name: 'first', receivers: ['a', 'b'], timeoutMs: 5 * SECOND },
      { name: 'second', receivers: ['c'], timeoutMs: 3 * DAY },
    ];
    const alert = world.alert({ escalation: { name: 'slow', delayMs: 20 * MINUTE, repeat: 1, levels } });
    await alert.deliver();
    const told = async (afterMs: number): Promise<string[]> => {
      await env.sleep(afterMs);
      return alert.messages();
    };
    expect(await told(19 * MINUTE)).toEqual([]);
    expect(await told(MINUTE + 2 * SECOND)).toEqual(['escalate-1>a', 'escalate-1>b']);
    expect(await told(5 * SECOND)).toHaveLength(3);
    expect(await told(3 * DAY - 10 * SECOND)).toHaveLength(3);
    expect(await told(20 * SECOND)).toEqual([
      'escalate-1>a',
      'escalate-1>b',
      'escalate-2>c',
      'escalate-3>a',
      'escalate-3>b',
      'escalate-4>c',
    ]);
    expect(await told(30 * DAY)).toHaveLength(6);
  });

  it('tells the next level at once when nobody could be told, once however often it hears of it', async () => {
    const alert = world.alert();
    await alert.deliver();
    await env.sleep(MINUTE);
    const { episode } = await alert.status();
    const nobody = { episode, step: 'escalate-1', reason: 'mail-1: SMTP 550' };
    await alert.handle.signal(undeliveredSignal, nobody);
    await alert.handle.signal(undeliveredSignal, nobody);
    await env.sleep(MINUTE);
    expect(alert.messages()).toEqual(['escalate-1>mail-1', 'escalate-2>mail-2']);
    await env.sleep(31 * MINUTE);
    expect(alert.messages()).toHaveLength(3);
    expect(alert.timeline().map(({ kind }) => kind)).toEqual([
      ...['escalated', 'undelivered', 'escalated', 'escalated'],
    ]);
  });

  it('stops at an acknowledgement, and when its lease lapses goes on at the same step with what was left', async () => {
    const alert = world.alert();
    await alert.deliver();
    await env.sleep(5 * MINUTE);
    const answer = await alert.handle.executeUpdate(acknowledgeUpdate, {
      args: [{ owner: 'ada', lease_seconds: 3_600 }],
    });
    expect(answer.state).toBe('ACKNOWLEDGED');
    await env.sleep(59 * MINUTE);
    expect(alert.messages()).toEqual(['escalate-1>mail-1']);
    await env.sleep(9 * MINUTE);
    expect(alert.messages()).toEqual(['escalate-1>mail-1']);
    await env.sleep(3 * MINUTE);
    expect(alert.messages()).toEqual(['escalate-1>mail-1', 'escalate-2>mail-2']);
    expect(alert.timeline().map(({ kind }) => kind)).toEqual([
      'escalated',
      'acknowledged',
      'lapsed',
      'escalated',
    ]);
  });

  it('goes on when the acknowledgement is given back', async () => {
    const alert = world.alert();
    await alert.deliver();
    await alert.handle.executeUpdate(acknowledgeUpdate, { args: [{ owner: 'ada' }] });
    await env.sleep(100 * MINUTE);
    expect(alert.messages()).toHaveLength(1);
    await alert.handle.executeUpdate(unacknowledgeUpdate, { args: [{ owner: 'ada' }] });
    await env.sleep(16 * MINUTE);
    expect(alert.messages()).toHaveLength(2);
  });

  it('stores a silence before it answers, and waits until it ends', async () => {
    const alert = world.alert();
    await alert.deliver();
    await alert.handle.executeUpdate(silenceUpdate, {
      args: [{ owner: 'ada', duration_seconds: 3_600, comment: 'deploy' }],
    });
    const silence = world.silences.at(-1)!;
    expect(silence).toMatchObject({ createdBy: 'ada', comment: 'deploy' });
    expect(silence.matchers).toContainEqual({ name: 'instance_id', op: '=', value: 'prod-db-01' });
    expect((await alert.status()).state).toBe('SILENCED');
    await env.sleep(59 * MINUTE);
    expect(alert.messages()).toHaveLength(1);
    await env.sleep(17 * MINUTE);
    expect(alert.messages()).toHaveLength(2);
    expect(alert.timeline().map(({ kind }) => kind)).toEqual([
      'escalated',
      'silenced',
      'silence_ended',
      'escalated',
    ]);
  });

  it('silences until it is over: the silence names the episode with whose end it ends', async () => {
    const alert = world.alert();
    await alert.deliver();
    const { episode } = await alert.status();
    const answer = await alert.handle.executeUpdate(silenceUpdate, {
      args: [{ owner: 'ada', until_resolved: true, comment: 'known' }],
    });
    expect(answer.message).toContain('until it is over');
    const silence = world.silences.at(-1)!;
    const [fingerprint] = silence.id.split('-');
    expect(silence).toMatchObject({
      comment: 'known (until its alerts are over)',
      untilResolved: [{ fingerprint, episode }],
    });
    await env.sleep(60 * MINUTE);
    expect(alert.messages()).toHaveLength(1);
  });

  it('lets a person escalate at once; an action that does not fit the state is refused with the reason', async () => {
    const { handle, deliver } = world.alert();
    await deliver();
    expect((await handle.executeUpdate(escalateUpdate, { args: [{ owner: 'ada' }] })).message).toContain(
      'senior_dba',
    );
    await handle.executeUpdate(resolveUpdate, { args: [{ owner: 'ada', comment: 'known' }] });
    await expect(handle.executeUpdate(acknowledgeUpdate, { args: [{ owner: 'bob' }] })).rejects.toMatchObject(
      { cause: { message: expect.stringContaining('RESOLVED') } },
    );
  });

  it('is quiet for the cool-down after a manual resolve, and then a new episode when the condition still holds', async () => {
    const alert = world.alert();
    await alert.deliver();
    await alert.handle.executeUpdate(resolveUpdate, { args: [{ owner: 'ada' }] });
    await alert.deliver({ kind: 'changed', at: 1, startsAt: 0 });
    await env.sleep(4 * MINUTE);
    expect(alert.messages()).toEqual(['escalate-1>mail-1']);
    await env.sleep(2 * MINUTE);
    expect(alert.messages()).toEqual(['escalate-1>mail-1', 'fire>service', 'escalate-1>mail-1']);
    expect(await alert.status()).toMatchObject({ state: 'FIRING', episodes: 2 });
    expect(alert.timeline().map(({ kind }) => kind)).toEqual([
      'escalated',
      'resolved',
      'reopened',
      'escalated',
    ]);
    await alert.deliver({ kind: 'resolved', at: 2, startsAt: 0 });
    await env.sleep(6 * MINUTE);
    await alert.handle.result();
  });

  it('ends with a manual resolve when the condition has ended meanwhile', async () => {
    const alert = world.alert();
    await alert.deliver();
    await alert.handle.executeUpdate(resolveUpdate, { args: [{ owner: 'ada' }] });
    await alert.deliver({ kind: 'resolved', at: 1, startsAt: 0 });
    await env.sleep(6 * MINUTE);
    await alert.handle.result();
    expect(alert.messages()).toEqual(['escalate-1>mail-1']);
  });

  it('cools down in the same run from the second episode on, and each episode is paged once', async () => {
    const alert = world.alert();
    await alert.deliver();
    await alert.deliver({ kind: 'resolved', at: 1, startsAt: 0 });
    await alert.handle.result();
    await alert.deliver({ at: 10 });
    for (const at of [20, 30]) {
      await alert.deliver({ kind: 'resolved', at: at - 5, startsAt: at - 10 });
      await alert.deliver({ at });
      await alert.deliver({ at });
    }
    expect(await alert.status()).toMatchObject({ state: 'FIRING', episodes: 3 });
    await alert.deliver({ kind: 'resolved', at: 35, startsAt: 30 });
    await env.sleep(4 * MINUTE);
    expect(await alert.deliver({ at: 40 })).toBe('signalled');
    await alert.deliver({ kind: 'resolved', at: 45, startsAt: 40 });
    await env.sleep(6 * MINUTE);
    await alert.handle.result();
    expect(alert.messages()).toEqual(Array.from({ length: 5 }, () => 'escalate-1>mail-1'));
  });

  it('stops its chain when a changed configuration has none for it any more', async () => {
    const alert = world.alert();
    await alert.deliver();
    await alert.deliver({ kind: 'changed', at: 1, startsAt: 0 }, { escalation: null });
    await env.sleep(100 * MINUTE);
    expect(alert.messages()).toEqual(['escalate-1>mail-1']);
    expect((await alert.status()).state).toBe('FIRING');
  });

  it.each([
    ['zero', 0],
    ['longer than the calendar', 1e18],
  ])('lives with waits that are %s', async (_name, absurd) => {
    const { escalation } = policy();
    const levels = escalation!.levels.map((level) => ({ ...level, timeoutMs: absurd }));
    const alert = world.alert({
      escalation: { ...escalation!, repeat: 20, levels },
      acknowledgeLeaseMs: absurd,
      cooldownMs: absurd,
    });
    await alert.deliver();
    await alert.handle.executeUpdate(acknowledgeUpdate, { args: [{ owner: 'ada' }] });
    await alert.handle.executeUpdate(resolveUpdate, { args: [{ owner: 'ada' }] });
    const { episodes } = await alert.status();
    expect(episodes).toBe(absurd === 0 ? 2 : 1);
    expect(alert.messages().filter((one) => one.startsWith('escalate'))).toHaveLength(
      absurd === 0 ? 2 * 63 : 1,
    );
    await alert.handle.terminate();
  });
});
