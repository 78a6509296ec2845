/** The messages that a life asks for. */
import type { EscalationStep } from '../../src/domain/escalation';
import { messageId } from '../../src/domain/identity';
import type { LifePolicy } from '../../src/domain/life';
import type { Transition } from '../../src/domain/transition';
import type { QueuedRecord } from '../../src/history/port';
import { after, asksOnCall, stepName } from './chain';

type Messages = NonNullable<QueuedRecord['notifications']>;

export function messageOf(
  { fingerprint }: Transition,
  episode: number,
  receiver: string,
  step: string,
  dueAt: number,
): Messages[number] {
  const id = messageId(fingerprint, episode, step);
  return { messageId: id, receiver, fingerprint, episode, step, dueAt: new Date(dueAt).toISOString() };
}

/** Of the episode that begins now. */
export const firstPages = (transition: Transition, { page }: LifePolicy, now: number): Messages =>
  page.map(({ receiver, deadlineMs }) =>
    messageOf(transition, now, receiver, 'fire', after(now, deadlineMs)),
  );

/** Who is told first when one of these stages has ended. */
export const waitingFor = ({ page }: LifePolicy, stages: readonly string[]): readonly string[] =>
  page.filter(({ notifyAfter }) => stages.includes(notifyAfter)).map(({ receiver }) => receiver);

/** Those of a level: to its receivers, or to whoever is found to be on call. */
export function levelMessages(
  step: EscalationStep,
  transition: Transition,
  episode: number,
  { page }: LifePolicy,
  now: number,
): Pick<QueuedRecord, 'notifications' | 'asks'> {
  const otherwise = page.map(({ receiver }) => receiver);
  const asks = asksOnCall(step, transition.labels, otherwise, now);
  if (asks !== null) return { asks };
  const of = (receiver: string) => messageOf(transition, episode, receiver, stepName(step.told), now);
  return { notifications: step.spec.receivers.map(of) };
}
