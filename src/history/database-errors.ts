/** Names what went wrong with Postgres: whether it is away, two transactions collided, or the statement is at fault. */
import { messageOf, TocsinError } from '../domain/errors';

export type DatabaseFault = 'away' | 'collision' | 'statement';

const LOCK_TIMEOUT = '55P03';
const AWAY_STATES = new Set([
  '57P01', // admin shutdown
  '57P02', // crash shutdown
  '57P03', // starting up
  '57014', // statement timeout
  '25P03', // this process was halted amid a transaction
  '53300', // too many connections
  '25006', // read-only: a former primary after a failover
  LOCK_TIMEOUT,
]);
const AWAY_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);
/** The driver gives these no code. */
const AWAY_MESSAGES =
  /connection terminated|timeout exceeded when trying to connect|client has encountered a connection error|timeout expired|Query read timeout/i;
const COLLISIONS = new Set(['40001', '40P01']);

export function databaseFault(error: unknown): DatabaseFault {
  const code = codeOf(error);
  if (COLLISIONS.has(code) || isStalePlan(error)) return 'collision';
  if (AWAY_STATES.has(code) || AWAY_CODES.has(code) || code.startsWith('08')) return 'away';
  return AWAY_MESSAGES.test(messageOf(error)) ? 'away' : 'statement';
}

/** A migration has changed what a statement returns that this connection has prepared: only another can run it. */
export function isStalePlan(error: unknown): boolean {
  return codeOf(error) === '0A000' && messageOf(error).includes('cached plan');
}

/** Somebody holds a row for too long; the connection is as good as before. */
export const isLockTimeout = (error: unknown): boolean => codeOf(error) === LOCK_TIMEOUT;

/** A value that no repetition makes writable: a data exception, a broken constraint, a limit of the server. */
const REFUSED_VALUE = /^(?:22|23|54)/;

/**
 * `error` as TOC_DEPENDENCY_AWAY when Postgres is away, as TOC_VALUE_REFUSED when a value is to blame; anything else
 * stays what it is.
 */
export function asTocsinError(error: unknown, doing: string): unknown {
  if (error instanceof TocsinError) return error;
  if (REFUSED_VALUE.test(codeOf(error)))
    return new TocsinError('TOC_VALUE_REFUSED', `postgres, ${doing}: ${messageOf(error)}`, { cause: error });
  if (databaseFault(error) === 'statement') return error;
  return new TocsinError('TOC_DEPENDENCY_AWAY', `postgres, ${doing}: ${messageOf(error)}`, { cause: error });
}

const ACCESS: Readonly<Record<string, string>> = {
  '28000': 'postgres lets this user in no such way',
  '28P01': "postgres does not take the URL's password",
  '3D000': 'postgres has no such database: create it, or name another one in the URL',
  '42501': 'postgres has not granted this user what Tocsin needs: to create a schema, and all in its own',
};

/**
 * `error` as TOC_ACCESS_REFUSED when Postgres answers and does not let us in: that lasts until somebody does something. The
 * driver's own words for a URL without a password are about the protocol.
 */
export function asAccessRefused(error: unknown): unknown {
  const message = messageOf(error);
  if (message.includes('client password must be a string'))
    return new TocsinError('TOC_ACCESS_REFUSED', 'postgres asks for a password, and its URL has none', {
      cause: error,
    });
  const reason = ACCESS[codeOf(error)];
  return reason === undefined
    ? error
    : new TocsinError('TOC_ACCESS_REFUSED', `${reason} (${message})`, { cause: error });
}

function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}
