/** Ticks a shard of targets until its time is over. */
import { heartbeat, cancellationSignal } from '@temporalio/activity';

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
      const signal = AbortSignal.any([over, cancellationSignal()]);
      const timer = setInterval(() => heartbeat(), 1_000);
      try {
        await runShard(shard, signal, () => heartbeat());
      } finally {
        clearInterval(timer);
      }
    },
  };
}

export type CollectionActivities = ReturnType<typeof createCollectionActivities>;
