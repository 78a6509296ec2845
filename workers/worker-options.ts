/** How Temporal's workers are set. The measurements' reference runs with the same settings. */
import type { WorkerOptions } from '@temporalio/worker';

/** Of every worker. */
export const WORKER = {
  shutdownGraceTime: '10s',
  workflowTaskPollerBehavior: { type: 'autoscaling' },
  activityTaskPollerBehavior: { type: 'autoscaling' },
  // What is cached is not replayed. Others wait this long for a worker that is lost, as long as for one that died at work.
  stickyQueueScheduleToStartTimeout: '5s',
} satisfies Partial<WorkerOptions>;

/**
 * What waits for its turn waits in the server, where its time does not run: with many more, a burst after an outage has
 * every task of it time out, and all are begun again together.
 */
const TASKS_AT_A_TIME = 60;
/** Each poll holds one of these places. */
const POLLS_AT_A_TIME = 8;
/** A start is eager only where a place is free, and one that is not costs the server half as much again. */
export const LIVES_AT_A_TIME = TASKS_AT_A_TIME - POLLS_AT_A_TIME;

/** Of the worker on the alerts' lives. */
export const LIFECYCLE_WORKER = {
  ...WORKER,
  maxCachedWorkflows: 3_000,
  maxConcurrentWorkflowTaskExecutions: TASKS_AT_A_TIME,
  workflowTaskPollerBehavior: { type: 'autoscaling', initial: 2, maximum: POLLS_AT_A_TIME },
} satisfies Partial<WorkerOptions>;
