/** What the application that services call back is made of. */
import type { CallbackStore } from '../../history/port';
import type { Logger } from '../../observe/observe';
import type { Acts } from './acts';
import type { IncidentActs } from './incident-acts';
import type { Caller, CallbackEvent } from './port';

export interface CallbackOptions {
  readonly callers: readonly Caller[];
  readonly acts: Acts;
  readonly incidentActs: IncidentActs;
  readonly store: CallbackStore;
  readonly instance: string;
  /** As services see it, without a slash at its end; null where nobody has said, and then what signs it is not taken. */
  readonly externalUrl: string | null;
  /** Who somebody in Slack is; null for a stranger. */
  readonly personInSlack: (id: string) => string | null;
  /** Tells the outcome of a click. Never throws. */
  readonly answerSlack: (url: string, body: object) => Promise<void>;
  readonly now: () => number;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error' | 'debug'>;
  readonly onEvent?: (event: CallbackEvent) => void;
}

/** What has come, with its signature still to be looked at. */
export interface Called {
  readonly header: (name: string) => string | undefined;
  readonly body: Buffer;
  /** Path and query, as they were called. */
  readonly url: string;
  /** What follows the receiver in the path. */
  readonly rest: readonly string[];
}

export interface CallbackAnswer {
  readonly status: number;
  readonly type?: string;
  readonly body?: string;
  /** What is done after the answer has left. */
  readonly afterwards?: () => Promise<void>;
}

/** The signature is wrong, or there is none. */
export const NOT_SIGNED: CallbackAnswer = { status: 401, body: 'the signature is not valid\n' };
