/**
 * Drops what a silence covers. A resolve passes: whoever was told that it fires is told that it is over. When the
 * silences cannot be read the message goes out, and says so: better one message too many than one too few.
 */
import { messageOf } from '../../domain/errors';
import type { Mutes } from '../../mute/port';
import { deciding, drop, type Stage } from './stage';

export function silenceStage(mutes: Mutes): Stage {
  return deciding('silence', async (context, notification) => {
    if (notification.queued.step === 'resolved') return notification;
    try {
      const verdict = await mutes.verdict(notification.facts.alert.labels, context.now());
      return verdict.muted ? drop(notification, 'silenced', verdict.detail) : notification;
    } catch (error) {
      return {
        ...notification,
        notes: [...notification.notes, `silences could not be read: ${messageOf(error)}`],
      };
    }
  });
}
