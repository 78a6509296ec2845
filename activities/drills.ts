/** The steps of a drill, each told apart from one that hangs by its heartbeats. */
import { activityInfo, cancellationSignal, heartbeat } from '@temporalio/activity';
import type { DrilledReceiver, DrillOutcome } from '../src/domain/drill';
import type { Drills } from '../src/notify/port';

const BEAT_EVERY_MS = 1_000;

export interface ConcludedDrill {
  readonly drill: string;
  readonly outcomes: readonly DrillOutcome[];
  /** Milliseconds. */
  readonly at: number;
}

export function createDrillActivities(drills: Drills) {
  async function beating<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const timer = setInterval(() => heartbeat(), BEAT_EVERY_MS);
    try {
      return await work(cancellationSignal());
    } finally {
      clearInterval(timer);
    }
  }

  return {
    drillReceiver: ({ attempts, ...drilled }: DrilledReceiver & { readonly attempts: number }) => {
      // What a worker that died has sent may have arrived.
      const tried = attempts + activityInfo().attempt - 1;
      return beating((signal) => drills.drill(drilled, tried, signal));
    },
    concludeDrill: ({ drill, outcomes, at }: ConcludedDrill): Promise<void> =>
      beating(() => drills.conclude(drill, outcomes, at)),
  };
}

export type DrillActivities = ReturnType<typeof createDrillActivities>;
