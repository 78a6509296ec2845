/** A life whose chain has conditions, and levels that ask who is on call. */
import type { EscalationCondition, EscalationLevel } from '../../../src/domain/escalation';
import type { QueuedRecord } from '../../../src/history/port';
import { AlertLife } from '../../../workflows/alert/life';
import { MINUTE, policy, T0, transition } from '../../builders/alerts';

const level = (name: string, when?: EscalationCondition): EscalationLevel => ({
  ...{ name, receivers: [name], timeoutMs: 15 * MINUTE },
  ...(when && { when }),
});

function living(levels: readonly EscalationLevel[], delayMs = 0) {
  const escalation = { name: 'dba', delayMs, repeat: 0, levels, groupBy: ['environment'] };
  const life = new AlertLife({ transition: transition(), policy: policy({ escalation }) }, T0);
  const records = (): readonly QueuedRecord[] => life.pending();
  return {
    life,
    at: (minutes: number): number => T0 + minutes * MINUTE,
    records,
    steps: () =>
      records().flatMap(({ notifications = [] }) =>
        notifications.map(({ step, receiver }) => `${step}>${receiver}`),
      ),
    said: (kind: string) => life.timeline().filter((event) => event.kind === kind),
  };
}
const NEVER: EscalationCondition = { severities: ['low'] };

describe('a level whose condition does not hold', () => {
  it('is skipped with its reason, and the next is told in the same moment', () => {
    const { life, at, steps, said } = living([level('one'), level('two', NEVER), level('three')]);
    life.tick(at(15));
    expect(steps()).toEqual(['escalate-1>one', 'escalate-3>three']);
    expect(said('not_escalated').map(({ text, details }) => [text, details.reason])).toEqual([
      ['level 2, two, was skipped: the severity is critical, not low', 'other_severity'],
    ]);
    expect(life.why().some((line) => line.includes('level 2, two, was skipped'))).toBe(true);
  });

  it('at the end of the chain ends it', () => {
    const { life, at, steps } = living([level('one'), level('two', NEVER)]);
    life.tick(at(15));
    expect([steps(), life.nextDeadline()]).toEqual([['escalate-1>one'], null]);
  });

  it('is not told by hand either: the chain stays where it stood, and it is said why', () => {
    const { life, at, steps } = living([level('one'), level('two', NEVER)]);
    expect(life.escalateNow({ owner: 'eve' }, at(5)).message).toBe(
      'nobody is left to tell: level 2, two: the severity is critical, not low',
    );
    expect([steps(), life.nextDeadline()]).toEqual([['escalate-1>one'], at(15)]);
  });
});

describe('a condition on the number of open alerts', () => {
  const chain = [level('one', { alerts: 3 }), level('two')];

  it('waits until they have been counted, by the labels of the policy', () => {
    const { life, at, steps } = living(chain);
    expect([steps(), life.wantsCount(T0)]).toEqual([[], ['environment']]);
    life.tick(at(1));
    expect(steps()).toEqual([]);
    life.counted(3);
    life.tick(at(1));
    expect(steps()).toEqual(['escalate-1>one']);
    expect(life.wantsCount(at(2))).toBeNull();
  });

  it('counts anew for each level, and skips where there are too few', () => {
    const { life, at, steps } = living([level('zero'), ...chain]);
    life.counted(9);
    life.tick(at(0));
    expect(life.wantsCount(at(15))).toEqual(['environment']);
    life.counted(2);
    life.tick(at(15));
    expect(steps()).toEqual(['escalate-1>zero', 'escalate-3>two']);
  });

  it('that nobody could count tells', () => {
    const { life, at, steps } = living(chain);
    life.counted(null);
    life.tick(at(0));
    expect(steps()).toEqual(['escalate-1>one']);
  });

  it('is not waited for by whoever escalates by hand', () => {
    const { life, at, steps } = living(chain, 60 * MINUTE);
    life.escalateNow({ owner: 'eve' }, at(5));
    expect(steps()).toEqual(['escalate-1>one']);
  });
});

describe('a level of people and schedules', () => {
  const asking: EscalationLevel = { ...level('one'), people: ['ana'], schedules: ['dba'], urgency: 'low' };

  it('asks whoever writes it down who is on call at that time, and knows no names itself', () => {
    const { life, at, records, said, steps } = living([asking], 7 * MINUTE);
    life.tick(at(7));
    const { labels } = transition();
    expect(records().flatMap(({ asks }) => asks ?? [])).toEqual([
      {
        ...{ step: 'escalate-1', at: new Date(at(7)).toISOString(), labels, receivers: ['one'] },
        ...{ people: ['ana'], schedules: ['dba'], otherwise: ['service'], urgency: 'low' },
      },
    ]);
    expect(said('escalated')[0]!.details).toMatchObject({ people: ['ana'], schedules: ['dba'] });
    expect(steps()).toEqual([]);
  });
});
