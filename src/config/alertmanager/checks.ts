/** What the values of a mapping have to fulfil together. */
import type { Finding, Path } from '../problems';

export type OptionValues = Readonly<Record<string, unknown>>;
export type Check = (values: OptionValues, path: Path) => readonly Finding[];

export const all =
  (...checks: readonly Check[]): Check =>
  (values, path) =>
    checks.flatMap((check) => check(values, path));

/** `a` and `b` cannot stand together. */
export function atMostOne(keys: readonly string[]): Check {
  return (values, path) => {
    const [, second] = keys.filter((key) => isSet(values[key]));
    if (second === undefined) return [];
    return [
      { path: [...path, second], message: `cannot stand beside ${othersOf(keys, second)}: keep one of them` },
    ];
  };
}

const othersOf = (keys: readonly string[], key: string): string =>
  keys.filter((each) => each !== key).join(' or ');

/** At least one of them has to stand. */
export function needsOne(keys: readonly string[]): Check {
  return (values, path) =>
    keys.some((key) => isSet(values[key]))
      ? []
      : [
          {
            path,
            message: `has no ${keys.join(' or ')}`,
            accepted: `${keys.length > 1 ? 'one of ' : ''}${keys.join(', ')}`,
          },
        ];
}

/** Not left out, empty or nothing. */
export const isSet = (value: unknown): boolean => value !== null && value !== undefined && value !== '';
