/** Slack's Web API by a bot's token: calls, and what its answers mean. */
import { messageOf } from '../../domain/errors';
import type { Delivery, Revealable } from '../port';
import {
  createCaller,
  deliveryOf,
  formCall,
  isAnswer,
  jsonCall,
  type CallerOptions,
  type HttpCall,
} from './http';

export interface SlackApiOptions extends Pick<CallerOptions, 'networks'> {
  /** `https://slack.com/api`. */
  readonly url: string;
  readonly token: Revealable;
}

export type SlackSaid =
  | { readonly ok: true; readonly body: Readonly<Record<string, unknown>> }
  /** `reason` is Slack's word, empty where there is none. */
  | {
      readonly ok: false;
      readonly reason: string;
      readonly delivery: Exclude<Delivery, { kind: 'delivered' }>;
    };

export interface SlackApi {
  readonly destination: string;
  call(method: string, args: object, signal: AbortSignal): Promise<SlackSaid>;
  /** For methods that only read: they take no JSON. */
  read(method: string, args: Readonly<Record<string, string>>, signal: AbortSignal): Promise<SlackSaid>;
  close(): Promise<void>;
}

/** Pages of channels are the longest answers. */
const BODY_LIMIT = 4_000_000;

/** What passes by itself, and what people mend while the message waits: a token, an invitation, a channel's name. */
const PASSING: ReadonlySet<string> = new Set([
  ...[
    'ratelimited',
    'rate_limited',
    'internal_error',
    'service_unavailable',
    'fatal_error',
    'request_timeout',
  ],
  ...['invalid_auth', 'not_authed', 'account_inactive', 'token_revoked', 'token_expired', 'missing_scope'],
  ...['channel_not_found', 'not_in_channel', 'is_archived', 'restricted_action', 'team_access_not_granted'],
]);

export function createSlackApi({ url, token, networks }: SlackApiOptions): SlackApi {
  const base = url.replace(/\/+$/, '');
  const caller = createCaller(base, { networks, bodyLimit: BODY_LIMIT });
  const bearer = () => ({ authorization: `Bearer ${token.reveal()}` });
  const asJson = () => ({ ...bearer(), 'content-type': 'application/json; charset=utf-8' });

  async function said(method: string, make: () => HttpCall, signal: AbortSignal): Promise<SlackSaid> {
    const came = await caller.call(make, signal);
    if (!isAnswer(came)) return failed('', came);
    const delivery = deliveryOf(came, caller.host);
    return delivery.kind === 'delivered' ? saidIn(came.body, method) : failed('', delivery);
  }

  return {
    destination: caller.destination,
    call: (method, args, signal) => said(method, () => jsonCall(`${base}/${method}`, args, asJson), signal),
    read: (method, args, signal) => said(method, () => formCall(`${base}/${method}`, args, bearer), signal),
    close: () => caller.close(),
  };
}

const failed = (reason: string, delivery: Exclude<Delivery, { kind: 'delivered' }>): SlackSaid => ({
  ok: false,
  reason,
  delivery,
});

/** Slack says what is wrong in an answer that is a success by its code. */
function saidIn(text: string, method: string): SlackSaid {
  let body: Record<string, unknown>;
  try {
    body = JSON.parse(text) as Record<string, unknown>;
  } catch (error) {
    const words = `${method}: Slack's answer is no JSON: ${messageOf(error)}`;
    return failed('', { kind: 'retry', error: words, retryAfterMs: null });
  }
  if (body?.['ok'] === true) return { ok: true, body };
  const reason = typeof body?.['error'] === 'string' ? body['error'] : 'without a reason';
  const needed = typeof body?.['needed'] === 'string' ? ` (needs the scope ${body['needed']})` : '';
  const error = `${method}: Slack answered ${reason}${needed}`;
  return PASSING.has(reason)
    ? failed(reason, { kind: 'retry', error, retryAfterMs: null })
    : failed(reason, { kind: 'refused', error });
}
