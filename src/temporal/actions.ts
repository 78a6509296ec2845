/** People's actions on an alert, as Updates to its life. */
import {
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type Client,
} from '@temporalio/client';
import { TocsinError, messageOf } from '../domain/errors';
import { alertWorkflowId } from '../domain/identity';
import type {
  AcknowledgeRequest,
  ActionAnswer,
  EscalateRequest,
  LifePolicy,
  LifeStatus,
  ResolveRequest,
  SilenceRequest,
  UnacknowledgeRequest,
  UnsilenceRequest,
} from '../domain/life';
import type { Transition } from '../domain/transition';
import type { AlertRow } from '../history/port';
import * as messages from '../../workflows/messages';
import { withStart } from './lives';
import { firingOf } from './remembered';

export interface AlertActions {
  acknowledge(row: AlertRow, request: AcknowledgeRequest): Promise<ActionAnswer>;
  unacknowledge(row: AlertRow, request: UnacknowledgeRequest): Promise<ActionAnswer>;
  resolve(row: AlertRow, request: ResolveRequest): Promise<ActionAnswer>;
  silence(row: AlertRow, request: SilenceRequest): Promise<ActionAnswer>;
  /** Ends the silences that hold exactly this alert. */
  unsilence(row: AlertRow, request: UnsilenceRequest): Promise<ActionAnswer>;
  escalate(row: AlertRow, request: EscalateRequest): Promise<ActionAnswer>;
  /** What the life itself says; null when none runs. */
  status(fingerprint: string): Promise<LifeStatus | null>;
}

export interface ActionsDeps {
  readonly client: Client;
  readonly instance: string;
  /** Null where the configuration is not known: then an action begins no life, which would lack its escalation and runbook. */
  readonly policyFor: ((transition: Transition) => LifePolicy) | null;
  /** How long an answer may take. A missing worker is the usual cause of none. */
  readonly timeoutMs: number;
}

/** Throws TOC_ILLEGAL_MOVE with the life's own reason when it refuses, TOC_DEPENDENCY_AWAY when nobody answers. */
export function createActions({ client, instance, policyFor, timeoutMs }: ActionsDeps): AlertActions {
  async function update<Request>(
    row: AlertRow,
    definition: Parameters<typeof client.workflow.executeUpdateWithStart>[0] | { name: string },
    request: Request,
  ): Promise<ActionAnswer> {
    const { name } = definition as { name: string };
    const send = (): Promise<ActionAnswer> =>
      row.state === 'RESOLVED' || policyFor === null
        ? client.workflow
            .getHandle(alertWorkflowId(instance, row.fingerprint))
            .executeUpdate<ActionAnswer, [Request]>(name, { args: [request] })
        : client.workflow.executeUpdateWithStart(name, {
            args: [request],
            startWorkflowOperation: withStart(lifeInput(row, policyFor)),
          });
    try {
      return await client.withDeadline(Date.now() + timeoutMs, send);
    } catch (cause) {
      throw refusal(row, cause);
    }
  }

  function refusal(row: AlertRow, cause: unknown): TocsinError {
    if (cause instanceof WorkflowUpdateFailedError)
      return new TocsinError('TOC_ILLEGAL_MOVE', messageOf(cause.cause ?? cause), { cause });
    if (cause instanceof WorkflowNotFoundError)
      return new TocsinError('TOC_ILLEGAL_MOVE', noLife(row), { cause });
    if (cause instanceof WorkflowUpdateRPCTimeoutOrCancelledError) {
      return new TocsinError(
        'TOC_DEPENDENCY_AWAY',
        `no process${instance === '' ? '' : ` of instance ${instance}`} answered for alert ${row.fingerprint} within ${timeoutMs} ms; is \`tocsin serve\` or \`tocsin start dispatcher\` running?`,
        { cause },
      );
    }
    return new TocsinError(
      'TOC_DEPENDENCY_AWAY',
      `alert ${row.fingerprint} could not be told: ${messageOf(cause)}`,
      { cause },
    );
  }

  return {
    acknowledge: (row, request) => update(row, messages.acknowledgeUpdate, request),
    unacknowledge: (row, request) => update(row, messages.unacknowledgeUpdate, request),
    resolve: (row, request) => update(row, messages.resolveUpdate, request),
    silence: (row, request) => update(row, messages.silenceUpdate, request),
    unsilence: (row, request) => update(row, messages.unsilenceUpdate, request),
    escalate: (row, request) => update(row, messages.escalateUpdate, request),
    async status(fingerprint) {
      try {
        return await client.withDeadline(Date.now() + timeoutMs, () =>
          client.workflow.getHandle(alertWorkflowId(instance, fingerprint)).query(messages.statusQuery),
        );
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return null;
        throw new TocsinError(
          'TOC_DEPENDENCY_AWAY',
          `alert ${fingerprint} could not be asked: ${messageOf(error)}`,
          { cause: error },
        );
      }
    },
  };
}

function noLife({ fingerprint, state }: AlertRow): string {
  return state === 'RESOLVED'
    ? `alert ${fingerprint} is RESOLVED and its life has ended`
    : `the life of alert ${fingerprint} has not begun yet, and without the configuration it is not begun from here; try again, or name the file with --config`;
}

function lifeInput(row: AlertRow, policyFor: NonNullable<ActionsDeps['policyFor']>): messages.AlertLifeInput {
  const transition = firingOf(row, 'person');
  return { transition, policy: policyFor(transition) };
}
