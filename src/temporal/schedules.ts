/**
 * Collectors tick in shards: one Schedule a shard starts a workflow every five minutes, whose one activity ticks until
 * the next is due. A collector that starts begins a run at once, unless one is under way. When a run is still ending,
 * the next waits for it. What a stopped server missed within one interval is made up for: there is always one such time,
 * so collection goes on as soon as the server is back. Older times are let go, since the past cannot be measured.
 */
import {
  ScheduleAlreadyRunning,
  ScheduleOverlapPolicy,
  type Client,
  type ScheduleHandle,
  type ScheduleOptions,
  type ScheduleOptionsStartWorkflowAction,
  type Workflow,
} from '@temporalio/client';
import { collectWorkflowId, taskQueueName } from '../domain/identity';
import type { collectWorkflow } from '../../workflows/collect';

export interface CollectionSchedules {
  readonly instance: string;
  readonly shards: readonly string[];
  /** How long a run ticks, milliseconds. */
  readonly everyMs: number;
}

/** Makes the server's Schedules those of the configuration: creates, updates, and deletes those of shards that are gone. */
export async function ensureCollectionSchedules(
  client: Client,
  { instance, shards, everyMs }: CollectionSchedules,
): Promise<void> {
  for (const shard of shards) {
    const schedule = await ensureSchedule(client, scheduleOf(instance, shard, everyMs));
    // Not by the Schedule's own `triggerImmediately`, whose run it does not know of, so that the next would not wait for it.
    const { paused } = (await schedule.describe()).state;
    if (!paused) await schedule.trigger(ScheduleOverlapPolicy.SKIP);
  }
  await deleteOthers(client, instance, new Set(shards.map((shard) => collectWorkflowId(instance, shard))));
}

/** Creates it, or makes it what is asked for; one that somebody has paused stays so. */
export async function ensureSchedule<T extends Workflow>(
  client: Client,
  options: ScheduleOptions<ScheduleOptionsStartWorkflowAction<T>>,
): Promise<ScheduleHandle> {
  try {
    return await client.schedule.create(options);
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    const handle = client.schedule.getHandle(options.scheduleId);
    const { spec, policies, action } = options;
    await handle.update<T>(({ state: { paused, note } }) => {
      return { spec, policies, action, state: { paused, note } };
    });
    return handle;
  }
}

/** Ends collection by Schedule, for a system that is taken down for good. */
export async function deleteCollectionSchedules(client: Client, instance: string): Promise<void> {
  await deleteOthers(client, instance, new Set());
}

async function deleteOthers(client: Client, instance: string, wanted: ReadonlySet<string>): Promise<void> {
  const prefix = collectWorkflowId(instance, '');
  for await (const { scheduleId } of client.schedule.list()) {
    if (scheduleId.startsWith(prefix) && !wanted.has(scheduleId))
      await client.schedule.getHandle(scheduleId).delete();
  }
}

type Schedule = ScheduleOptions<ScheduleOptionsStartWorkflowAction<typeof collectWorkflow>>;

/** The server looks at its Schedules somewhat after it is back. */
const SLACK_MS = 60_000;

function scheduleOf(instance: string, shard: string, everyMs: number): Schedule {
  const id = collectWorkflowId(instance, shard);
  return {
    scheduleId: id,
    spec: { intervals: [{ every: everyMs }] },
    policies: {
      overlap: ScheduleOverlapPolicy.BUFFER_ONE,
      catchupWindow: everyMs + SLACK_MS,
      pauseOnFailure: false,
    },
    action: {
      type: 'startWorkflow',
      workflowType: 'collectWorkflow',
      workflowId: id,
      taskQueue: taskQueueName(instance, 'collection'),
      args: [{ shard, forMs: everyMs }],
      staticSummary: `collects shard ${shard}`,
    },
  };
}
