/** What the schema found, in words for people. */
import { type z } from 'zod';
import type { FieldIssue } from './fields';
import { didYouMean, type Finding, type Path } from './problems';
import { keysAt } from './schema-keys';

type Issue = z.core.$ZodIssue;

const KINDS: Readonly<Record<string, string>> = {
  object: 'a mapping of keys to values',
  array: 'a list',
  record: 'a mapping of names to values',
  string: 'a text',
};

/** One finding for each thing that is wrong in `value`. */
export function schemaFindings(schema: z.ZodType, value: unknown, error: z.ZodError): Finding[] {
  return error.issues.flatMap((issue) => findingsOf(schema, value, issue));
}

function findingsOf(schema: z.ZodType, root: unknown, issue: Issue): Finding[] {
  const path = issue.path as Path;
  const value = valueAt(root, path);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(schema, root, path, key));
    case 'invalid_type':
      return [refused(path, value, KINDS[issue.expected] ?? issue.expected)];
    case 'invalid_value':
      return [refused(path, value, issue.values.map(String).join(', '))];
    case 'invalid_union':
      return [unionRefused(path, value, issue)];
    case 'too_small':
      return [
        {
          path,
          value: shown(value),
          message: 'is too short',
          accepted: `a list of at least ${issue.minimum}`,
        },
      ];
    case 'invalid_key':
      return [{ path, message: 'is no name for a key', accepted: issue.issues[0]?.message ?? 'a name' }];
    case 'custom': {
      const { accepted, secret } = issue.params as unknown as FieldIssue;
      return [refused(path, value, accepted, secret)];
    }
    default:
      return [{ path, value: shown(value), message: issue.message }];
  }
}

function unionRefused(path: Path, value: unknown, issue: Extract<Issue, { code: 'invalid_union' }>): Finding {
  const options = (issue as unknown as { options?: readonly string[] }).options ?? [];
  return {
    ...refused(path, value, options.length > 0 ? options.join(', ') : acceptedByMembers(issue)),
    suggestion: typeof value === 'string' ? didYouMean(value, options) : null,
  };
}

/** Of a union without a key that chooses: what its members ask for, those first that say it in words of their own. */
function acceptedByMembers({ errors }: Extract<Issue, { code: 'invalid_union' }>): string {
  const atTop = errors.flat().filter(({ path }) => path.length === 0);
  const said = atTop.flatMap((issue) =>
    issue.code === 'custom' ? [(issue.params as unknown as FieldIssue).accepted] : [],
  );
  const kinds = atTop.flatMap((issue) =>
    issue.code === 'invalid_type' ? [KINDS[issue.expected] ?? `a ${issue.expected}`] : [],
  );
  return [...new Set(said.length > 0 ? said : kinds)].join(' or ');
}

function refused(path: Path, value: unknown, accepted: string, secret = false): Finding {
  if (value === undefined) return { path, message: 'is missing', accepted };
  if (value === null) return { path, message: 'is empty', accepted };
  return { path, value: secret ? '***' : shown(value), message: 'is not accepted', accepted };
}

function unknownKey(schema: z.ZodType, root: unknown, path: Path, key: string): Finding {
  const keys = keysAt(schema, path, root);
  const suggestion = didYouMean(key, keys);
  const accepted = keys.length === 0 ? {} : { accepted: keys.join(', ') };
  return { path: [...path, key], message: 'is not a key here', suggestion, ...accepted };
}

export function valueAt(root: unknown, path: Path): unknown {
  let at = root;
  for (const part of path) at = (at as Record<string | number, unknown> | null | undefined)?.[part];
  return at;
}

const LONGEST = 80;

/** A value as JSON, cut where it would fill the screen. Mappings and lists are named by their kind: they may hold secrets. */
export function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (value !== null && typeof value === 'object') return 'a mapping';
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
