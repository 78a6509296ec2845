/**
 * Turns calls that come while one is under way into one call for all of them. Alone, a call waits for nothing; under
 * load a round trip and a commit serve many.
 */

/**
 * `work` answers in the order of its items; when it throws, all of them fail. An answer may be a promise, which holds up
 * its own caller alone.
 */
export function coalesced<T, R>(
  work: (items: readonly T[]) => Promise<readonly (R | Promise<R>)[]>,
  mostAtOnce: number,
): (item: T) => Promise<R> {
  interface Waiting {
    readonly item: T;
    readonly resolve: (result: R | Promise<R>) => void;
    readonly reject: (error: unknown) => void;
  }
  const waiting: Waiting[] = [];
  let busy = false;

  const drain = async (): Promise<void> => {
    busy = true;
    while (waiting.length > 0) {
      const batch = waiting.splice(0, mostAtOnce);
      try {
        const results = await work(batch.map(({ item }) => item));
        batch.forEach(({ resolve }, index) => resolve(results[index]!));
      } catch (error) {
        batch.forEach(({ reject }) => reject(error));
      }
    }
    busy = false;
  };

  return (item) =>
    new Promise<R>((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      // Calls of the same turn of the event loop leave together.
      if (!busy) {
        busy = true;
        setImmediate(() => void drain());
      }
    });
}
