/** Levels with conditions: who is skipped, why, and how the chain goes on. */
import fc from 'fast-check';
import {
  countedBy,
  nextToTell,
  planEscalation,
  whySkipped,
  type EscalationCondition,
  type EscalationLevel,
  type EscalationPolicy,
} from '../../../src/domain/escalation';
import type { TimeInterval } from '../../../src/domain/time-interval';

const MINUTE = 60_000;
/** A Monday, 12:00 in Berlin. */
const NOON = Date.parse('2026-01-05T11:00:00Z');
const OFFICE: TimeInterval = {
  times: [{ startMinute: 9 * 60, endMinute: 17 * 60 }],
  weekdays: [{ begin: 1, end: 5 }],
  ...{ daysOfMonth: null, months: null, years: null, location: 'Europe/Berlin' },
};

const NOWHERE: TimeInterval = { ...OFFICE, location: 'Mars/Olympus' };

const level = (name: string, when?: EscalationCondition, minutes = 15): EscalationLevel => ({
  ...{ name, receivers: [name], timeoutMs: minutes * MINUTE },
  ...(when && { when }),
});
const chain = (levels: EscalationLevel[], more: Partial<EscalationPolicy> = {}): EscalationPolicy => ({
  ...{ name: 'dba', delayMs: 0, repeat: 0, levels },
  ...more,
});
const alert = (severity?: string, openAlerts: number | null = null) => ({
  labels: { alertname: 'A', ...(severity && { severity }) },
  openAlerts,
});
const hour = (text: string): number => Date.parse(`2026-01-05T${text}:00+01:00`);

describe('a condition', () => {
  it.each([
    ['in its hours', { hours: [OFFICE] }, alert(), hour('09:00'), null],
    ['after its hours', { hours: [OFFICE] }, alert(), hour('17:00'), 'outside_hours'],
    ['in one of several hours', { hours: [{ ...OFFICE, times: [] }, OFFICE] }, alert(), NOON, null],
    ['in its forbidden hours', { notHours: [OFFICE] }, alert(), NOON, 'outside_hours'],
    ['outside its forbidden hours', { notHours: [OFFICE] }, alert(), hour('20:00'), null],
    ['in hours of a zone that the machine lacks', { hours: [NOWHERE] }, alert(), NOON, null],
    ['in forbidden ones of such a zone', { notHours: [NOWHERE] }, alert(), NOON, null],
    ['of its severity', { severities: ['critical', 'high'] }, alert('high'), NOON, null],
    ['of its severity in capitals', { severities: ['critical'] }, alert('CRITICAL'), NOON, null],
    ['of another severity', { severities: ['critical'] }, alert('warning'), NOON, 'other_severity'],
    ['of no severity', { severities: ['critical'] }, alert(), NOON, null],
    ['among enough alerts', { alerts: 5 }, alert('high', 5), NOON, null],
    ['among too few alerts', { alerts: 5 }, alert('high', 4), NOON, 'too_few_alerts'],
    ['among nobody knows how many', { alerts: 5 }, alert('high', null), NOON, null],
    ['that holds in part', { hours: [OFFICE], severities: ['low'] }, alert('high'), NOON, 'other_severity'],
    ['that there is none', undefined, alert(), NOON, null],
  ] as const)('for an alert %s', (_, when, of, now, reason) => {
    expect(whySkipped(level('x', when), of, now)?.reason ?? null).toBe(reason);
  });

  it('says what it found', () => {
    expect(whySkipped(level('x', { alerts: 5 }), alert('high', 4), NOON)!.text).toBe(
      '4 of at least 5 alerts are open',
    );
    expect(whySkipped(level('x', { severities: ['critical', 'high'] }), alert('low'), NOON)!.text).toBe(
      'the severity is low, not critical or high',
    );
  });
});

/** [minutes after the fire, name, reason of the skip]. */
const plan = (policy: EscalationPolicy, of = alert('critical', 1), now = NOON) =>
  planEscalation(policy, of, now).map(({ at, spec, skip }) => [
    (at - now) / MINUTE,
    spec.name,
    skip?.reason ?? 'told',
  ]);

describe('the chain', () => {
  it('gives the turn of whoever is skipped to the next at once', () => {
    const three = chain([level('one'), level('two', { alerts: 9 }), level('three')]);
    expect(plan(three)).toEqual([
      [0, 'one', 'told'],
      [15, 'two', 'too_few_alerts'],
      [15, 'three', 'told'],
    ]);
  });

  it('looks at the hours when the turn comes, not when the alert began', () => {
    const late = chain([level('one', undefined, 120), level('office', { hours: [OFFICE] }), level('three')]);
    expect(plan(late, alert(), hour('16:00'))).toEqual([
      [0, 'one', 'told'],
      [120, 'office', 'outside_hours'],
      [120, 'three', 'told'],
    ]);
  });

  it('ends where nobody is left, and begins anew as often as it is repeated', () => {
    const two = chain([level('one'), level('two', { severities: ['low'] })], { repeat: 1 });
    expect(plan(two)).toEqual([
      [0, 'one', 'told'],
      [15, 'two', 'other_severity'],
      [15, 'one', 'told'],
      [30, 'two', 'other_severity'],
    ]);
  });

  it('ends with the first round that is skipped whole: the others would be in the same moment', () => {
    const never = { severities: ['low'] };
    const policy = chain([level('one', never), level('two', never)], { repeat: 100 });
    expect(plan(policy).map(([at, name]) => [at, name])).toEqual([
      [0, 'one'],
      [0, 'two'],
    ]);
    expect(nextToTell(policy, 0, alert('high'), NOON).progress.remainingMs).toBeNull();
  });

  it('numbers a step by all levels that have had their turn, skipped or told', () => {
    const policy = chain([level('one', { alerts: 9 }), level('two')]);
    const { skipped, step, progress } = nextToTell(policy, 0, alert('high', 1), NOON);
    expect([skipped.map(({ told }) => told), step!.told, progress]).toEqual([
      [1],
      2,
      { told: 2, remainingMs: null },
    ]);
  });

  it('says by which labels alerts have to be counted, only where somebody asks', () => {
    expect(countedBy(chain([level('one')], { groupBy: ['service'] }))).toBeNull();
    expect(countedBy(chain([level('one'), level('two', { alerts: 2 })]))).toEqual(['alertname']);
    expect(countedBy(chain([level('one', { alerts: 2 })], { groupBy: ['service'] }))).toEqual(['service']);
  });
});

test('in any chain every level has one turn a round, in order, and a skip takes no time', () => {
  const levels = fc.array(fc.record({ told: fc.boolean(), minutes: fc.integer({ min: 0, max: 90 }) }), {
    minLength: 1,
    maxLength: 5,
  });
  fc.assert(
    fc.property(levels, fc.nat(3), fc.nat(60), (all, repeat, delay) => {
      const policy = chain(
        all.map(({ told, minutes }, i) => level(`${i}`, told ? undefined : { alerts: 9 }, minutes)),
        { repeat, delayMs: delay * MINUTE },
      );
      const steps = planEscalation(policy, alert('high', 1), NOON);
      const rounds = all.some(({ told }) => told) ? repeat + 1 : 1;
      const names = Array.from({ length: rounds }, () => all.map((_, i) => `${i}`)).flat();
      expect(steps.map(({ spec }) => spec.name)).toEqual(names);
      expect(steps.map(({ told }) => told)).toEqual(names.map((_, i) => i + 1));
      let at = NOON + delay * MINUTE;
      for (const step of steps) {
        expect(step.at).toBe(at);
        if (step.skip === null) at += step.spec.timeoutMs;
      }
    }),
  );
});
