/** The small rules: who is on call, when it is tried again, what passes a breaker. */
import fc from 'fast-check';
import type { EscalationPolicy } from '../../../src/domain/escalation';
import { backoffMs, exhausted, RETRY_DEFAULTS } from '../../../src/notify/backoff';
import { createDestination } from '../../../src/notify/destination';
import { createLanes, wantedBy } from '../../../src/notify/lanes';
import { onCallOf } from '../../../src/notify/on-call';
import { createSentMemory } from '../../../src/notify/stages/sent-memory';
import { createWakeUp } from '../../../src/notify/wake-up';
import { delivered, failed, fakeChannel, receiver } from './test-notification';

describe('on call', () => {
  const level = (name: string) => ({ name, receivers: ['r'], timeoutMs: 1 });
  const policy: EscalationPolicy = {
    name: 'p',
    delayMs: 0,
    repeat: 1,
    levels: [level('on_call_dba'), level('senior_dba')],
  };
  test.each([
    ['escalate-1', 'on_call_dba'],
    ['escalate-2', 'senior_dba'],
    ['escalate-3', 'on_call_dba'],
    ['escalate-5', null],
    ['fire', null],
    ['resolved', null],
  ])('%s: %s', (step, expected) => {
    expect(onCallOf(policy, step)).toBe(expected);
    expect(onCallOf(null, step)).toBeNull();
  });
});

describe('trying again', () => {
  test('waits anywhere up to twice as long each time, up to a cap', () => {
    fc.assert(
      fc.property(
        fc.nat(200),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (attempts, random) => {
          const ms = backoffMs(RETRY_DEFAULTS, attempts, null, random);
          expect(ms).toBeGreaterThanOrEqual(100);
          expect(ms).toBeLessThanOrEqual(Math.min(300_000, 1_000 * 2 ** attempts));
        },
      ),
    );
    expect(backoffMs(RETRY_DEFAULTS, 3, null, 0.5)).toBe(4_000);
  });

  test('waits at least as long as the destination asks for, within reason', () => {
    expect(backoffMs(RETRY_DEFAULTS, 0, 7_000, 0.5)).toBe(7_500);
    expect(backoffMs(RETRY_DEFAULTS, 0, 1e12, 0)).toBe(3_600_000);
  });

  test('ends with the attempts or the age', () => {
    const policy = { ...RETRY_DEFAULTS, maxAttempts: 3, maxAgeMs: 600_000 };
    expect(exhausted(policy, 1, 1)).toBeNull();
    expect(exhausted(policy, 2, 1)).toBe('given up after 3 attempts');
    expect(exhausted(policy, 0, 600_000)).toBe('given up 10 min after it was written');
  });
});

describe('a destination', () => {
  const policy = { failureThreshold: 2, resetMs: 1_000, successThreshold: 1 };

  test('has no more calls at once than places', async () => {
    const destination = createDestination(
      'd',
      2,
      policy,
      () => 0,
      () => undefined,
    );
    let now = 0;
    let most = 0;
    const ends: (() => void)[] = [];
    const call = async () => {
      most = Math.max(most, ++now);
      await new Promise<void>((resolve) => ends.push(resolve));
      now--;
      return true;
    };
    const calls = Array.from({ length: 5 }, () => destination.attempt(call, Boolean));
    await new Promise(setImmediate);
    expect([now, destination.free()]).toEqual([2, 0]);
    while (ends.length > 0) {
      ends.shift()!();
      await new Promise(setImmediate);
    }
    expect(await Promise.all(calls)).toEqual([true, true, true, true, true]);
    expect([most, destination.free()]).toEqual([2, 2]);
  });

  test('is left alone after failures in a row, asked once after a while, and well again after a success', async () => {
    const states: string[] = [];
    let time = 0;
    const destination = createDestination(
      'd',
      2,
      policy,
      () => time,
      (state) => states.push(state),
    );
    const attempt = (ok: boolean) => destination.attempt(async () => ok, Boolean);
    expect([await attempt(false), await attempt(false), await attempt(true)]).toEqual([false, false, null]);
    time = 400;
    expect(destination.look()).toEqual({ allowed: false, retryInMs: 600, state: 'open' });
    time = 1_000;
    expect(destination.look()).toMatchObject({ allowed: true, retryInMs: null });
    expect(await attempt(true)).toBe(true);
    expect(states).toEqual(['open', 'half-open', 'closed']);
  });

  test('frees its place when a call throws', async () => {
    const destination = createDestination(
      'd',
      1,
      policy,
      () => 0,
      () => undefined,
    );
    const broken = destination.attempt(() => Promise.reject(new Error('broken')), Boolean);
    await expect(broken).rejects.toThrow('broken');
    expect(destination.free()).toBe(1);
  });
});

test('a lane leaves its rows in the queue while its circuit is open, but for those with a fallback; it probes with one', async () => {
  const { channel } = fakeChannel('http://down', () => failed);
  const other = fakeChannel('smtp://mail', () => delivered).channel;
  const all = [
    receiver('plain', channel),
    receiver('safe', channel, { fallback: 'mail' }),
    receiver('mail', other),
  ];
  let time = 0;
  const lanes = createLanes(
    all,
    4,
    { failureThreshold: 1, resetMs: 1_000, successThreshold: 1 },
    () => time,
    () => undefined,
  );
  const lane = (name: string) => lanes.all().find(({ destination }) => destination.name === name)!;
  const down = lane('http://down');
  expect(wantedBy(down)).toMatchObject({ receivers: ['plain', 'safe'], limit: 4 });
  await down.destination.attempt(async () => false, Boolean);
  expect(wantedBy(down)).toMatchObject({ receivers: ['safe'], limit: 4 });
  expect(wantedBy({ ...down, receivers: [all[0]!] })).toMatchObject({ receivers: [], limit: 0 });
  expect(wantedBy(lane('smtp://mail'))).toMatchObject({ receivers: ['mail'], limit: 4 });
  time = 1_000;
  expect(wantedBy(down)).toMatchObject({ receivers: ['plain', 'safe'], limit: 1 });
  lanes.take([receiver('other', channel)]);
  expect(lanes.all().map((each) => wantedBy(each))).toMatchObject([{ receivers: ['other'], limit: 1 }]);
  expect(lanes.destinationOf(all[0]!)).toBe(down.destination);
});

test('the memory of what was sent forgets the oldest when it is full', () => {
  const memory = createSentMemory(2);
  const key = (messageId: string) => ({ messageId, receiver: 'r' });
  const sent = { kind: 'sent' as const, via: 'r', detail: '' };
  ['a', 'b', 'c'].forEach((id) => memory.remember(key(id), sent));
  expect(['a', 'b', 'c'].map((id) => memory.recall(key(id)))).toEqual([null, sent, sent]);
  memory.forget(key('b'));
  expect(memory.recall(key('b'))).toBeNull();
  expect(memory.recall({ messageId: 'c', receiver: 'other' })).toBeNull();
});

describe('a wake-up', () => {
  test('ends the wait that is under way', async () => {
    const alarm = createWakeUp();
    const waiting = alarm.wait(60_000);
    alarm.wake();
    await waiting;
  });

  test('that came early ends the next wait, and only that one', async () => {
    const alarm = createWakeUp();
    alarm.wake();
    alarm.wake();
    await alarm.wait(60_000);
    const began = Date.now();
    await alarm.wait(30);
    expect(Date.now() - began).toBeGreaterThanOrEqual(28);
  });
});
