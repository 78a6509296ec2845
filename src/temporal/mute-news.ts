/** Tells an alert's life that something which mutes it has changed. */
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { alertWorkflowId } from '../domain/identity';
import { mutesChangedSignal } from '../../workflows/messages';

/** An alert without a life has nothing that waits. Throws when Temporal is away. */
export function muteTeller(client: Client, instance: string): (fingerprint: string) => Promise<void> {
  return async (fingerprint) => {
    try {
      await client.workflow.getHandle(alertWorkflowId(instance, fingerprint)).signal(mutesChangedSignal);
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
  };
}
