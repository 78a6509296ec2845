/** When a receiver is told of an episode at the latest; the alert's life releases the message earlier. */
import type { NotifyAfter } from '../domain/life';

export function dueAtFor(
  receiver: { readonly notifyAfter: NotifyAfter; readonly deadlineMs: number },
  firedAt: Date,
): Date {
  return receiver.notifyAfter === 'fire' ? firedAt : new Date(firedAt.getTime() + receiver.deadlineMs);
}
