/** The escalation chain: who is told next, how long they have, and where it ends. */
import fc from 'fast-check';
import { advance, beginEscalation, nextLevel, type EscalationPolicy } from '../../../src/domain/escalation';

const MINUTE = 60_000;

const dba = (more: Partial<EscalationPolicy> = {}): EscalationPolicy => ({
  name: 'dba',
  delayMs: 0,
  repeat: 0,
  levels: [
    { name: 'on_call_dba', receivers: ['mail-1'], timeoutMs: 15 * MINUTE },
    { name: 'senior_dba', receivers: ['mail-2'], timeoutMs: 30 * MINUTE },
    { name: 'engineering_manager', receivers: ['mail-3'], timeoutMs: 60 * MINUTE },
  ],
  ...more,
});

/** Walks the chain while nobody answers: [minutes after the fire, round, level's name]. */
function walk(policy: EscalationPolicy): [number, number, string][] {
  const told: [number, number, string][] = [];
  let at = 0;
  let progress = beginEscalation(policy);
  while (progress.remainingMs !== null) {
    at += progress.remainingMs;
    const next = nextLevel(policy, progress.told)!;
    told.push([at / MINUTE, next.round, next.spec.name]);
    progress = advance(policy, progress.told);
  }
  return told;
}

test('each level is told when the one before it has not answered in its time', () => {
  expect(walk(dba())).toEqual([
    [0, 1, 'on_call_dba'],
    [15, 1, 'senior_dba'],
    [45, 1, 'engineering_manager'],
  ]);
});

test('the delay puts off the first level', () => {
  expect(walk(dba({ delayMs: 5 * MINUTE })).map(([at]) => at)).toEqual([5, 20, 50]);
});

test('with a repeat the chain is gone through again after the last level had its time', () => {
  expect(walk(dba({ repeat: 1 }))).toEqual([
    [0, 1, 'on_call_dba'],
    [15, 1, 'senior_dba'],
    [45, 1, 'engineering_manager'],
    [105, 2, 'on_call_dba'],
    [120, 2, 'senior_dba'],
    [150, 2, 'engineering_manager'],
  ]);
});

test('a policy without levels tells nobody', () => {
  const nobody = dba({ levels: [], delayMs: MINUTE, repeat: 3 });
  expect(beginEscalation(nobody)).toEqual({ told: 0, remainingMs: null });
  expect(nextLevel(nobody, 0)).toBeNull();
});

test('beyond its end the chain stays ended', () => {
  expect(nextLevel(dba(), 3)).toBeNull();
  expect(advance(dba(), 3)).toEqual({ told: 3, remainingMs: null });
});

test('a policy of fewer levels than were told already ends the chain', () => {
  const shorter = dba({ levels: dba().levels.slice(0, 1) });
  expect(nextLevel(shorter, 2)).toBeNull();
  expect(advance(shorter, 2)).toEqual({ told: 2, remainingMs: null });
});

test('in any chain every level is told once a round, in order, and no wait is lost', () => {
  const level = fc.record({ timeoutMs: fc.integer({ min: 1, max: 1_000_000 }) });
  const chain = fc.record({
    levels: fc.array(level, { minLength: 1, maxLength: 6 }),
    repeat: fc.nat(4),
    delayMs: fc.nat(1_000),
  });
  fc.assert(
    fc.property(chain, ({ levels, repeat, delayMs }) => {
      const policy: EscalationPolicy = {
        name: 'any',
        delayMs,
        repeat,
        levels: levels.map(({ timeoutMs }, i) => ({ name: `level-${i + 1}`, receivers: [], timeoutMs })),
      };
      const told = walk(policy);
      const rounds = repeat + 1;
      expect(told.map(([, round, name]) => `${round}/${name}`)).toEqual(
        Array.from({ length: rounds }, (_, round) =>
          levels.map((_level, i) => `${round + 1}/level-${i + 1}`),
        ).flat(),
      );
      const aRound = levels.reduce((sum, { timeoutMs }) => sum + timeoutMs, 0);
      const last = delayMs + rounds * aRound - levels.at(-1)!.timeoutMs;
      expect(told.at(-1)![0] * MINUTE).toBeCloseTo(last, 3);
    }),
  );
});
