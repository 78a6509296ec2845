/**
 * Ends a process in order: its parts in reverse, within one deadline, when a signal asks for it. A second signal ends the
 * process at once.
 */
import { once } from 'node:events';
import type { Logger } from '../src/observe/observe';
import { messageOf } from '../src/domain/errors';

export interface Part {
  readonly name: string;
  stop(): Promise<void>;
}

/** A drain that takes longer is cut off: whatever it held is safe in Kafka, Temporal or Postgres. */
const DRAIN_MS = 20_000;

/**
 * Stops parts that depend on others before those, all of them within `drainMs`; a part that fails or hangs keeps nobody
 * from stopping. False when the time was over before all had stopped: those that are left are told and not waited for.
 */
export async function stopAll(
  parts: readonly Part[],
  log: Pick<Logger, 'warn' | 'error'>,
  drainMs = DRAIN_MS,
): Promise<boolean> {
  const timeUp = new Promise<'late'>((resolve) => setTimeout(resolve, drainMs, 'late').unref());
  let inTime = true;
  for (const part of [...parts].reverse()) {
    const stopped = stopOne(part, log);
    if (inTime && (await Promise.race([stopped, timeUp])) === 'late') {
      inTime = false;
      log.warn({ part: part.name }, `not all had stopped after ${drainMs} ms: waited for ${part.name}`);
    }
  }
  return inTime;
}

export interface Opened<T> {
  readonly value: T;
  /** Stops the parts, once. */
  stop(): Promise<void>;
}

/** Opens what has parts: whole, or not at all. Where that fails half-way, what was open by then is stopped before it throws. */
export async function openWhole<T>(
  log: Pick<Logger, 'warn' | 'error'>,
  open: (parts: Part[]) => Promise<T>,
): Promise<Opened<T>> {
  const parts: Part[] = [];
  let stopping: Promise<boolean> | null = null;
  const stop = async (): Promise<void> => void (await (stopping ??= stopAll(parts, log)));
  try {
    return { value: await open(parts), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function stopOne(part: Part, log: Pick<Logger, 'error'>): Promise<void> {
  try {
    await part.stop();
  } catch (error) {
    log.error({ part: part.name, err: error }, `${part.name} did not stop cleanly: ${messageOf(error)}`);
  }
}

/** Aborts with the first SIGINT or SIGTERM, whose name is the reason; the second ends the process. */
export function stopSignal(): AbortSignal {
  const asked = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => {
    if (asked.signal.aborted) process.exit(130);
    asked.abort(signal);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return asked.signal;
}

export async function untilAborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}
