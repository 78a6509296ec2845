/**
 * Drops what has no use any more: an escalation of what is over, another way to a person where somebody has taken the
 * alert, a reminder of what does not fire any more, what somebody did about what is over, the end of what the receiver never
 * heard of or that it does not want to hear of, and a call that asks for nothing.
 */
import { silenceEndOf } from '../../domain/identity';
import { INCIDENT_OPENED, tellsOfCommander, tellsOfRaise } from '../../domain/incident';
import { deciding, drop, type Notification, type Stage } from './stage';

export const timelyStage: Stage = deciding('timely', async (_, notification) => {
  const { queued, facts, receiver } = notification;
  if (queued.step === 'resolved' && !queued.told) {
    return drop(notification, {
      reason: 'never_told',
      detail: 'the receiver was told of nothing in this episode',
    });
  }
  if (queued.step === 'resolved' && receiver.sendResolved === false) {
    const detail = `${receiver.name} has send_resolved: false`;
    return drop(notification, { reason: 'not_wanted', detail });
  }
  const isOnlyForOpen = tellsWhileOpen(queued.step) || queued.unlessAcknowledged;
  if (isOnlyForOpen && facts.alert.state === 'RESOLVED') {
    return drop(notification, {
      reason: 'ended',
      detail: `it was resolved by ${facts.alert.resolvedBy ?? 'its condition'} before this left`,
    });
  }
  if (silenceEndOf(queued.step) !== null && facts.alert.state !== 'FIRING') {
    return drop(notification, {
      reason: 'ended',
      detail: `nobody has to be reminded of its silence: it is ${facts.alert.state}`,
    });
  }
  if (queued.unlessAcknowledged && facts.alert.state === 'ACKNOWLEDGED') {
    const owner = facts.alert.acknowledgement?.owner ?? 'somebody';
    return drop(notification, {
      reason: 'acknowledged',
      detail: `${owner} had taken the alert before this was due`,
    });
  }
  return withoutInterruption(notification);
});

const tellsWhileOpen = (step: string): boolean =>
  /^(escalate|acknowledged|unacknowledged|lapsed|raised|commander)-/.test(step);

/** Nobody is rung up to hear that there is nothing to do. */
function withoutInterruption(notification: Notification): Notification {
  const { receiver } = notification;
  if (receiver.channel.interrupts !== true || asksForAction(notification)) return notification;
  const detail = `${receiver.name} interrupts: it is told only what asks for an action`;
  return drop(notification, { reason: 'no_action_needed', detail });
}

export const asksForAction = ({ queued: { step }, facts }: Notification): boolean =>
  step === 'fire' || step === INCIDENT_OPENED || tellsOfRaise(step) || tellsOfCommander(step)
    ? facts.alert.state === 'FIRING'
    : step.startsWith('escalate-');
