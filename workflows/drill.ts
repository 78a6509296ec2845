/**
 * One drill, begun by its Schedule or by a person: its receivers are told each by itself, so that one that hangs delays no other,
 * and a while later again where it may go better then. Whoever was not reached at last is raised as an alert.
 */
import { ActivityFailure, proxyActivities, rootCause, sleep, workflowInfo } from '@temporalio/workflow';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { DrillActivities } from '../activities/drills';
import type { DrilledReceiver, DrillInput, DrillOutcome } from '../src/domain/drill';

const { concludeDrill, drillReceiver } = proxyActivities<DrillActivities>({
  startToCloseTimeout: '5m',
  scheduleToCloseTimeout: '30m',
  heartbeatTimeout: '10s',
});

/** A receiver that is away for a moment is no receiver that people cannot be reached by. */
const PAUSES_MS = [10_000, 30_000];

const SCHEDULED_AT = defineSearchAttributeKey('TemporalScheduledStartTime', 'DATETIME');

export async function drillWorkflow({ drill, receivers }: DrillInput): Promise<DrillOutcome[]> {
  const { typedSearchAttributes, startTime } = workflowInfo();
  const at = (typedSearchAttributes.get(SCHEDULED_AT) ?? startTime).getTime();
  const outcomes = await Promise.all(receivers.map((receiver) => drilled({ drill, receiver, at })));
  await concludeDrill({ drill, outcomes, at: Date.now() });
  return outcomes;
}

async function drilled(of: DrilledReceiver): Promise<DrillOutcome> {
  for (let attempts = 0; ; attempts++) {
    const outcome = await tried(of, attempts);
    const pause = PAUSES_MS[attempts];
    if (outcome.delivered || !outcome.retryable || pause === undefined) return outcome;
    await sleep(pause);
  }
}

/** What could not even be tried did not reach anybody. */
async function tried(of: DrilledReceiver, attempts: number): Promise<DrillOutcome> {
  try {
    return await drillReceiver({ ...of, attempts });
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    const detail = `it could not be drilled: ${rootCause(error) ?? error.message}`;
    return { receiver: of.receiver, delivered: false, retryable: false, detail };
  }
}
