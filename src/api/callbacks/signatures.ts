/** Whether a request is from whom it says. All secrets are tried, in a time that says nothing of how close a guess was. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Revealable } from './port';

/** `X-PagerDuty-Signature: v1=HEX,v1=HEX`: one for each secret that the subscription has. */
export function isSignedByPagerduty(
  header: string | undefined,
  body: Buffer,
  secrets: readonly Revealable[],
): boolean {
  const given = (header ?? '').split(',', MOST_SIGNATURES).map((part) => part.trim());
  const own = secrets.map(
    (secret) => `v1=${createHmac('sha256', secret.reveal()).update(body).digest('hex')}`,
  );
  return anySame(given, own);
}

const MOST_SIGNATURES = 10;
const SLACK_WINDOW_S = 300;

/** Older than five minutes it is somebody who has kept it. */
export function isSignedBySlack(
  headers: { readonly signature: string | undefined; readonly timestamp: string | undefined },
  body: Buffer,
  secrets: readonly Revealable[],
  now: number,
): boolean {
  const { signature = '', timestamp = '' } = headers;
  if (!/^\d{1,12}$/.test(timestamp)) return false;
  if (Math.abs(now / 1_000 - Number(timestamp)) > SLACK_WINDOW_S) return false;
  const own = secrets.map((secret) => {
    const hmac = createHmac('sha256', secret.reveal()).update(`v0:${timestamp}:`).update(body);
    return `v0=${hmac.digest('hex')}`;
  });
  return anySame([signature], own);
}

/** Signed is the address that was called, and after it each field's name and value, in the order of names. */
export function isSignedByTwilio(
  signature: string | undefined,
  url: string,
  fields: URLSearchParams,
  secrets: readonly Revealable[],
): boolean {
  const text = [url, ...[...new Set(fields.keys())].sort().flatMap((name) => fieldText(name, fields))].join(
    '',
  );
  const own = secrets.map((secret) => createHmac('sha1', secret.reveal()).update(text).digest('base64'));
  return anySame([signature ?? ''], own);
}

/** A field that stands there more than once counts with each of its values. */
const fieldText = (name: string, fields: URLSearchParams): string[] =>
  [...new Set(fields.getAll(name))].sort().map((value) => `${name}${value}`);

function anySame(given: readonly string[], own: readonly string[]): boolean {
  let found = false;
  for (const ours of own) for (const theirs of given) found = isSame(ours, theirs) || found;
  return found;
}

/** Of texts of different lengths, the length is no secret. */
function isSame(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
