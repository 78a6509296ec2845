/** The band in which no rule is asked decides nothing: with it and without it the same follows. */
import type { AlertRule } from '../../../src/domain/rule-group';
import fc from 'fast-check';
import type { MetricValue } from '../../../src/domain/metric';
import { OPERATORS, SEVERITIES, type Operator } from '../../../src/domain/rule';
import { calmBand, NO_BAND } from '../../../src/evaluate/calm-band';
import { createEvaluator, rule, sample } from './sketches';

describe('the band', () => {
  const of = (...limits: { operator?: Operator; threshold: number }[]) =>
    calmBand(limits.map((limit) => ({ operator: '>', ...limit })));

  test('lies between the lowest upper and the highest lower threshold', () => {
    expect(of({ threshold: 90 }, { operator: '>=', threshold: 80 })).toEqual({ above: -Infinity, below: 80 });
    expect(of({ threshold: 90 }, { operator: '<', threshold: 5 }, { operator: '<=', threshold: 7 })).toEqual({
      above: 7,
      below: 90,
    });
  });

  test('is empty where equality is asked for', () => {
    expect(of({ threshold: 90 }, { operator: '==', threshold: 5 })).toEqual(NO_BAND);
    expect(of({ threshold: 90 }, { operator: '!=', threshold: 5 })).toEqual(NO_BAND);
    for (const value of [0, 1e300, -1e300])
      expect(value > NO_BAND.above && value < NO_BAND.below).toBe(false);
  });
});

const NEVER = 'Never';
/** Fires for no value that is drawn here, and leaves no band. */
const never = rule({ name: NEVER, operator: '==', threshold: 0.123 });

const level = fc.integer({ min: -3, max: 8 });
const anyRule = fc
  .record({
    operator: fc.constantFrom(...OPERATORS.filter((each) => each !== '==' && each !== '!=')),
    threshold: level,
    recoveryThreshold: fc.option(level),
    forMs: fc.constantFrom(0, 0, 20_000, 60_000),
    consecutiveFailures: fc.constantFrom(1, 1, 2, 3),
    cooldownMs: fc.constantFrom(null, 0, 30_000),
    severity: fc.constantFrom(...SEVERITIES),
    inhibitedBy: fc.option(fc.constantFrom(...SEVERITIES)),
    name: fc.constantFrom('A', 'B'),
  })
  .map((more) => rule(more));
const rules = fc.uniqueArray(anyRule, {
  minLength: 1,
  maxLength: 5,
  selector: ({ name, labels }) => `${name} ${labels.severity}`,
});

const value = fc.oneof(
  { weight: 20, arbitrary: fc.integer({ min: -4, max: 9 }) },
  { weight: 1, arbitrary: fc.constantFrom<MetricValue>('NaN', '+Inf', '-Inf', 'stale') },
);
/** Seconds since the sample before; below zero is late, and 1,000 a gap. */
const step = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom(5, 10, 15) },
  { weight: 1, arbitrary: fc.constantFrom(-12, 0, 1_000) },
);
const samples = fc.array(fc.record({ step, value, replayed: fc.boolean() }), { minLength: 1, maxLength: 60 });

function follows(
  of: readonly AlertRule[],
  drawn: typeof samples extends fc.Arbitrary<infer T> ? T : never,
  cut: number,
) {
  let at = 100;
  const metrics = drawn.map((each) => sample((at += each.step), each.value));
  const first = createEvaluator({ rules: of });
  const before = metrics.slice(0, cut).flatMap((metric) => first.offer(metric));
  // What opened before the cut is known, and some samples after it are read again.
  const next = createEvaluator({ rules: of, before });
  const after = metrics
    .slice(cut)
    .flatMap((metric, i) => next.offer(metric, undefined, i < 5 && drawn[cut + i]!.replayed));
  return [before, after].map((list) => list.filter(({ rule: by }) => by?.name !== NEVER));
}

test('random rules over random samples give the same with the band as without it', () => {
  let told = 0;
  fc.assert(
    fc.property(rules, samples, fc.nat(60), (drawnRules, drawn, cut) => {
      const banded = follows(drawnRules, drawn, cut);
      told += banded.flat().length;
      // As text: comparing some thousand points each time costs more than evaluating them.
      expect(JSON.stringify(banded)).toBe(JSON.stringify(follows([...drawnRules, never], drawn, cut)));
    }),
    { seed: 20260101, numRuns: 250 },
  );
  expect(told).toBeGreaterThan(500);
});
