/** A life that hears that nobody could be told of a step. */
import type { LifePolicy } from '../../../src/domain/life';
import { checkUndelivered } from '../../../workflows/alert/deliveries';
import { AlertLife } from '../../../workflows/alert/life';
import { MINUTE, policy, T0, transition } from '../../builders/alerts';

const delayed: Partial<LifePolicy> = { escalation: { ...policy().escalation!, delayMs: 5 * MINUTE } };

function living(more: Partial<LifePolicy> = delayed, labels: Record<string, string> = {}) {
  const life = new AlertLife({ transition: transition({ labels }), policy: policy(more) }, T0);
  life.tick(T0);
  return {
    life,
    nobody: (step: string, minutes: number, episode = T0) => {
      life.toldNobody({ episode, step, reason: 'slack: HTTP 403' }, T0 + minutes * MINUTE);
      life.tick(T0 + minutes * MINUTE);
    },
    steps: () => life.pending().flatMap(({ notifications = [] }) => notifications.map(({ step }) => step)),
    said: () => life.timeline().flatMap(({ kind, text }) => (kind === 'undelivered' ? [text] : [])),
  };
}

it('the first page: level 1 is told at once, and has its whole time', () => {
  const { life, nobody, steps, said } = living();
  nobody('fire', 1);
  expect(steps()).toEqual(['escalate-1']);
  expect(life.nextDeadline()).toBe(T0 + 16 * MINUTE);
  expect(said()).toEqual([
    'nobody could be told that it fires (slack: HTTP 403): level 1, on_call_dba, is told at once',
  ]);
  expect(life.why().some((line) => line.includes('nobody could be told'))).toBe(true);
});

it('a level: the next one is told at once, each step once however often it is said', () => {
  const { nobody, steps, said } = living({});
  nobody('escalate-1', 1);
  nobody('escalate-1', 2);
  nobody('fire', 3);
  expect(steps()).toEqual(['escalate-1', 'escalate-2']);
  expect(said()).toEqual([
    'nobody could be told by level 1, on_call_dba (slack: HTTP 403): level 2, senior_dba, is told at once',
  ]);
});

it('of another episode, or of one that is over, changes nothing', () => {
  const { life, nobody, steps } = living();
  nobody('fire', 1, T0 - 1);
  life.resolve({ owner: 'ada' }, T0 + MINUTE);
  nobody('fire', 1);
  expect(steps()).toEqual([]);
});

it('while somebody has it, nobody else is told; when that lapses, the next level is at once', () => {
  const { life, nobody, steps, said } = living({});
  life.acknowledge({ owner: 'ada', lease_seconds: 600 }, T0 + MINUTE);
  nobody('escalate-1', 2);
  expect(steps()).toEqual(['escalate-1']);
  expect(said()[0]).toMatch(/level 2, senior_dba, is told as soon as escalation goes on$/);
  life.tick(T0 + 11 * MINUTE);
  expect(steps()).toEqual(['escalate-1', 'escalate-2']);
});

it('of an alert that can wait: the level is told at its time', () => {
  const { life, nobody, steps, said } = living(delayed, { severity: 'warning' });
  nobody('fire', 1);
  expect(steps()).toEqual([]);
  expect(life.nextDeadline()).toBe(T0 + 5 * MINUTE);
  expect(said()[0]).toMatch(/level 1, on_call_dba, is told at its time, for the severity is warning$/);
});

it('a chain that has been gone through keeps its pace, and at its end nobody is left', () => {
  const [first] = policy().escalation!.levels;
  const { life, nobody, steps, said } = living({
    escalation: { name: 'x', delayMs: 0, repeat: 1, levels: [first!] },
  });
  nobody('escalate-1', 1);
  expect([steps(), life.nextDeadline()]).toEqual([['escalate-1'], T0 + 15 * MINUTE]);
  life.tick(T0 + 15 * MINUTE);
  nobody('escalate-2', 16);
  expect(said().map((text) => text.replace(/^.*: /, ''))).toEqual([
    'level 1, round 2, on_call_dba, is told at its time, for all levels have had their turn',
    'nobody is left to tell',
  ]);
});

it('what has been heard goes to the next run, which does not hear it again', () => {
  const { life, nobody } = living({});
  nobody('escalate-1', 1);
  const input = { transition: transition(), policy: policy(), carried: life.carry() };
  const next = new AlertLife(input, T0 + 2 * MINUTE);
  const before = next.pending().length;
  next.toldNobody({ episode: T0, step: 'escalate-1', reason: 'x' }, T0 + 2 * MINUTE);
  expect(next.pending()).toHaveLength(before);
  expect(next.status(T0).escalation).toMatchObject({ told: 2 });
});

it.each([
  [null],
  [{ episode: T0, step: 'resolved', reason: 'x' }],
  [{ episode: 'x', step: 'fire', reason: 'x' }],
])('%j is refused', (raw) => {
  expect(checkUndelivered(raw).ok).toBe(false);
  expect(checkUndelivered({ episode: T0, step: 'escalate-12', reason: '' }).ok).toBe(true);
});
