/**
 * Looks again and again whether all alerts of an open incident have been over for long enough, and resolves it then. Any number
 * of processes may do so at once.
 */
import { messageOf } from '../domain/errors';
import type { IncidentStore } from '../history/port';
import type { Logger } from '../observe/observe';

export interface IncidentWatchOptions {
  readonly store: Pick<IncidentStore, 'resolveOver'>;
  /** Who wants to hear of ends. */
  readonly resolveTo: readonly string[];
  /** False: there will be no more of them, and it ends when none is open. */
  readonly isConfigured: boolean;
  readonly wakeNotifier: () => void;
  /** Told at each look how many are open. */
  readonly onLook: (open: number) => void;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  readonly everyMs?: number;
}

export function watchIncidents(options: IncidentWatchOptions): { stop(): Promise<void> } {
  const { store, resolveTo, isConfigured, wakeNotifier, onLook, log, everyMs = 2_000 } = options;
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;

  /** Whether there is more to come. Never rejects. */
  async function look(): Promise<boolean> {
    try {
      const { resolved, open } = await store.resolveOver(resolveTo);
      onLook(open);
      if (resolved > 0) {
        log.info({ resolved }, `incidents resolved: ${resolved}`);
        wakeNotifier();
      }
      return isConfigured || open > 0;
    } catch (error) {
      log.warn({ err: error }, `incidents cannot be looked at: ${messageOf(error)}`);
      return true;
    }
  }

  async function run(): Promise<void> {
    const hasMore = await look();
    if (hasMore && !isStopped) timer = setTimeout(() => (running = run()), everyMs);
  }

  let running = run();
  return {
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
