/** One attempt to send, with an end: after `timeoutMs`, or when the process stops. */
import { messageOf } from '../domain/errors';
import type { Delivery } from './port';

/** A signal of its own for each attempt: one that lives as long as the process would gather listeners. */
export async function withinDeadline(
  timeoutMs: number,
  stop: AbortSignal,
  send: (signal: AbortSignal) => Promise<Delivery>,
): Promise<Delivery> {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const timer = setTimeout(abort, timeoutMs);
  stop.addEventListener('abort', abort, { once: true });
  if (stop.aborted) abort();
  try {
    return await send(controller.signal);
  } catch (error) {
    return { kind: 'retry', error: messageOf(error), retryAfterMs: null };
  } finally {
    clearTimeout(timer);
    stop.removeEventListener('abort', abort);
  }
}
