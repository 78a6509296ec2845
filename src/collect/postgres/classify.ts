/** Why a PostgreSQL target is not up, from the errors of `pg` and the server's SQLSTATE. */
import type { UpReason } from '../port';
import { chainOf, networkReason, textOf } from '../reasons';

/** query_canceled (by statement_timeout) and lock_not_available (by lock_timeout). */
const TIMEOUT_STATES = new Set(['57014', '55P03']);
const TIMEOUT_WORDS = /timeout exceeded when trying to connect|connection timeout|Query read timeout/i;
const AUTH_WORDS = /SASL|SCRAM|password must be|no pg_hba.conf entry|unknown authentication/i;
const TCP_WORDS = /Connection terminated|Connection ended|does not support SSL|not queryable|socket hang up/i;

/** `query` also stands for a server that answers and refuses: starting up, too many clients, no such database. */
export function classifyPostgres(error: unknown): UpReason {
  for (const part of chainOf(error)) {
    const state = textOf(part, 'code');
    if (state.startsWith('28')) return 'auth';
    if (TIMEOUT_STATES.has(state)) return 'timeout';
    const words = textOf(part, 'message');
    if (TIMEOUT_WORDS.test(words)) return 'timeout';
    if (AUTH_WORDS.test(words)) return 'auth';
  }
  const network = networkReason(error);
  if (network !== null) return network;
  for (const part of chainOf(error)) if (TCP_WORDS.test(textOf(part, 'message'))) return 'tcp';
  return 'query';
}
