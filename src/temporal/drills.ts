/**
 * A Schedule for each drill, and what people ask of them. A drill that was missed is made up for within the hour, since its time
 * was chosen so that it disturbs nobody; one that is still under way holds back the next.
 */
import { ScheduleNotFoundError, ScheduleOverlapPolicy, type Client } from '@temporalio/client';
import type { DrillInput, DrillOutcome } from '../domain/drill';
import { messageOf, TocsinError } from '../domain/errors';
import { drillWorkflowId, taskQueueName } from '../domain/identity';
import type { drillWorkflow } from '../../workflows/drill';
import { ensureSchedule } from './schedules';

export interface ScheduledDrill {
  readonly name: string;
  readonly receivers: readonly string[];
  readonly cron: string;
  readonly timeZone: string;
}

const CATCH_UP_MS = 3_600_000;
/** The longest that a drill can take. */
const ENDS_WITHIN_MS = 2 * 3_600_000;

/** Makes the server's Schedules those of the configuration: creates, updates, and deletes those of drills that are gone. */
export async function ensureDrillSchedules(
  client: Client,
  instance: string,
  drills: readonly ScheduledDrill[],
): Promise<void> {
  for (const { name, receivers, cron, timeZone } of drills) {
    const id = drillWorkflowId(instance, name);
    await ensureSchedule<typeof drillWorkflow>(client, {
      scheduleId: id,
      spec: { cronExpressions: [cron], timezone: timeZone },
      policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: CATCH_UP_MS, pauseOnFailure: false },
      action: { type: 'startWorkflow', ...runOf(instance, { drill: name, receivers }), workflowId: id },
    });
  }
  await deleteOthers(client, instance, new Set(drills.map(({ name }) => drillWorkflowId(instance, name))));
}

const runOf = (instance: string, input: DrillInput) => ({
  workflowType: 'drillWorkflow' as const,
  taskQueue: taskQueueName(instance, 'effects'),
  workflowExecutionTimeout: ENDS_WITHIN_MS,
  args: [input] as [DrillInput],
  staticSummary: `drill ${input.drill}: ${input.receivers.join(', ')}`,
});

async function deleteOthers(client: Client, instance: string, wanted: ReadonlySet<string>): Promise<void> {
  const prefix = drillWorkflowId(instance, '');
  for await (const { scheduleId } of client.schedule.list()) {
    if (!scheduleId.startsWith(prefix) || wanted.has(scheduleId)) continue;
    await client.schedule.getHandle(scheduleId).delete().catch(ignoreGone);
  }
}

/** Two processes may start together. */
function ignoreGone(error: unknown): void {
  if (!(error instanceof ScheduleNotFoundError)) throw error;
}

export interface DrillTimes {
  /** Milliseconds; null: it does not come any more. */
  readonly nextAt: number | null;
  /** Somebody has paused its Schedule. */
  readonly isPaused: boolean;
}

export interface DrillControl {
  /** Null: it has no Schedule. */
  times(drill: string): Promise<DrillTimes | null>;
  /** One now, or the one that somebody else has begun; resolves when it is over. Throws TOC_DEPENDENCY_AWAY when nobody works on it. */
  run(input: DrillInput): Promise<readonly DrillOutcome[]>;
}

export function createDrillControl(client: Client, instance: string, timeoutMs: number): DrillControl {
  return {
    async times(drill) {
      try {
        const { info, state } = await client.schedule.getHandle(drillWorkflowId(instance, drill)).describe();
        return { nextAt: info.nextActionTimes[0]?.getTime() ?? null, isPaused: state.paused };
      } catch (error) {
        if (error instanceof ScheduleNotFoundError) return null;
        throw error;
      }
    },
    async run(input) {
      const { workflowType, ...options } = runOf(instance, input);
      const handle = await client.workflow.start<typeof drillWorkflow>(workflowType, {
        ...options,
        workflowId: `${drillWorkflowId(instance, input.drill)}/by-hand`,
        workflowIdConflictPolicy: 'USE_EXISTING',
      });
      try {
        return await client.withDeadline(Date.now() + timeoutMs, () => handle.result());
      } catch (cause) {
        throw new TocsinError(
          'TOC_DEPENDENCY_AWAY',
          `the drill ${input.drill} has not ended within ${timeoutMs / 1_000} s: ${messageOf(cause)}; is \`tocsin start effects\` running? It goes on where it is, and \`tocsin drills\` shows what it comes to`,
          { cause },
        );
      }
    },
  };
}
