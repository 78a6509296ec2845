import fc from 'fast-check';
import { admit, CLOSED, settle, type BreakerPolicy, type BreakerState } from '../../../src/domain/breaker';

const policy: BreakerPolicy = { failureThreshold: 3, resetMs: 60_000, successThreshold: 2 };

/** Makes a call at `now` that must be allowed, and settles it at once. */
function call(state: BreakerState, succeeded: boolean, now: number): BreakerState {
  const admission = admit(policy, state, now);
  expect(admission.allowed).toBe(true);
  return settle(policy, admission.state, succeeded, now);
}

const opened = (now: number): BreakerState => [1, 2, 3].reduce((state) => call(state, false, now), CLOSED);

describe('circuit breaker', () => {
  it('closed => open at the third failure in a row', () => {
    let state = call(CLOSED, false, 0);
    state = call(state, false, 1);
    expect(state).toEqual({ kind: 'closed', failures: 2 });
    expect(call(state, false, 2)).toEqual({ kind: 'open', since: 2 });
  });

  it('closed => closed when a success comes between the failures', () => {
    let state = CLOSED;
    for (const succeeded of [false, false, true, false, false]) state = call(state, succeeded, 0);
    expect(state.kind).toBe('closed');
  });

  it('open refuses until the reset time, and says when to come back', () => {
    const state = opened(1_000);
    expect(admit(policy, state, 60_999)).toEqual({ state, allowed: false, retryAt: 61_000 });
    expect(admit(policy, state, 61_000).allowed).toBe(true);
  });

  it('half-open lets one call through at a time', () => {
    const probing = admit(policy, opened(0), 60_000).state;
    expect(admit(policy, probing, 60_001).allowed).toBe(false);
    const settled = settle(policy, probing, true, 60_002);
    expect(admit(policy, settled, 60_003).allowed).toBe(true);
  });

  it('half-open => closed after two successes', () => {
    const once = call(opened(0), true, 60_000);
    expect(once.kind).toBe('half-open');
    expect(call(once, true, 60_001)).toEqual(CLOSED);
  });

  it('half-open => open at one failure, with the full wait again', () => {
    const again = call(opened(0), false, 60_000);
    expect(again).toEqual({ kind: 'open', since: 60_000 });
    expect(admit(policy, again, 119_999).allowed).toBe(false);
  });

  it('gives up a probe that never settles', () => {
    const probing = admit(policy, opened(0), 60_000).state;
    expect(admit(policy, probing, 120_000).allowed).toBe(true);
  });

  it('keeps the opening time when late calls of better times fail too', () => {
    expect(settle(policy, opened(0), false, 500)).toEqual({ kind: 'open', since: 0 });
  });

  it('never refuses for longer than the reset time after the last failure', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(30_000))), (calls) => {
        let state = CLOSED;
        let now = 0;
        let lastFailure = -Infinity;
        for (const [succeeded, wait] of calls) {
          now += wait;
          const admission = admit(policy, state, now);
          state = admission.state;
          if (!admission.allowed) {
            expect(now).toBeLessThan(lastFailure + policy.resetMs);
            continue;
          }
          state = settle(policy, state, succeeded, now);
          if (!succeeded) lastFailure = now;
        }
      }),
    );
  });
});
