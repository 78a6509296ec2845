/** The catalogue of errors: a stable code, whether trying again can help, and what the user should do. */

interface CatalogueEntry {
  readonly retryable: boolean;
  readonly todo: string;
}

const CATALOGUE = {
  TOC_CONFIG_INVALID: {
    retryable: false,
    todo: 'Correct the named places in the file and run `tocsin check`.',
  },
  TOC_CANNOT_LISTEN: {
    retryable: false,
    todo: 'Give an address of this machine that is free.',
  },
  TOC_USAGE: { retryable: false, todo: 'See `tocsin --help`.' },
  TOC_ILLEGAL_MOVE: {
    retryable: false,
    todo: 'Look at the alert with `tocsin alerts show` and choose an action that fits its state.',
  },
  TOC_ALERT_UNKNOWN: { retryable: false, todo: 'List the alerts with `tocsin alerts list`.' },
  TOC_INCIDENT_UNKNOWN: {
    retryable: false,
    todo: 'List the incidents with `tocsin incidents list --all`.',
  },
  TOC_INCIDENT_OVER: { retryable: false, todo: 'List those that are open with `tocsin incidents`.' },
  TOC_MESSAGE_INVALID: {
    retryable: false,
    todo: 'Correct the sender; the bytes are kept among the dead letters.',
  },
  TOC_VALUE_REFUSED: {
    retryable: false,
    todo: 'Correct the sender of the value that the reason names: what it came with is left out.',
  },
  TOC_SERVER_MISSING: {
    retryable: false,
    todo: 'Install what the message names, or set the address of a running server.',
  },
  TOC_DEPENDENCY_AWAY: { retryable: true, todo: 'Nothing: it is tried again. See /readyz for its state.' },
  TOC_ACCESS_REFUSED: {
    retryable: true,
    todo: 'Correct `postgres.url` of the file or TOCSIN_POSTGRES, or do in Postgres what the message asks for.',
  },
  TOC_EVALUATORS_AWAY: {
    retryable: true,
    todo: 'Start one (`tocsin start evaluator`); where one has just started or ended, ask again in a few seconds.',
  },
  TOC_STATE_UNUSABLE: {
    retryable: false,
    todo: 'Nothing: what the rules look back to is read again. Tell us the reason.',
  },
  TOC_SERVER_AWAY: {
    retryable: false,
    todo: 'The address comes from the environment: start that server, or unset the variable, and Tocsin starts its own.',
  },
  TOC_SCHEMA_NEWER: {
    retryable: false,
    todo: 'Start this or a newer version of Tocsin than the one that last changed the history.',
  },
  TOC_SCHEMA_OLDER: {
    retryable: false,
    todo: 'Name the instance that is meant (--instance), or start a role of this version: it brings the history up to date. Or use the version of Tocsin that the roles have.',
  },
  TOC_TARGET_UNKNOWN: { retryable: false, todo: 'Add the target to tocsin.yaml.' },
  TOC_STATEMENT_FAILED: {
    retryable: false,
    todo: 'Correct the statement, or give the login the grants it needs.',
  },
  TOC_GUARD_REFUSED: {
    retryable: false,
    todo: 'See the reason; a person can act, or the policy can be changed.',
  },
  TOC_ACT_UNKNOWN: {
    retryable: false,
    todo: 'Look at the target: an attempt was cut off before its record, and may have changed it.',
  },
  TOC_DELIVERY_REFUSED: {
    retryable: false,
    todo: 'Correct the receiver; the destination refuses this message for good.',
  },
  TOC_DELIVERY_FAILED: {
    retryable: true,
    todo: 'Nothing: it is tried again, then sent to the fallback receiver.',
  },
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof CATALOGUE;

export class TocsinError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'TocsinError';
    this.code = code;
  }

  get retryable(): boolean {
    return CATALOGUE[this.code].retryable;
  }

  get todo(): string {
    return CATALOGUE[this.code].todo;
  }
}

/** The message of anything thrown, without its stack. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}

/** Whether a value or a message was refused for good: no repetition makes it acceptable. */
export const isRefusal = (error: unknown): boolean =>
  error instanceof TocsinError &&
  (error.code === 'TOC_VALUE_REFUSED' || error.code === 'TOC_MESSAGE_INVALID');
