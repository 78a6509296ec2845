/** What an answer's code says about trying again: one table for all channels over HTTP, one for SMTP. */
import type { Delivery } from '../port';

/**
 * Codes below 500 that pass: request timeout, too early, too many requests; and those that people mend while the message
 * waits: a login that was changed (401, 403), a way that is not there during a deployment (404).
 */
const PASSING = new Set([401, 403, 404, 408, 425, 429]);
/** 5yz that people mend while the message waits: they are about our login, not about the message. */
const LOGIN = new Set([530, 534, 535, 538]);

export function deliveryOfHttp(
  status: number,
  where: string,
  retryAfter: string | null,
  excerpt: string,
  now: Date,
): Delivery {
  const words = `HTTP ${status} from ${where}${excerpt === '' ? '' : `: ${excerpt}`}`;
  if (status >= 200 && status < 300) return { kind: 'delivered', detail: `HTTP ${status} from ${where}` };
  if (status >= 500 || PASSING.has(status))
    return { kind: 'retry', error: words, retryAfterMs: retryAfterMs(retryAfter, now) };
  if (status >= 300 && status < 400)
    return { kind: 'refused', error: `${words}; redirects are not followed` };
  return { kind: 'refused', error: words };
}

/** Seconds or a date. Null when it says nothing that can be used. */
export function retryAfterMs(header: string | null, now: Date): number | null {
  if (header === null) return null;
  if (/^\s*\d+\s*$/.test(header)) return Number(header) * 1_000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, at - now.getTime());
}

/** 4yz passes, 5yz stays unless it is about our login. Without a code the connection failed, which passes. */
export function deliveryOfSmtp(code: number | null, words: string, where: string): Delivery {
  const error = code === null ? `${words} (${where})` : `SMTP ${code} from ${where}: ${words}`;
  return code !== null && code >= 500 && !LOGIN.has(code)
    ? { kind: 'refused', error }
    : { kind: 'retry', error, retryAfterMs: null };
}
