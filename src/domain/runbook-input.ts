/** The kinds of input that a runbook can declare. */
import { DURATION_FORM, tryParseDuration } from './duration';
import type { InputSpec } from './runbook';

interface Common<T> {
  readonly description: string;
  readonly default: T;
}

function accept<T>(form: string, value: unknown, ok: boolean, result: () => T): T {
  if (!ok) throw new RangeError(`${JSON.stringify(value)} is not ${form}`);
  return result();
}

export const input = {
  integer(spec: Common<number> & { min: number; max: number }): InputSpec<number> {
    const form = `a whole number from ${spec.min} to ${spec.max}`;
    const parse = (value: unknown): number =>
      accept(
        form,
        value,
        Number.isInteger(value) && (value as number) >= spec.min && (value as number) <= spec.max,
        () => value as number,
      );
    return { kind: form, description: spec.description, default: spec.default, parse };
  },

  /** Accepts a duration's text or seconds; the runbook gets milliseconds. `default` and `min` are milliseconds. */
  duration(spec: Common<number> & { min: number }): InputSpec<number> {
    const form = `${DURATION_FORM}, at least ${spec.min / 1_000} s`;
    const parse = (value: unknown): number => {
      const ms = typeof value === 'string' || typeof value === 'number' ? tryParseDuration(value) : null;
      return accept(form, value, ms !== null && ms >= spec.min, () => ms!);
    };
    return { kind: form, description: spec.description, default: spec.default, parse };
  },

  oneOf<const T extends string>(spec: Common<readonly T[]> & { of: readonly T[] }): InputSpec<readonly T[]> {
    const form = `a list of ${spec.of.map((item) => `"${item}"`).join(', ')}`;
    const parse = (value: unknown): readonly T[] =>
      accept(
        form,
        value,
        Array.isArray(value) &&
          value.length > 0 &&
          value.every((item) => (spec.of as readonly unknown[]).includes(item)),
        () => value as T[],
      );
    return { kind: form, description: spec.description, default: spec.default, parse };
  },

  flag(spec: Common<boolean>): InputSpec<boolean> {
    const form = 'true or false';
    const parse = (value: unknown): boolean =>
      accept(form, value, typeof value === 'boolean', () => value as boolean);
    return { kind: form, description: spec.description, default: spec.default, parse };
  },

  /** A list of texts, such as user names. */
  texts(spec: Common<readonly string[]>): InputSpec<readonly string[]> {
    const form = 'a list of texts';
    const parse = (value: unknown): readonly string[] =>
      accept(
        form,
        value,
        Array.isArray(value) && value.every((item) => typeof item === 'string'),
        () => value as string[],
      );
    return { kind: form, description: spec.description, default: spec.default, parse };
  },
};
