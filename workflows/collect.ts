/**
 * A shard of targets is ticked by one long activity, started anew by its Schedule every few minutes: a tick as a run of
 * its own would cost a workflow each time. The activity heartbeats, so a dead collector is replaced within seconds.
 */
import { proxyActivities } from '@temporalio/workflow';
import type { CollectionActivities } from '../activities/collection';

export interface CollectInput {
  readonly shard: string;
  /** How long one run ticks, milliseconds. */
  readonly forMs: number;
}

export async function collectWorkflow({ shard, forMs }: CollectInput): Promise<void> {
  const { collectShard } = proxyActivities<CollectionActivities>({
    startToCloseTimeout: forMs + 60_000,
    scheduleToCloseTimeout: forMs + 60_000,
    heartbeatTimeout: '5s',
    retry: { initialInterval: '1s', backoffCoefficient: 1 },
  });
  // The end is a point in time, not a length: a retry after a crash goes on until the same end.
  await collectShard({ shard, untilMs: Date.now() + forMs });
}
