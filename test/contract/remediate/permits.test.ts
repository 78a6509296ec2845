/** Switches, permits, leases and acts on real rows: decisions that hold when many ask at once. */
import type { ActRequest, Lease, SeatRequest, TakeRequest } from '../../../src/remediate/port';
import { waitFor } from '../../harness/wait-for';
import { ownPermits, type OwnPermits } from './own-permits';

let own: OwnPermits;
beforeEach(async () => {
  own = await ownPermits();
});
afterEach(() => own.close());

const seat = (scope: string, seats: number, ttlMs = 60_000): SeatRequest => ({ scope, seats, ttlMs });
const wish = (holder: string, more: Partial<TakeRequest> = {}): TakeRequest => ({
  holder,
  seats: [seat('running', 100)],
  resources: [],
  leaseMs: 60_000,
  preview: false,
  ...more,
});
const leaseOf = async (request: TakeRequest): Promise<Lease> => {
  const taken = await own.store.take(request);
  if (!taken.granted) throw new Error(`refused: ${taken.names.join()}`);
  return taken.lease;
};
const holders = (count: number): string[] => Array.from({ length: count }, (_, i) => `r-${i}`);

describe('seats', () => {
  it('are given to exactly as many as there are, however many ask at once', async () => {
    const answers = await Promise.all(
      holders(40).map((holder) => own.store.take(wish(holder, { seats: [seat('running', 7)] }))),
    );
    expect(answers.filter(({ granted }) => granted)).toHaveLength(7);
    const refused = answers.find(({ granted }) => !granted);
    expect(refused).toMatchObject({
      lacking: 'seat',
      names: ['running'],
      freeAt: expect.stringMatching(/Z$/),
    });
  });

  it('come free when they are released, and when their time is over', async () => {
    const one = { seats: [seat('running', 1, 300)] };
    expect(await own.store.take(wish('a', one))).toMatchObject({ granted: true });
    expect(await own.store.take(wish('b', one))).toMatchObject({ granted: false, holders: ['a'] });
    await own.store.release('a', ['running']);
    expect(await own.store.take(wish('b', one))).toMatchObject({ granted: true });
    await waitFor(async () => (await own.store.take(wish('c', one))).granted, { what: "b's seat to expire" });
  });

  it('are kept in scopes that a release does not name', async () => {
    const seats = [seat('running', 1), seat('rate/db-1', 1)];
    await own.store.take(wish('a', { seats }));
    await own.store.release('a', ['running']);
    expect(await own.store.take(wish('b', { seats }))).toMatchObject({
      granted: false,
      names: ['rate/db-1'],
    });
  });

  it('are given again to whoever has them already, so that a retry is no second one', async () => {
    const one = wish('a', { seats: [seat('running', 1)], resources: ['target/db-1'] });
    expect(await leaseOf(one)).toEqual(await leaseOf(one));
  });

  it('are refused where there are none at all', async () => {
    expect(await own.store.take(wish('a', { seats: [seat('running', 0)] }))).toMatchObject({
      granted: false,
    });
  });

  it('are only looked at in a preview', async () => {
    const one = { seats: [seat('running', 1)], resources: ['target/db-1'] };
    expect(await own.store.take(wish('a', { ...one, preview: true }))).toMatchObject({ granted: true });
    expect(await own.store.take(wish('b', one))).toMatchObject({ granted: true });
    expect(await own.store.take(wish('a', { ...one, preview: true }))).toMatchObject({ granted: false });
  });
});

describe('leases', () => {
  it('are all or none, and what was taken on the way is given back', async () => {
    await leaseOf(wish('a', { resources: ['target/db-2'] }));
    const refused = await own.store.take(
      wish('b', { seats: [seat('running', 2)], resources: ['target/db-1', 'target/db-2'] }),
    );
    expect(refused).toMatchObject({
      granted: false,
      lacking: 'resource',
      names: ['target/db-2'],
      holders: ['a'],
    });
    expect(
      await own.store.take(wish('c', { seats: [seat('running', 2)], resources: ['target/db-1'] })),
    ).toMatchObject({ granted: true });
  });

  it('of the same resources in any order never deadlock, and one wins', async () => {
    const names = ['target/x', 'target/y', 'target/z'];
    const answers = await Promise.all(
      holders(30).map((holder, i) =>
        own.store.take(wish(holder, { resources: i % 2 ? names : [...names].reverse() })),
      ),
    );
    expect(answers.filter(({ granted }) => granted)).toHaveLength(1);
  });

  it('give each new holder a higher token, and an old holder renews no more', async () => {
    const first = await leaseOf(wish('a', { resources: ['target/db-1'], leaseMs: 100 }));
    const second = await waitFor(
      async () => {
        const taken = await own.store.take(wish('b', { resources: ['target/db-1'] }));
        return taken.granted && taken.lease;
      },
      { what: "a's lease to expire" },
    );
    expect(second.fences[0]!.token).toBeGreaterThan(first.fences[0]!.token);
    expect(await own.store.renew(first, 60_000, ['running'])).toBe(false);
    expect(await own.store.renew(second, 60_000, ['running'])).toBe(true);
  });

  it('last longer when renewed, with the seat', async () => {
    const seats = [seat('running', 1, 400)];
    const lease = await leaseOf(wish('a', { seats, resources: ['target/db-1'], leaseMs: 400 }));
    expect(await own.store.renew(lease, 60_000, ['running'])).toBe(true);
    const rows = await own.database.run<{ later: boolean }>(`
      select (select min(expires_at) > clock_timestamp() + interval '30 seconds' from ${own.database.schema}.remediation_leases)
        and (select (held->>'a')::bigint > extract(epoch from clock_timestamp()) * 1000 + 30000 from ${own.database.schema}.remediation_permits) as later`);
    expect(rows[0]!.later).toBe(true);
  });

  it('that have expired renew no more, even when nobody else came', async () => {
    const lease = await leaseOf(wish('a', { resources: ['target/db-1'], leaseMs: 1 }));
    await waitFor(async () => !(await own.store.renew(lease, 1, [])), { what: 'the lease to expire' });
  });
});

