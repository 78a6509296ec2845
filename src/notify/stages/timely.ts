/**
 * Drops what has no use any more: an escalation of what is over, another way to a person where somebody has taken the
 * alert, a reminder of what does not fire any more, the end of what the receiver never heard of.
 */
import { silenceEndOf } from '../../domain/identity';
import { deciding, drop, type Stage } from './stage';

export const timelyStage: Stage = deciding('timely', async (_, notification) => {
  const { queued, facts } = notification;
  if (queued.step === 'resolved' && !queued.told) {
    return drop(notification, {
      reason: 'never_told',
      detail: 'the receiver was told of nothing in this episode',
    });
  }
  if (queued.step.startsWith('escalate-') && facts.alert.state === 'RESOLVED') {
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
  return notification;
});
