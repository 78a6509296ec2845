/**
 * Work that has to end in time. The timer is its own: a signal that `AbortSignal.any` makes of an `AbortSignal.timeout`
 * never aborts when the latter has been collected as garbage, and nothing else holds it.
 */

/** Beyond it a timer fires at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** `work` has a signal that aborts with `outer`, or after `ms`; whether it heeds it is its own matter. */
export async function withDeadline<T>(
  ms: number,
  outer: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const end = (): void => controller.abort(new DOMException(`not done within ${ms} ms`, 'TimeoutError'));
  const timer = setTimeout(end, Math.min(Math.ceil(ms), LONGEST_MS));
  const follow = (): void => controller.abort(outer.reason);
  outer.addEventListener('abort', follow, { once: true });
  if (outer.aborted) follow();
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
    outer.removeEventListener('abort', follow);
  }
}
