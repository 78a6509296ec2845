/** Tells an alert's life that nobody could be told of a step. */
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { alertWorkflowId } from '../domain/identity';
import type { Undelivered } from '../history/port';
import { undeliveredSignal } from '../../workflows/messages';

/** False where the alert has no life now. Throws when Temporal is away. */
export function undeliveredTeller(client: Client, instance: string): (step: Undelivered) => Promise<boolean> {
  return async ({ fingerprint, episode, step, reason }) => {
    try {
      const life = client.workflow.getHandle(alertWorkflowId(instance, fingerprint));
      await life.signal(undeliveredSignal, { episode, step, reason });
      return true;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return false;
      throw error;
    }
  };
}
