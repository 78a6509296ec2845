/**
 * What JSON bodies consist of, read as Go reads them, since that is what clients were written against: a key's case does not
 * matter, null is as good as nothing, keys that nobody knows are passed over, and half a surrogate pair is the replacement
 * character. In labels and annotations so is NUL, which Postgres does not have: an alert's groups go by what its row says.
 */
import type { Labels } from '../domain/labels';
import { isStorable, toStorable } from '../domain/storable';
import { malformed, missing } from './refusal';

export type Fields = Readonly<Record<string, unknown>>;

export function parseJson(body: Buffer, what: string): unknown {
  if (body.length === 0) throw missing(`${what} in body`);
  try {
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch (error) {
    throw malformed(`${what} in body is no valid JSON: ${(error as Error).message}`);
  }
}

export function objectOf(value: unknown, path: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw malformed(`${path} in body is ${kindOf(value)}, but has to be an object`);
}

/** Undefined where it is left out or null. */
export function field(fields: Fields, name: string): unknown {
  const exact = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (exact !== undefined) return exact ?? undefined;
  const lower = name.toLowerCase();
  for (const key of Object.keys(fields)) {
    if (key.length === lower.length && key.toLowerCase() === lower) return fields[key] ?? undefined;
  }
  return undefined;
}

export function textOf(value: unknown, path: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw malformed(`${path} in body is ${kindOf(value)}, but has to be a text`);
  return value.isWellFormed() ? value : value.toWellFormed();
}

export function flagOf(value: unknown, path: string): boolean | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'boolean')
    throw malformed(`${path} in body is ${kindOf(value)}, but has to be true or false`);
  return value;
}

/** A set of labels or annotations. */
export function labelsOf(value: unknown, path: string, keepsEmpty: boolean): Labels {
  const given = objectOf(value, path);
  for (const [name, text] of Object.entries(given)) {
    if (typeof text === 'string' || text === null) continue;
    throw malformed(`${path}.${name} in body is ${kindOf(text)}, but has to be a text`);
  }
  return plainLabels(given, keepsEmpty) ?? cleaned(given, keepsEmpty);
}

/**
 * The value that was parsed where it can be taken as it is, null otherwise: it is most of a request, and copying it most of
 * the work.
 */
export function plainLabels(given: unknown, keepsEmpty: boolean): Labels | null {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return null;
  for (const name in given) {
    const text = (given as Fields)[name];
    if (typeof text !== 'string' || (text === '' && !keepsEmpty)) return null;
    if (!isStorable(text) || !isStorable(name)) return null;
  }
  return given as Labels;
}

function cleaned(given: Fields, keepsEmpty: boolean): Labels {
  const entries = Object.entries(given).map(([name, text]): [string, string] => [
    toStorable(name),
    text === null ? '' : toStorable(text as string),
  ]);
  // As own properties, whatever their names: `__proto__` may be one.
  return Object.fromEntries(keepsEmpty ? entries : entries.filter(([, text]) => text !== ''));
}

export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'boolean') return `${value}`;
  return typeof value === 'string' ? 'a text' : `the number ${String(value)}`;
}