describe('kill switches', () => {
  it('stop one runbook or all, until they are taken back', async () => {
    const set = (scope: string, engaged: boolean) =>
      own.store.setSwitch({ scope, engaged, reason: 'drill', changedBy: 'ada' });
    expect(await own.store.engagedSwitch('r')).toBeNull();
    await set('r', true);
    expect(await own.store.engagedSwitch('r')).toMatchObject({
      scope: 'r',
      reason: 'drill',
      changedBy: 'ada',
    });
    expect(await own.store.engagedSwitch('other')).toBeNull();
    await set('*', true);
    expect(await own.store.engagedSwitch('other')).toMatchObject({ scope: '*' });
    await set('*', false);
    expect(await own.store.engagedSwitch('other')).toBeNull();
    expect((await own.store.switches()).map(({ scope, engaged }) => [scope, engaged])).toEqual([
      ['*', false],
      ['r', true],
    ]);
  });
});

describe('acts', () => {
  const act = (lease: Lease, text = 'select 1'): ActRequest => ({
    remediationId: lease.holder,
    fingerprint: '00000000000000aa',
    episode: 1_700_000_000_000,
    runbook: 'r',
    target: 'db-1',
    statement: { name: 'end it', text, values: [1, 'x'] },
    lease,
  });
  const leased = (holder = 'a', leaseMs = 60_000): Promise<Lease> =>
    leaseOf(wish(holder, { resources: ['target/db-1'], leaseMs }));

  it('are answered from the record once they are finished', async () => {
    const request = act(await leased());
    expect(await own.store.beginAct(request, 60_000)).toEqual({ kind: 'go', attempts: 1 });
    await own.store.finishAct(request, { rows: [{ pid: 7 }], actedAt: 123 });
    const recorded = { kind: 'recorded', result: { rows: [{ pid: 7 }], actedAt: 123, attempts: 1 } };
    expect(await own.store.beginAct(request, 60_000)).toEqual(recorded);
    await own.store.setSwitch({ scope: '*', engaged: true, reason: 'drill', changedBy: 'ada' });
    expect(await own.store.beginAct(request, 60_000)).toEqual(recorded);
  });

  it('whose result was never written run again, and say so', async () => {
    const request = act(await leased());
    await own.store.beginAct(request, 60_000);
    await own.store.failAct(request, 'cut off');
    expect(await own.acts('a')).toMatchObject([
      { statement: 'end it', finished_at: null, error: 'cut off', attempts: 1 },
    ]);
    expect(await own.store.beginAct(request, 60_000)).toEqual({ kind: 'go', attempts: 2 });
  });

  it('keep the first result when two attempts overlap', async () => {
    const request = act(await leased());
    await own.store.beginAct(request, 60_000);
    await own.store.beginAct(request, 60_000);
    await own.store.finishAct(request, { rows: [{ pid: 1 }], actedAt: 1 });
    await own.store.finishAct(request, { rows: [], actedAt: 2 });
    expect((await own.acts('a'))[0]).toMatchObject({ result: [{ pid: 1 }], attempts: 2 });
  });

  it('are refused while a kill switch is on', async () => {
    const request = act(await leased());
    await own.store.setSwitch({ scope: 'r', engaged: true, reason: 'drill', changedBy: 'ada' });
    expect(await own.store.beginAct(request, 60_000)).toEqual({
      kind: 'refused',
      reason: 'kill_switch',
      detail: 'the kill switch "r" is on: drill',
    });
    expect(await own.acts('a')).toEqual([]);
  });

  it('are refused while a kill switch is on, and say when an earlier attempt may have acted', async () => {
    const request = act(await leased());
    await own.store.beginAct(request, 60_000);
    await own.store.setSwitch({ scope: '*', engaged: true, reason: 'drill', changedBy: 'ada' });
    expect(await own.store.beginAct(request, 60_000)).toMatchObject({ reason: 'kill_switch', cutOff: true });
  });

  it('are refused to a holder whose lease has passed to another', async () => {
    const old = await leased('a', 1);
    await waitFor(async () => (await own.store.take(wish('b', { resources: ['target/db-1'] }))).granted, {
      what: "a's lease to expire",
    });
    expect(await own.store.beginAct(act(old), 60_000)).toMatchObject({
      kind: 'refused',
      reason: 'lease_lost',
    });
    const forged = { holder: 'b', fences: old.fences };
    expect(await own.store.beginAct(act(forged), 60_000)).toMatchObject({
      kind: 'refused',
      reason: 'lease_lost',
    });
  });

  it('are refused when one name stands for two statements', async () => {
    const lease = await leased();
    await own.store.beginAct(act(lease), 60_000);
    expect(await own.store.beginAct(act(lease, 'select 2'), 60_000)).toMatchObject({
      kind: 'refused',
      reason: 'statement_reused',
    });
  });
});
