/**
 * What an answer's code says of the delivery. As in Alertmanager 2xx is delivered and 5xx passes; 429 and 408 pass too,
 * whatever the kind, and each kind says what else does. All others are refused: the same message would be again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { retryAfterMs } from '../channels/status';
import type { Delivery } from '../port';
import type { HttpAnswer } from './http/client';

export interface Judgement {
  /** Codes below 500 that pass, beside 408 and 429. */
  readonly passing?: readonly number[];
  /** What of the body people need; by itself it is its beginning. */
  readonly details?: (body: string) => string;
}

const PASSING = [408, 429];
/** Enough of a refusal to understand it. */
const EXCERPT = 300;
const BODY_LIMIT = 65_536;
const SOON_MS = 1_000;

export const isDelivered = ({ status }: HttpAnswer): boolean => status >= 200 && status < 300;

export async function deliveryOf(
  answer: HttpAnswer,
  now: number,
  judgement: Judgement = {},
): Promise<Delivery> {
  const { status, where } = answer;
  const words = `HTTP ${status} from ${where}`;
  if (isDelivered(answer)) {
    answer.discard();
    return { kind: 'delivered', detail: words };
  }
  const said = await excerptOf(answer, judgement);
  const error = said === '' ? words : `${words}: ${said}`;
  if (status >= 500 || [...PASSING, ...(judgement.passing ?? [])].includes(status))
    return { kind: 'retry', error, retryAfterMs: retryAfterMs(answer.header('retry-after'), new Date(now)) };
  if (status >= 300 && status < 400)
    return { kind: 'refused', error: `${error}; redirects are not followed` };
  return { kind: 'refused', error };
}

async function excerptOf(answer: HttpAnswer, { details }: Judgement): Promise<string> {
  const body = await readSoon(answer);
  return (details?.(body) || body).replace(/\s+/g, ' ').trim().slice(0, EXCERPT);
}

/** The status has decided: a body that stalls or breaks off changes nothing, and is not waited for. Empty then. */
export async function readSoon(answer: HttpAnswer): Promise<string> {
  const enough = new AbortController();
  const late = sleep(SOON_MS, '', { ref: false, signal: enough.signal }).catch(() => '');
  try {
    return await Promise.race([answer.text(BODY_LIMIT), late]);
  } catch {
    return '';
  } finally {
    enough.abort();
  }
}
