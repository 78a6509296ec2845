/**
 * Errors of the network, classified for all drivers alike. What a driver says in its own words (logins, SQL errors) is
 * classified beside the driver, which asks here first.
 */
import { TocsinError } from '../domain/errors';
import { redactUrl } from '../observe/redact';
import type { UpReason } from './port';

const DNS = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_NONAME', 'EAI_NODATA', 'EAI_FAIL']);
const TCP = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'EPIPE',
  'EPROTO',
  'ENOENT',
  'EACCES',
]);
const TIMEOUT = new Set(['ETIMEDOUT', 'ESOCKETTIMEDOUT']);
const TLS = /^(ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH)/;

/** A target that did not answer in its time. Code TOC_DEPENDENCY_AWAY, reason `timeout`. */
export class DeadlineError extends TocsinError {
  constructor(what: string, ms: number) {
    super('TOC_DEPENDENCY_AWAY', `${what} gave no answer within ${ms} ms`);
    this.name = 'DeadlineError';
  }
}

/** dns, tcp or timeout when the error or anything behind it is the network's; null when it is not. */
export function networkReason(error: unknown): UpReason | null {
  for (const part of chainOf(error)) {
    if (part instanceof DeadlineError) return 'timeout';
    const code = textOf(part, 'code');
    if (DNS.has(code)) return 'dns';
    if (TCP.has(code) || TLS.test(code)) return 'tcp';
    if (TIMEOUT.has(code)) return 'timeout';
  }
  return null;
}

/** The error, its causes and the members of aggregates, outermost first. */
export function* chainOf(error: unknown, depth = 0): Generator<object> {
  if (typeof error !== 'object' || error === null || depth > 8) return;
  yield error;
  if (error instanceof AggregateError) for (const inner of error.errors) yield* chainOf(inner, depth + 1);
  for (const link of ['cause', 'originalError', 'reason'] as const) {
    yield* chainOf((error as Record<string, unknown>)[link], depth + 1);
  }
}

/** A property of an unknown error as text; empty when it has none. */
export function textOf(error: object, property: string): string {
  const value = (error as Record<string, unknown>)[property];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

const HIDDEN = '***';

/**
 * Text that may leave the process: without the connection's password, as it is written and as it is meant, without the
 * credentials of any URL, and cut to a length that fits a message.
 */
export function redacted(text: string, connection: string | null): string {
  const withoutSecrets = secretsOf(connection).reduce(
    (rest, secret) => rest.replaceAll(secret, HIDDEN),
    text,
  );
  return redactUrl(withoutSecrets).slice(0, 300);
}

/** The password of a connection, longest form first; everything up to the last `@`, for it may be badly escaped. */
function secretsOf(connection: string | null): string[] {
  const password = /^[^:]*:\/\/[^:@]*:(.*)@/s.exec(connection ?? '')?.[1] ?? '';
  const forms = [password, decoded(password), encodeURIComponent(decoded(password))];
  return [...new Set(forms)].filter((form) => form.length > 2).sort((a, b) => b.length - a.length);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A stray `%` is no escape.
    return text;
  }
}
