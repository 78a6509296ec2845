/** Which keys a schema has at a path: for suggestions, and for the test that the annotated example shows every key. */
import type { z } from 'zod';
import type { Path } from './problems';

/** The inside of a zod schema, as far as it is walked here. */
interface Definition {
  readonly type: string;
  readonly shape?: Readonly<Record<string, z.ZodType>>;
  readonly element?: z.ZodType;
  readonly valueType?: z.ZodType;
  readonly innerType?: z.ZodType;
  readonly in?: z.ZodType;
  readonly options?: readonly z.ZodType[];
}

const definitionOf = (schema: z.ZodType): Definition =>
  (schema as unknown as { _zod: { def: Definition } })._zod.def;

/** The schema without its defaults, optional and nullable wraps. */
function unwrapped(schema: z.ZodType): Definition {
  let definition = definitionOf(schema);
  for (
    let inner = definition.innerType ?? definition.in;
    inner;
    inner = definition.innerType ?? definition.in
  ) {
    definition = definitionOf(inner);
  }
  return definition;
}

function alternatives(schema: z.ZodType): Definition[] {
  const definition = unwrapped(schema);
  return definition.type === 'union' ? definition.options!.flatMap(alternatives) : [definition];
}

/** The keys accepted at `path` of `value`; of a union, those of the member whose `type` the value names. */
export function keysAt(schema: z.ZodType, path: Path, value: unknown): string[] {
  if (path.length === 0)
    return [...new Set(members(schema, value).flatMap((member) => Object.keys(member.shape ?? {})))];
  const [part, ...rest] = path;
  const below = members(schema, value).flatMap((member) => childOf(member, String(part)) ?? []);
  const inner = (value as Record<string | number, unknown> | null | undefined)?.[part!];
  return [...new Set(below.flatMap((child) => keysAt(child, rest, inner)))];
}

function members(schema: z.ZodType, value: unknown): Definition[] {
  const all = alternatives(schema);
  const type = (value as { type?: unknown } | null | undefined)?.type;
  const named = all.filter((member) => literalOf(member.shape?.type) === type);
  return all.length > 1 && named.length > 0 ? named : all;
}

function literalOf(schema: z.ZodType | undefined): unknown {
  return schema && (definitionOf(schema) as Definition & { values?: unknown[] }).values?.[0];
}

function childOf(member: Definition, key: string): z.ZodType | undefined {
  return member.shape?.[key] ?? member.element ?? member.valueType;
}

/** Every key of the schema as a path with `[]` for lists and `*` for names that people choose: `receivers[].smtp.host`. */
export function allKeys(schema: z.ZodType, prefix = ''): string[] {
  return [...new Set(alternatives(schema).flatMap((member) => keysOf(member, prefix)))];
}

function keysOf(member: Definition, prefix: string): string[] {
  if (member.element) return allKeys(member.element, `${prefix}[]`);
  if (member.valueType) return allKeys(member.valueType, `${prefix}.*`);
  return Object.entries(member.shape ?? {}).flatMap(([key, child]) => {
    const path = prefix === '' ? key : `${prefix}.${key}`;
    return [path, ...allKeys(child, path)];
  });
}
