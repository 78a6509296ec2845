/** `wechat`: a message of a WeChat Work application. Its access token is asked for, and kept while it holds. */
import type { OptionsOf } from '../../config/alertmanager/receivers/kinds';
import type { Delivery } from '../port';
import { deliveryOf, isDelivered } from './delivery';
import type { HttpAnswer } from './http/client';
import type { Attempt, Kind } from './integration';
import { asObject } from './json-answer';
import { Passing, Refused } from './outcome';
import { present } from './present';

type Options = OptionsOf<'wechat'>;

const TWO_HOURS_MS = 2 * 3_600_000;
/** WeChat's codes: the token has ended or was taken back. */
const STALE: ReadonlySet<unknown> = new Set([40014, 41001, 42001]);
/** It is busy, or was asked too often. */
const PASSING: ReadonlySet<unknown> = new Set([-1, 45009, 45033, 45047]);

interface Token {
  readonly value: string;
  /** A rotated secret asks for a new one. */
  readonly of: string;
  readonly endsAt: number;
}

export const wechat: Kind<'wechat'> = (options) => {
  let kept: Token | null = null;
  return {
    address: { url: options.api_url },
    async send(attempt) {
      const { secrets, text, now } = attempt;
      const of = secrets.note(text(secrets.reveal(options.api_secret, options.api_secret_file)));
      if (kept === null || kept.of !== of || kept.endsAt <= now) kept = await tokenFor(attempt, options, of);
      const url = addressOf(options, 'message/send', { access_token: secrets.note(kept.value) });
      const answer = await attempt.post(url, messageOf(attempt, options));
      if (!isDelivered(answer)) return deliveryOf(answer, now);
      const delivery = await outcome(answer);
      if (delivery.isStale) kept = null;
      return delivery.delivery;
    },
  };
};

async function tokenFor(attempt: Attempt, options: Options, of: string): Promise<Token> {
  const { now, text, secrets } = attempt;
  const corpid = text(options.corp_id);
  const answer = await attempt.call({
    method: 'GET',
    url: addressOf(options, 'gettoken', { corpsecret: of, corpid }),
  });
  if (!isDelivered(answer)) {
    const delivery = await deliveryOf(answer, now);
    if (delivery.kind === 'retry') throw new Passing(delivery.error, delivery.retryAfterMs);
    throw new Refused(delivery.kind === 'refused' ? delivery.error : delivery.detail);
  }
  const said = asObject(await answer.text()) ?? {};
  const value = said.access_token;
  if (typeof value === 'string' && value !== '') {
    const lifetime = typeof said.expires_in === 'number' ? said.expires_in * 1_000 : TWO_HOURS_MS;
    return { value: secrets.note(value), of, endsAt: now + Math.min(lifetime, TWO_HOURS_MS) };
  }
  const error = `WeChat gives no access token for corp_id ${corpid}: ${reasonOf(said)}`;
  throw PASSING.has(said.errcode) ? new Passing(error) : new Refused(error);
}

function messageOf({ text }: Attempt, options: Options): object {
  const content = { content: text(options.message) };
  return {
    msgtype: options.message_type,
    safe: '0',
    ...(options.message_type === 'markdown' ? { markdown: content } : { text: content }),
    ...present({
      touser: text(options.to_user),
      toparty: text(options.to_party),
      totag: text(options.to_tag),
      agentid: text(options.agent_id),
    }),
  };
}

async function outcome(
  answer: HttpAnswer,
): Promise<{ readonly delivery: Delivery; readonly isStale: boolean }> {
  const said = asObject(await answer.text());
  if (said === null)
    return {
      isStale: false,
      delivery: { kind: 'retry', error: "WeChat's answer is no JSON", retryAfterMs: null },
    };
  const { errcode } = said;
  const detail = `HTTP ${answer.status} from ${answer.where}`;
  if (errcode === 0) return { isStale: false, delivery: { kind: 'delivered', detail } };
  const error = `WeChat answered ${reasonOf(said)}`;
  const isStale = STALE.has(errcode);
  const passes = isStale || PASSING.has(errcode);
  return {
    isStale,
    delivery: passes ? { kind: 'retry', error, retryAfterMs: null } : { kind: 'refused', error },
  };
}

const reasonOf = ({ errcode, errmsg }: Readonly<Record<string, unknown>>): string =>
  `${String(errcode ?? 'no code')} ${typeof errmsg === 'string' ? errmsg : ''}`.trim();

function addressOf(
  { api_url: base }: Options,
  path: string,
  query: Readonly<Record<string, string>>,
): string {
  const url = new URL(base!);
  url.pathname += path;
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url.href;
}
