/**
 * Runs a role's parts until a signal ends them: starts them in order, stops them in reverse, gives a drain its time. A
 * second signal ends the process at once.
 */
import type { Logger } from '../src/observe/observe';
import { messageOf } from '../src/domain/errors';

export interface Part {
  readonly name: string;
  stop(): Promise<void>;
}

/** A drain that takes longer is cut off: whatever it held is safe in Kafka, Temporal or Postgres. */
const DRAIN_MS = 20_000;

/** Stops parts that depend on others before those; a part that fails or hangs keeps nobody from stopping. */
export async function stopAll(parts: readonly Part[], log: Logger): Promise<void> {
  for (const part of [...parts].reverse()) {
    const late = new Promise<'late'>((resolve) => setTimeout(resolve, DRAIN_MS, 'late').unref());
    try {
      if ((await Promise.race([part.stop(), late])) === 'late')
        log.warn({ part: part.name }, `${part.name} did not stop within ${DRAIN_MS} ms`);
    } catch (error) {
      log.error({ part: part.name, err: error }, `${part.name} did not stop cleanly: ${messageOf(error)}`);
    }
  }
}

/** Resolves with the first SIGINT or SIGTERM; the second ends the process. */
export function untilSignalled(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let asked = false;
    const onSignal = (signal: NodeJS.Signals): void => {
      if (asked) process.exit(130);
      asked = true;
      resolve(signal);
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });
}
