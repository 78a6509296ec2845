/** Kinds that are read from a text: addresses, durations, regular expressions, templates. */
import { isClassicLabelName, isLabelName, type MatcherMode } from '../../domain/alertmanager-matchers';
import { regexOf } from '../../domain/alertmanager-regex';
import { goDuration, prometheusDuration } from '../../domain/strict-duration';
import { messageOf } from '../../domain/errors';
import { compileTemplate } from '../../template/template';
import type { Finding, Path } from '../problems';
import { Secret } from '../secret';
import { initially, list, optional, scalar, text, textual } from './kinds';
import { record } from './mappings';
import { type Kind, REFUSED } from './reading';
import { anyUrl, hostPort, webUrl, type HostPort } from './addresses';
import { PRINTED_SECRET } from './yaml-text';

const WEB_URL = 'an http or https URL';
const secretly = { isSecret: true };

export const url = (initial: string | null = null): Kind<string | null> =>
  initially(initial, optional(textual('', WEB_URL, webUrl)));

/** A web address that is a secret itself. */
export const secretUrl = (): Kind<Secret | null> =>
  optional(
    textual(
      Secret.of(''),
      WEB_URL,
      (written) => Secret.of(written === PRINTED_SECRET ? '' : webUrl(written)),
      secretly,
    ),
  );

/** The same, or a template that makes one; null where it is empty. */
export const secretTemplateUrl = (): Kind<Secret | null> =>
  textual<Secret | null>(
    null,
    `${WEB_URL}, or a template that makes one`,
    (written) => {
      if (written === '') return null;
      if (!isTemplate(written) && written !== PRINTED_SECRET) webUrl(written);
      return Secret.of(written);
    },
    secretly,
  );

/** Throws a RangeError for what would be a template and is none. Only Go's own functions are there. */
export function isTemplate(written: string): boolean {
  if (!written.includes('{{')) return false;
  try {
    compileTemplate(written, { name: '' });
    return true;
  } catch (error) {
    throw new RangeError(`is no template: ${messageOf(error)}`);
  }
}

/** Of a proxy: any scheme, and a relative one too. */
export const proxyUrl = (): Kind<string | null> => optional(textual('', 'a URL', anyUrl));

export const smarthost = (): Kind<HostPort | null> =>
  textual<HostPort | null>(null, 'host:port, such as mail.example.com:587', hostPort);

/** Milliseconds. */
export const duration = (initial = 0): Kind<number> =>
  initially(initial, textual(0, 'a duration such as 30s, 5m or 1h30m', prometheusDuration));

const GO_DURATION = 'a duration such as 10s or 1m30s';

/** Milliseconds. A number alone is nanoseconds, as in Alertmanager. */
export const timeout = (): Kind<number> =>
  scalar(0, GO_DURATION, (written, value) => {
    if (typeof value === 'string') return goDuration(written);
    return typeof value === 'number' && Math.abs(value) < 2 ** 63 ? Math.trunc(value) / 1e6 : REFUSED;
  });

/** Milliseconds. */
export const goDurationText = (initial = 0): Kind<number> =>
  initially(initial, textual(0, GO_DURATION, goDuration));

/** One of a few words, as they are written. */
export const word = <const T extends string>(words: readonly T[]): Kind<T | null> =>
  optional(
    scalar<T>(words[0]!, words.join(', '), (written) => words.find((each) => each === written) ?? REFUSED),
  );

/** The text of a regular expression that is none before it is anchored. */
export const regex = (): Kind<string | null> =>
  optional(
    textual('', 'a regular expression of RE2', (written) => {
      regexOf(written);
      return written;
    }),
  );

/** Names of labels; `others` are taken as well. */
export const labelNames = (...others: readonly string[]): Kind<readonly string[]> =>
  checked(list(text()), (names, path, mode) =>
    names.flatMap((name, index) =>
      others.includes(name) || isLabelName(name, mode) ? [] : [noLabelName([...path, index], name)],
    ),
  );

/** Label → value. */
export const labelSet = (): Kind<Readonly<Record<string, string>>> =>
  checked(record(text()), (labels, path, mode) =>
    Object.keys(labels)
      .filter((name) => !isLabelName(name, mode))
      .map((name) => noLabelName([...path, name], name)),
  );

const noLabelName = (path: Path, name: string): Finding => ({
  ...{ path, value: JSON.stringify(name), message: 'cannot be the name of a label' },
});

function checked<T>(kind: Kind<T>, check: (value: T, path: Path, mode: MatcherMode) => Finding[]): Kind<T> {
  return {
    ...kind,
    read(node, path, reading) {
      const value = kind.read(node, path, reading);
      if (value === REFUSED) return REFUSED;
      const findings = check(value, path, reading.matcherMode);
      for (const finding of findings) reading.refuse(finding);
      return findings.length > 0 ? REFUSED : value;
    },
  };
}

/** The keys of `match` and `match_re` are in the classic form in all modes. */
export function classicNames(labels: Readonly<Record<string, unknown>>, path: Path): Finding[] {
  return Object.keys(labels)
    .filter((name) => !isClassicLabelName(name))
    .map((name) => ({
      path: [...path, name],
      value: JSON.stringify(name),
      message: 'cannot be a name here: write matchers instead, which take any name in double quotes',
      accepted: 'letters, digits and _, not beginning with a digit',
    }));
}
