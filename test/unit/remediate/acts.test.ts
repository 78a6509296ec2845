/** A change is made once, between its intent and its result. */
import type { Row } from '../../../src/domain/runbook';
import { createActs } from '../../../src/remediate/acts';
import type { ActRequest, PermitStore } from '../../../src/remediate/port';
import { fakeStore, LEASE } from './policy';

const request: ActRequest = {
  remediationId: 'r-1',
  fingerprint: 'f',
  episode: 1,
  runbook: 'mend',
  target: 'db-1',
  statement: { name: 'mend it', text: 'select 1', values: [] },
  lease: LEASE,
};
const now = (): Date => new Date(77);
const actsOn = (
  store: PermitStore,
  change: (signal?: AbortSignal) => Promise<readonly Row[]>,
  changeTimeoutMs = 5_000,
) =>
  createActs({
    store,
    target: { read: () => change(), change: (_target, _statement, signal) => change(signal) },
    changeTimeoutMs,
    now,
  });
const never = new AbortController().signal;

it('records the intent, changes, and records the result', async () => {
  const store = fakeStore();
  const acts = actsOn(store, () => Promise.resolve([{ at: new Date(5), big: 7n }]));
  expect(await acts.perform(request, never)).toEqual({
    rows: [{ at: '1970-01-01T00:00:00.005Z', big: '7' }],
    actedAt: 77,
    attempts: 1,
  });
  expect(store.asked).toEqual(['beginAct', 'finishAct']);
});

it('answers a finished change from its record, without changing anything', async () => {
  const result = { rows: [{ pid: 1 }], actedAt: 5, attempts: 1 };
  const store = fakeStore({ beginAct: () => Promise.resolve({ kind: 'recorded', result }) });
  const change = jest.fn();
  expect(await actsOn(store, change).perform(request, never)).toBe(result);
  expect(change).not.toHaveBeenCalled();
});

it('changes nothing when the intent is refused', async () => {
  const store = fakeStore({
    beginAct: () => Promise.resolve({ kind: 'refused', reason: 'kill_switch', detail: 'it is on' }),
  });
  const change = jest.fn();
  const onRefusal = jest.fn();
  const acts = createActs({ store, target: { read: change, change }, changeTimeoutMs: 1, now, onRefusal });
  await expect(acts.perform({ ...request, correlationId: 'c-1' }, never)).rejects.toMatchObject({
    code: 'TOC_GUARD_REFUSED',
    message: 'kill_switch: it is on',
  });
  expect(change).not.toHaveBeenCalled();
  expect(onRefusal.mock.calls).toEqual([
    [{ runbook: 'mend', reason: 'kill_switch', detail: 'it is on', correlationId: 'c-1' }],
  ]);
});

it('does not call an act refused whose earlier attempt was cut off: it may have changed the target', async () => {
  const store = fakeStore({
    beginAct: () =>
      Promise.resolve({ kind: 'refused', reason: 'kill_switch', detail: 'it is on', cutOff: true }),
  });
  const change = jest.fn();
  await expect(actsOn(store, change).perform(request, never)).rejects.toMatchObject({
    code: 'TOC_ACT_UNKNOWN',
    message: expect.stringMatching(/^kill_switch: it is on; an earlier attempt was cut off/),
    retryable: false,
  });
  expect(change).not.toHaveBeenCalled();
});

it('changes nothing when the intent cannot be recorded', async () => {
  const change = jest.fn();
  const store = fakeStore({ beginAct: () => Promise.reject(new Error('away')) });
  await expect(actsOn(store, change).perform(request, never)).rejects.toThrow('away');
  expect(change).not.toHaveBeenCalled();
});

it('records a failure, and throws the failure itself even when that cannot be recorded', async () => {
  const store = fakeStore({ failAct: () => Promise.reject(new Error('the store is away too')) });
  await expect(
    actsOn(store, () => Promise.reject(new Error('the target is away'))).perform(request, never),
  ).rejects.toThrow('the target is away');
  expect(store.asked).toEqual(['beginAct', 'failAct']);
});

it('ends a change that takes too long', async () => {
  const untilAborted = (signal?: AbortSignal): Promise<readonly Row[]> =>
    new Promise((_resolve, reject) =>
      signal!.addEventListener('abort', () => reject(signal!.reason as Error)),
    );
  await expect(actsOn(fakeStore(), untilAborted, 20).perform(request, never)).rejects.toMatchObject({
    name: 'TimeoutError',
  });
});

it('masks the secrets in texts, of what is read and of what a change answers', async () => {
  const query = `alter role app password 'hunter2'`;
  const masked = [{ pid: 1, query: `alter role app password '***'` }];
  const store = fakeStore();
  const acts = actsOn(store, () => Promise.resolve([{ pid: 1, query }]));
  expect(await acts.read('db-1', request.statement, never)).toEqual(masked);
  expect((await acts.perform(request, never)).rows).toEqual(masked);
});

it('refuses results that a history should not hold', async () => {
  const huge = [{ text: 'x'.repeat(600_000) }];
  await expect(
    actsOn(fakeStore(), () => Promise.resolve(huge)).read('db-1', request.statement, never),
  ).rejects.toThrow(RangeError);
});
