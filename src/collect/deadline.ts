/** Work that has to end: by itself, by its deadline, or because nobody wants it any more. */
import { DeadlineError } from './reasons';

/**
 * Runs `work` with a signal that aborts at the deadline or with `outer`, and settles at that moment even when the
 * driver beneath does not listen: a hung socket must delay nobody. Rejects with a `DeadlineError` or `outer`'s reason.
 */
export async function withDeadline<T>(
  what: string,
  ms: number,
  outer: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  outer.throwIfAborted();
  const controller = new AbortController();
  const cut = new Promise<never>((_, reject) => {
    controller.signal.addEventListener('abort', () => reject(controller.signal.reason as Error), {
      once: true,
    });
  });
  const stop = (): void => controller.abort(outer.reason);
  outer.addEventListener('abort', stop, { once: true });
  const timer = setTimeout(() => controller.abort(new DeadlineError(what, ms)), ms);
  try {
    return await Promise.race([work(controller.signal), cut]);
  } finally {
    clearTimeout(timer);
    outer.removeEventListener('abort', stop);
    cut.catch(() => undefined);
  }
}
