/** One attempt to send, with an end: after `timeoutMs`, or when the process stops. */
import { messageOf } from '../domain/errors';
import { withDeadline } from '../observe/observe';
import type { Delivery } from './port';

/** A signal of its own for each attempt: one that lives as long as the process would gather listeners. */
export async function withinDeadline(
  timeoutMs: number,
  stop: AbortSignal,
  send: (signal: AbortSignal) => Promise<Delivery>,
): Promise<Delivery> {
  try {
    return await withDeadline(timeoutMs, stop, send);
  } catch (error) {
    return { kind: 'retry', error: messageOf(error), retryAfterMs: null };
  }
}
