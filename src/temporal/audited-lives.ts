/** The alerts' workflows as the auditor looks at them: by their own records and answers, not by the lists, which lag. */
import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { AuditedLives } from '../audit/port';
import { alertWorkflowId, taskQueueName } from '../domain/identity';
import type { LifePolicy } from '../domain/life';
import type { Transition } from '../domain/transition';
import type { alertWorkflow } from '../../workflows/alert';
import { auditQuery } from '../../workflows/messages';
import { createLives, startOptions } from './lives';
import { firingOf, resolvedOf } from './remembered';

export interface AuditedLivesOptions {
  readonly client: Client;
  readonly instance: string;
  readonly policyFor: (transition: Transition) => LifePolicy;
  /** How long a life may take for its answer. */
  readonly answerTimeoutMs?: number;
}

const LISTED_AT_ONCE = 1_000;
const SOURCE = 'auditor';

export function createAuditedLives(options: AuditedLivesOptions): AuditedLives {
  const { client, instance, policyFor, answerTimeoutMs = 5_000 } = options;
  const { namespace } = client.options;
  const lives = createLives(client);
  const prefix = alertWorkflowId(instance, '');
  const handleOf = (fingerprint: string) => client.workflow.getHandle(alertWorkflowId(instance, fingerprint));
  const query = [
    `WorkflowType = 'alertWorkflow'`,
    `TaskQueue = '${taskQueueName(instance, 'lifecycle')}'`,
    `ExecutionStatus = 'Running'`,
  ].join(' AND ');

  return {
    async runOf(fingerprint) {
      try {
        const { runId, status } = await handleOf(fingerprint).describe();
        return { runId, isRunning: status.name === 'RUNNING' };
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return null;
        throw error;
      }
    },

    async running(after) {
      const { executions, nextPageToken } = await client.workflowService.listWorkflowExecutions({
        ...{ namespace, query, pageSize: LISTED_AT_ONCE },
        ...(after === null ? {} : { nextPageToken: Buffer.from(after, 'base64') }),
      });
      const ids = executions.map(({ execution }) => execution?.workflowId ?? '');
      return {
        fingerprints: ids.filter((id) => id.startsWith(prefix)).map((id) => id.slice(prefix.length)),
        next: nextPageToken?.length ? Buffer.from(nextPageToken).toString('base64') : null,
      };
    },

    async ask(fingerprint) {
      try {
        const handle = handleOf(fingerprint);
        // A life that has ended answers, too.
        const { status } = await handle.describe();
        if (status.name !== 'RUNNING') return null;
        return await client.withDeadline(Date.now() + answerTimeoutMs, () => handle.query(auditQuery));
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return null;
        throw error;
      }
    },

    async begin(row, resumed) {
      const transition = firingOf(row, SOURCE);
      const policy = policyFor(transition);
      try {
        await client.workflow.start<typeof alertWorkflow>(
          'alertWorkflow',
          startOptions({ transition, policy, ...(resumed === null ? {} : { resumed }) }),
        );
        return true;
      } catch (error) {
        if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
        throw error;
      }
    },

    async tell(row) {
      const transition = row.state === 'RESOLVED' ? resolvedOf(row, SOURCE) : firingOf(row, SOURCE);
      await lives.deliver(transition, policyFor(transition));
    },
  };
}
