/** The escalation chain of a life: its clock, whose turn it is, and what is written of it. Decisions only; `life.ts` keeps it. */
import {
  beginEscalation,
  countedBy as countedByPolicy,
  nextLevel,
  nextToTell,
  type EscalationPolicy,
  type EscalationStep,
  type NextToTell,
  type SkippedStep,
} from '../../src/domain/escalation';
import type { Labels } from '../../src/domain/labels';
import type { LifeStatus, TimelineEvent } from '../../src/domain/life';
import { urgencyOf } from '../../src/domain/severity';
import type { QueuedRecord } from '../../src/history/port';
import type { UndeliveredMessage } from '../messages';
import type { EscalationClock } from './carried';

/** A longer wait is as good as none, and would leave the calendar. */
const LONGEST_WAIT_MS = 10 * 365 * 86_400_000;
export const after = (now: number, ms: number): number => now + Math.min(ms, LONGEST_WAIT_MS);

/** Not running yet. */
export function newClock(policy: EscalationPolicy | null): EscalationClock {
  const begun = policy === null ? { told: 0, remainingMs: null } : beginEscalation(policy);
  return { told: begun.told, dueAt: null, remainingMs: begun.remainingMs };
}

export const stopped = ({ told }: Pick<EscalationClock, 'told'>): EscalationClock => ({
  told,
  dueAt: null,
  remainingMs: null,
});

/** It runs on from where it stood, or stands from now on. */
export function clockThat(runs: boolean, clock: EscalationClock, now: number): EscalationClock {
  const { told, dueAt, remainingMs } = clock;
  if (runs && dueAt === null && remainingMs !== null)
    return { told, dueAt: after(now, remainingMs), remainingMs: null };
  if (!runs && dueAt !== null) return { told, dueAt: null, remainingMs: Math.max(0, dueAt - now) };
  return clock;
}

export const isDue = ({ dueAt }: EscalationClock, now: number): boolean => dueAt !== null && dueAt <= now;

/** The labels by which open alerts have to be counted before a level has its turn; null when nothing asks for it. */
export const countedBy = (policy: EscalationPolicy | null): readonly string[] | null =>
  policy === null ? null : countedByPolicy(policy);

export function statusOf(policy: EscalationPolicy | null, clock: EscalationClock): LifeStatus['escalation'] {
  if (policy === null) return null;
  const nextAt = clock.dueAt === null ? null : new Date(clock.dueAt).toISOString();
  return { policy: policy.name, told: clock.told, nextAt };
}

/** Null without a policy: a changed configuration may have taken it away while it was running. */
export function turnOf(
  policy: EscalationPolicy | null,
  told: number,
  labels: Labels,
  openAlerts: number | null,
  now: number,
): NextToTell | null {
  return policy === null ? null : nextToTell(policy, told, { labels, openAlerts }, now);
}

/** What the timeline says of a turn. */
export type Said = Pick<TimelineEvent, 'text' | 'details'>;

export function saidOfSkipped({ told, level, round, spec, skip }: SkippedStep): Said {
  return {
    text: `level ${level}${roundText(round)}, ${spec.name}, was skipped: ${skip.text}`,
    details: { level, round, told, reason: skip.reason },
  };
}

export function saidOfTold({ level, round, spec }: EscalationStep): Said {
  const { receivers, people, schedules } = spec;
  return {
    text: `escalated to level ${level}${roundText(round)}: ${spec.name}`,
    details: { level, round, receivers, ...(people && { people }), ...(schedules && { schedules }) },
  };
}

const roundText = (round: number): string => (round > 1 ? `, round ${round}` : '');

export function nobodyText(skipped: readonly SkippedStep[]): string {
  const whyNot = skipped.map(({ level, spec, skip }) => `level ${level}, ${spec.name}: ${skip.text}`);
  const why = whyNot.length === 0 ? 'the escalation chain has ended' : whyNot.join('; ');
  return `nobody is left to tell: ${why}`;
}

/**
 * What the step asks of whoever writes it down: to find out who is on call at that time. Null when it names receivers
 * alone, to whom messages can be written as they are.
 */
export function asksOnCall(
  { told, spec }: EscalationStep,
  labels: Labels,
  otherwise: readonly string[],
  now: number,
): QueuedRecord['asks'] | null {
  const { receivers, people = [], schedules = [], urgency = null } = spec;
  if (people.length + schedules.length === 0) return null;
  const step = stepName(told);
  return { step, at: new Date(now).toISOString(), labels, receivers, people, schedules, otherwise, urgency };
}

export const stepName = (told: number): string => `escalate-${told}`;

/** How many levels have been told with a step, 0 for the fire; null for one that is neither. */
export function toldBy(step: string): number | null {
  if (step === 'fire') return 0;
  const told = /^escalate-([1-9]\d{0,5})$/.exec(step)?.[1];
  return told === undefined ? null : Number(told);
}

/**
 * What follows when nobody could be told of a step: the next level has its turn at once, or where the clock stands as soon as it
 * runs. But not once the chain has been gone through: levels of another round were told, or could not be, and people need the
 * time in between to mend what is broken. Null where the next level has had its turn meanwhile.
 */
export function hurriedBy(
  { step, reason }: UndeliveredMessage,
  policy: EscalationPolicy | null,
  clock: EscalationClock,
  labels: Labels,
  now: number,
): (Said & { readonly clock: EscalationClock }) | null {
  const told = toldBy(step);
  if (policy === null || told !== clock.told) return null;
  const level = told === 0 ? null : nextLevel(policy, told - 1);
  const by =
    level === null ? 'that it fires' : `by level ${level.level}${roundText(level.round)}, ${level.spec.name}`;
  const next = hurried(policy, clock, labels, now);
  return {
    text: `nobody could be told ${by} (${reason}): ${next.then}`,
    details: { step, reason },
    clock: next.clock,
  };
}

function hurried(
  policy: EscalationPolicy,
  clock: EscalationClock,
  { severity }: Labels,
  now: number,
): { readonly clock: EscalationClock; readonly then: string } {
  const next = nextLevel(policy, clock.told);
  if (next === null) return { clock, then: 'nobody is left to tell' };
  const who = `level ${next.level}${roundText(next.round)}, ${next.spec.name}, is told`;
  if (urgencyOf(severity) !== 'high')
    return { clock, then: `${who} at its time, for the severity is ${severity}` };
  if (next.round > 1) return { clock, then: `${who} at its time, for all levels have had their turn` };
  if (clock.dueAt !== null) return { clock: { ...clock, dueAt: now }, then: `${who} at once` };
  return { clock: { ...clock, remainingMs: 0 }, then: `${who} as soon as escalation goes on` };
}

type HasPolicy = { readonly escalation: EscalationPolicy | null };

/** After what somebody did; nothing where there is no chain. */
export const waitsText = ({ escalation }: HasPolicy): string =>
  escalation === null ? '' : '; escalation waits';
export const goesOnText = ({ escalation }: HasPolicy): string =>
  escalation === null ? '' : '; escalation goes on';

/** Null where nothing waits. */
export function earliest(waits: readonly (number | null)[]): number | null {
  const set = waits.filter((at): at is number => at !== null);
  return set.length === 0 ? null : Math.min(...set);
}
