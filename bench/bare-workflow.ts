/**
 * The reference's workflow, with nothing of Tocsin in it: a local activity, a timer, a signal that cancels the timer, the
 * end. In Temporal's history that is 12 events, as of an alert's plain life.
 */
import {
  condition,
  defineSignal,
  proxyLocalActivities,
  proxySinks,
  setHandler,
  workflowInfo,
  type Sinks,
} from '@temporalio/workflow';

export interface BareActivities {
  act(id: string): Promise<void>;
}

export interface BareSinks extends Sinks {
  readonly life: { armed(id: string): void; done(id: string): void };
}

export const endSignal = defineSignal('end');

export async function bareLife(): Promise<void> {
  const { act } = proxyLocalActivities<BareActivities>({ startToCloseTimeout: '10s' });
  const { life } = proxySinks<BareSinks>();
  const { workflowId } = workflowInfo();
  let ended = false;
  setHandler(endSignal, () => void (ended = true));
  await act(workflowId);
  life.armed(workflowId);
  await condition(() => ended, '1 hour');
  life.done(workflowId);
}
