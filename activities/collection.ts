/** Ticks a shard of targets until its time is over. */
import { ApplicationFailure, cancellationSignal, heartbeat } from '@temporalio/activity';

export interface CollectionDeps {
  /** Runs every group of every target of the shard at its interval until the signal aborts. */
  readonly runShard: (shard: string, signal: AbortSignal, beat: () => void) => Promise<void>;
}

export function createCollectionActivities({ runShard }: CollectionDeps) {
  return {
    /** `untilMs`: milliseconds since 1970. */
    async collectShard({
      shard,
      untilMs,
    }: {
      readonly shard: string;
      readonly untilMs: number;
    }): Promise<void> {
      const over = AbortSignal.timeout(Math.max(0, untilMs - Date.now()));
      const cancelled = cancellationSignal();
      const signal = AbortSignal.any([over, cancelled]);
      const timer = setInterval(() => heartbeat(), 1_000);
      try {
        await runShard(shard, signal, () => heartbeat());
      } finally {
        clearInterval(timer);
      }
      // A worker that stops has not finished the run: another takes it over within a second.
      if (cancelled.aborted && !over.aborted)
        throw ApplicationFailure.create({
          message: 'the collector stops',
          type: 'WorkerShutdown',
          category: 'BENIGN',
        });
    },
  };
}

export type CollectionActivities = ReturnType<typeof createCollectionActivities>;
