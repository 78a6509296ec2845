/** Values as Go's encoding/json writes them: keys of maps in order, fields under their names, HTML's signs escaped. */
import { timeJson } from '../time/time';
import { markedText } from './marked';
import { GoList, GoMap, type GoObject, toValue, type Value } from './values';

export function toJson(value: Value): string {
  if (value == null) return 'null';
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object') return escaped(JSON.stringify(value));
  if (value instanceof GoList) return `[${value.items.map((_, index) => toJson(value.at(index))).join(',')}]`;
  if (value instanceof GoMap) return object(value.keys().map((key) => [key, value.get(key)]));
  return objectJson(value);
}

function objectJson(value: GoObject): string {
  const text = markedText(value);
  if (text !== undefined) return toJson(text);
  if (value.underlying !== undefined) return String(value.underlying);
  if (value.type === 'time.Time' || value.type === '*time.Time') return toJson(timeJson(value));
  return object(value.fields.map(({ name, json = name, value: held }) => [json, toValue(held)]));
}

const object = (entries: readonly (readonly [string, Value])[]): string =>
  `{${entries.map(([key, value]) => `${toJson(key)}:${toJson(value)}`).join(',')}}`;

const escaped = (json: string): string =>
  json.replace(/[&<>\u2028\u2029]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
