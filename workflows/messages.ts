/**
 * The names and types of all messages to workflows. People's actions are Updates, which answer or refuse with a reason;
 * acknowledge, silence and resolve are Signals too, so that the Temporal Web UI and CLI can send them. Signal handlers
 * take `unknown` and validate: a message sent by hand never fails a workflow task.
 */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type {
  AcknowledgeRequest,
  ActionAnswer,
  EscalateRequest,
  LifeAudit,
  LifePolicy,
  LifeStatus,
  ResolveRequest,
  ResumedLife,
  SilenceRequest,
  TimelineEvent,
  UnacknowledgeRequest,
  UnsilenceRequest,
} from '../src/domain/life';
import type { RemediationPlan, RemediationResult } from '../src/domain/remediation';
import type { RunbookAlert } from '../src/domain/runbook';
import type { Transition, TransitionCondition } from '../src/domain/transition';

/**
 * What an alert's life starts with. `carried` is handed over by continue-as-new and is the workflow's own affair;
 * `resumed` is there where the life of an open episode has been lost.
 */
export interface AlertLifeInput {
  readonly transition: Transition;
  readonly policy: LifePolicy;
  readonly resumed?: ResumedLife;
  readonly carried?: unknown;
}

/** Argument: a `Transition`, with the policy of the moment so that a changed configuration reaches a running life. */
export interface TransitionMessage {
  readonly transition: Transition;
  readonly policy: LifePolicy;
}
export const transitionSignal = defineSignal<[TransitionMessage]>('transition');

/** A silence or a maintenance that is about the alert was begun, changed or ended. */
export const mutesChangedSignal = defineSignal('mutes-changed');

/** A step of an episode of which nobody could be told. */
export interface UndeliveredMessage {
  readonly episode: number;
  /** `fire`, `escalate-2`, … */
  readonly step: string;
  /** Who was to be told, and what came of it. */
  readonly reason: string;
}
export const undeliveredSignal = defineSignal<[UndeliveredMessage]>('undelivered');

export const acknowledgeUpdate = defineUpdate<ActionAnswer, [AcknowledgeRequest]>('acknowledge');
export const unacknowledgeUpdate = defineUpdate<ActionAnswer, [UnacknowledgeRequest]>('unacknowledge');
export const resolveUpdate = defineUpdate<ActionAnswer, [ResolveRequest]>('resolve');
export const silenceUpdate = defineUpdate<ActionAnswer, [SilenceRequest]>('silence');
export const unsilenceUpdate = defineUpdate<ActionAnswer, [UnsilenceRequest]>('unsilence');
export const escalateUpdate = defineUpdate<ActionAnswer, [EscalateRequest]>('escalate');

export const acknowledgeSignal = defineSignal<[unknown]>('acknowledge');
export const silenceSignal = defineSignal<[unknown]>('silence');
export const resolveSignal = defineSignal<[unknown]>('resolve');

export const statusQuery = defineQuery<LifeStatus>('status');
export const timelineQuery = defineQuery<readonly TimelineEvent[]>('timeline');
export const whyQuery = defineQuery<readonly string[]>('why');
export const auditQuery = defineQuery<LifeAudit>('audit');

/** What a remediation starts with. Its workflow id is `remediationWorkflowId(instance, target)`. */
export interface RemediationInput {
  readonly instance: string;
  readonly plan: RemediationPlan;
  readonly alert: RunbookAlert;
  /** What the fired rule compares; null when it is unknown, and then nothing can be verified. */
  readonly condition: TransitionCondition | null;
  readonly correlationId: string;
  /** The alert that asked; others join. */
  readonly alertWorkflowId: string;
}

/** To a running remediation, from an alert of the same target: tell me the result too. */
export const joinSignal = defineSignal<[{ readonly alertWorkflowId: string }]>('join');
/** From a remediation to every alert that asked or joined. */
export const remediationResultSignal = defineSignal<[RemediationResult]>('remediation-result');
/** A remediation's phase, for people. */
export const phaseQuery = defineQuery<string>('phase');
