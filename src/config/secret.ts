/**
 * A secret of the configuration. It is read where it is used and printed nowhere: JSON, logs, `util.inspect` and string
 * concatenation all show `***`. One that lives in a file is read anew by each `reveal`, so whoever reveals it
 * where it is used sees that it was rotated.
 */
import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { messageOf, TocsinError } from '../domain/errors';

const HIDDEN = '***';

export class Secret {
  readonly #read: () => string;

  private constructor(read: () => string) {
    this.#read = read;
  }

  static of(value: string): Secret {
    return new Secret(() => value);
  }

  /** The file's content without the line end that editors put there. */
  static inFile(path: string): Secret {
    return new Secret(() => readSecretFile(path));
  }

  /** The secret itself. Throws TOC_CONFIG_INVALID when its file cannot be read. */
  reveal(): string {
    return this.#read();
  }

  toString(): string {
    return HIDDEN;
  }

  toJSON(): string {
    return HIDDEN;
  }

  [inspect.custom](): string {
    return HIDDEN;
  }
}

function readSecretFile(path: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch (cause) {
    throw new TocsinError(
      'TOC_CONFIG_INVALID',
      `cannot read the secret's file ${path}: ${messageOf(cause)}`,
      { cause },
    );
  }
}
