/** Lives in a closed loop, and what Temporal's server says of their workflows. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { Lived, RunRequest } from './child';
import { median } from './measure';

const LOOK_EVERY_MS = 50;

/**
 * Each slot lives one life after the other. All begin together, and at the end one after the other finds nothing more to do:
 * neither is what is measured, so the clock runs from when as many lives as slots have ended until no more are begun.
 */
export async function inClosedLoop(
  { seconds, atATime }: RunRequest,
  life: (place: number) => Promise<void>,
): Promise<Pick<Lived, 'lives' | 'rate'>> {
  const until = performance.now() + seconds * 1_000;
  const ended: number[] = [];
  let begun = 0;
  const slot = async (): Promise<void> => {
    while (performance.now() < until) {
      await life(begun++);
      ended.push(performance.now());
    }
  };
  await Promise.all(Array.from({ length: atATime }, slot));
  const from = ended[atATime - 1]!;
  const counted = ended.filter((at) => at > from && at <= until).length;
  return { lives: begun, rate: counted === 0 ? 0 : counted / ((until - from) / 1_000) };
}

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
): Promise<Pick<Lived, 'events' | 'mostEvents'>> {
  const counts = await Promise.all(workflowIds.slice(-COUNTED).map((id) => eventsOf(client, id)));
  return { events: median(counts), mostEvents: Math.max(...counts) };
}

async function eventsOf(client: Client, workflowId: string): Promise<number> {
  const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
  return events?.length ?? 0;
}
