/**
 * The kinds of value that a key of alertmanager.yml can take, with what Go's YAML library makes of each text: a number is a
 * text where a text is wanted, nothing is the kind's zero, and a key that is left out has its initial value.
 */
import { isMap, isScalar, isSeq, type Node } from 'yaml';
import { messageOf } from '../../domain/errors';
import { shown } from '../schema-problems';
import { Secret } from '../secret';
import { REFUSED, type Kind, type Reading, type Refused } from './reading';
import { scalarValue, textOf, type ScalarValue } from './yaml-text';

interface ScalarOptions {
  /** Its value is never shown. */
  readonly isSecret?: boolean;
}

/** A kind that is read from a scalar: from its text, and what it is worth alone. */
export function scalar<T>(
  zero: T,
  accepted: string,
  read: (text: string, value: ScalarValue, reading: Reading) => T | Refused,
  { isSecret = false }: ScalarOptions = {},
): Kind<T> {
  return {
    zero,
    initial: zero,
    read(node, path, reading) {
      if (!isScalar(node)) {
        const value = isMap(node) ? 'a mapping' : 'a list';
        return reading.refuse({ path, value, message: 'is not accepted', accepted });
      }
      if (isSecret) reading.secrets.add(node);
      const visible = isSecret ? '***' : shown(textOf(node));
      try {
        if (!textOf(node).isWellFormed()) throw new RangeError('has half of a character');
        const value = read(textOf(node), scalarValue(node), reading);
        if (value !== REFUSED) return value;
        return reading.refuse({ path, value: visible, message: 'is not accepted', accepted });
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        // The reason may quote what it is about.
        const message = isSecret ? 'is not accepted' : messageOf(error);
        return reading.refuse({ path, value: visible, message, accepted });
      }
    },
  };
}

/** Another value for a key that is left out. */
export const initially = <T>(initial: T, kind: Kind<T>): Kind<T> => ({
  ...kind,
  initial,
  read: (node, path, reading) => kind.read(node, path, reading),
});

/** Null where it is left out or holds nothing. */
export const optional = <T>(kind: Kind<T>): Kind<T | null> => ({
  zero: null,
  initial: null,
  read: (node, path, reading) => kind.read(node, path, reading),
});

export const text = (initial = ''): Kind<string> =>
  initially(
    initial,
    scalar('', 'a text', (written) => written),
  );

export const flag = (initial = false): Kind<boolean> =>
  initially(
    initial,
    scalar(false, 'true or false', (_text, value) => (typeof value === 'boolean' ? value : REFUSED)),
  );

const MOST = 2 ** 63;

/** A fraction is cut off, as Go does it. */
export const integer = (): Kind<number> =>
  scalar(0, 'a whole number', (_text, value) =>
    typeof value === 'number' && value >= -MOST && value < MOST ? Math.trunc(value) : REFUSED,
  );

export const count = (): Kind<number> =>
  scalar(0, 'a whole number from 0 on', (_text, value) =>
    typeof value === 'number' && value > -1 && value <= 2 * MOST ? Math.abs(Math.trunc(value)) : REFUSED,
  );

/** A kind that is read from a text alone; the reader throws a RangeError that says what is wrong. */
export const textual = <T>(
  zero: T,
  accepted: string,
  read: (text: string, reading: Reading) => T,
  options: ScalarOptions = {},
): Kind<T> => scalar(zero, accepted, (written, _value, reading) => read(written, reading), options);

/** Null where it is left out or empty. */
export const secret = (): Kind<Secret | null> =>
  scalar<Secret | null>(null, 'a text', (written) => (written === '' ? null : Secret.of(written)), {
    isSecret: true,
  });

/** One that an empty text sets as well. */
export const settableSecret = (): Kind<Secret | null> =>
  scalar<Secret | null>(null, 'a text', (written) => Secret.of(written), { isSecret: true });

export const list = <T>(item: Kind<T>): Kind<readonly T[]> => ({
  zero: [],
  initial: [],
  read(node, path, reading) {
    if (!isSeq(node)) {
      const value = isScalar(node) ? shown(textOf(node)) : 'a mapping';
      return reading.refuse({ path, value, message: 'is not accepted', accepted: 'a list' });
    }
    const values = node.items.map((each, index) => reading.valueOf(item, each as Node, [...path, index]));
    return values.some((value) => value === REFUSED) ? REFUSED : (values as T[]);
  },
});

/** A list of which all that can be read is kept, whatever else is in it. */
export const rest = <T>(item: Kind<T>): Kind<readonly (T | Refused)[]> => ({
  zero: [],
  initial: [],
  read: (node, path, reading) =>
    isSeq(node)
      ? node.items.map((each, index) => reading.valueOf(item, each as Node, [...path, index]))
      : list(item).read(node, path, reading),
});
