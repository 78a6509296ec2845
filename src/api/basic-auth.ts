/**
 * HTTP basic authentication against bcrypt hashes. A name that nobody has takes as long as a wrong password, so that answers
 * tell nobody which names there are. A hash is slow to check on purpose, and senders come every few seconds: verdicts are
 * remembered, under a key that only this process knows, and new ones are made one after the other.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { compare } from 'bcryptjs';

/** Whether the value of an `authorization` header is that of a user. */
export type Authenticate = (header: string | undefined) => Promise<boolean>;

const MOST_REMEMBERED = 1_000;
/** Who sends many wrong ones must not keep others waiting for minutes. */
const MOST_WAITING = 50;

export function basicAuth(users: Readonly<Record<string, string>>): Authenticate {
  const secret = randomBytes(32);
  const verdicts = new Map<string, boolean>();
  // In place of the hash that an unknown name does not have.
  const [stranger = ''] = Object.values(users);
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;

  function checked(password: string, hash: string): Promise<boolean> {
    const verdict = last.then(() => compare(password, hash));
    waiting += 1;
    last = verdict.catch(() => undefined).finally(() => (waiting -= 1));
    return verdict;
  }

  return async (header) => {
    const given = credentials(header);
    if (given === null) return false;
    const { name, password } = given;
    const isKnown = Object.hasOwn(users, name);
    const hash = isKnown ? users[name]! : stranger;
    const key = createHmac('sha256', secret)
      .update(JSON.stringify([name, hash, password]))
      .digest('base64');
    const known = verdicts.get(key);
    if (known !== undefined) return known;
    if (waiting >= MOST_WAITING) return false;
    // Both are asked: which one is wrong must not show in the time that it takes.
    const isRight = (await checked(password, hash)) && isKnown;
    if (verdicts.size >= MOST_REMEMBERED) verdicts.delete(verdicts.keys().next().value!);
    verdicts.set(key, isRight);
    return isRight;
  };
}

function credentials(header: string | undefined): { name: string; password: string } | null {
  const match = /^basic +([A-Za-z0-9+/_-]+=*) *$/i.exec(header ?? '');
  if (match === null) return null;
  const text = Buffer.from(match[1]!, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? null : { name: text.slice(0, colon), password: text.slice(colon + 1) };
}
