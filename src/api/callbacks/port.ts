/** What services come back with, and who they come back for. */
import type { AcknowledgeRequest, ActionAnswer, ResolveRequest, SilenceRequest } from '../../domain/life';
import type { AlertRow } from '../../history/port';

/** A secret of the configuration; it is revealed when something is checked with it. */
export interface Revealable {
  reveal(): string;
}

/** Any of the secrets may have signed: one is being replaced by another. */
export interface PagerdutyCaller {
  readonly service: 'pagerduty';
  readonly receiver: string;
  readonly secrets: readonly Revealable[];
}

export interface SlackCaller {
  readonly service: 'slack';
  readonly receiver: string;
  readonly secrets: readonly Revealable[];
}

export interface TwilioCaller {
  readonly service: 'twilio';
  readonly receiver: string;
  readonly secrets: readonly Revealable[];
  readonly accountSid: string;
  /** Whose telephone it is. */
  readonly phone: string;
  /** The person who is told by it; null where no person is. */
  readonly person: string | null;
}

export type Caller = PagerdutyCaller | SlackCaller | TwilioCaller;

/** What people may do to an alert, as it is done everywhere else. */
export interface PeoplesActions {
  acknowledge(row: AlertRow, request: AcknowledgeRequest): Promise<ActionAnswer>;
  resolve(row: AlertRow, request: ResolveRequest): Promise<ActionAnswer>;
  silence(row: AlertRow, request: SilenceRequest): Promise<ActionAnswer>;
}

/** For metrics and logs. */
export interface CallbackEvent {
  readonly service: Caller['service'];
  readonly receiver: string;
  readonly outcome: 'done' | 'refused' | 'ignored' | 'repeated' | 'failed' | 'not_signed';
  readonly detail: string;
}
