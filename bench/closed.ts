/** What Temporal's server says of the workflows that were measured. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { Lived } from './child';
import { median } from './measure';

const LOOK_EVERY_MS = 50;

/** Until no workflow of the task queue runs any more. */
export async function untilClosed(client: Client, taskQueue: string): Promise<void> {
  const query = `TaskQueue = "${taskQueue}" AND ExecutionStatus = "Running"`;
  while ((await client.workflow.count(query)).count > 0) await sleep(LOOK_EVERY_MS);
}

const COUNTED = 20;

/** Events in the histories of the last of these workflows. */
export async function countEvents(
  client: Client,
  workflowIds: readonly string[],
): Promise<Omit<Lived, 'lives'>> {
  const counts = await Promise.all(workflowIds.slice(-COUNTED).map((id) => eventsOf(client, id)));
  return { events: median(counts), mostEvents: Math.max(...counts) };
}

async function eventsOf(client: Client, workflowId: string): Promise<number> {
  const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
  return events?.length ?? 0;
}
