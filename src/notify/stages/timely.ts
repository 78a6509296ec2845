/** Drops what has no use any more: an escalation of what is over, the end of what the receiver never heard of. */
import { deciding, drop, type Stage } from './stage';

export const timelyStage: Stage = deciding('timely', async (_, notification) => {
  const { queued, facts } = notification;
  if (queued.step === 'resolved' && !queued.told) {
    return drop(notification, 'never_told', 'the receiver was told of nothing in this episode');
  }
  if (queued.step.startsWith('escalate-') && facts.alert.state === 'RESOLVED') {
    return drop(
      notification,
      'ended',
      `it was resolved by ${facts.alert.resolvedBy ?? 'its condition'} before this left`,
    );
  }
  return notification;
});
