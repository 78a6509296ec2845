/** The secrets of one attempt: each is read where it is used, and taken out of whatever is said of the attempt. */
import { readFileSync } from 'node:fs';
import { messageOf } from '../../domain/errors';
import type { Revealable } from '../port';
import { Passing } from './outcome';

export interface Secrets {
  /**
   * The secret, or what its file holds now, without blanks around it; empty where there is neither. Throws Passing when it
   * cannot be read: files are mended while the message waits.
   */
  reveal(own: Revealable | null, file: string): string;
  /** Takes note of a secret that was made of others, such as a token. */
  note(secret: string): string;
  /** The text without the secrets. */
  hide(text: string): string;
}

const HIDDEN = '***';
/** Shorter ones are no secrets, and hiding them would take the sense out of each text. */
const LEAST = 4;

export function createSecrets(): Secrets {
  const known = new Set<string>();
  const note = (secret: string): string => {
    if (secret.length >= LEAST) for (const form of formsOf(secret)) known.add(form);
    return secret;
  };
  return {
    note,
    reveal: (own, file) =>
      note(own === null || file !== '' ? fileText(file) : reading('a secret', () => own.reveal())),
    hide: (text) =>
      [...known]
        .sort((a, b) => b.length - a.length)
        .reduce((rest, secret) => rest.replaceAll(secret, HIDDEN), text),
  };
}

const fileText = (file: string): string =>
  file === '' ? '' : reading(file, () => readFileSync(file, 'utf8').trim());

function reading(what: string, read: () => string): string {
  try {
    return read();
  } catch (cause) {
    throw new Passing(`cannot read ${what}: ${messageOf(cause)}`);
  }
}

/** As it stands in texts, in URLs, in JSON, and for an address its secret part alone. */
function formsOf(secret: string): string[] {
  const forms = [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)];
  if (!/^https?:\/\//i.test(secret) || !URL.canParse(secret)) return forms;
  const { pathname, search, password } = new URL(secret);
  const parts = [`${pathname}${search}`, pathname, search, password].filter((part) => part.length > LEAST);
  return [...forms, ...parts];
}
