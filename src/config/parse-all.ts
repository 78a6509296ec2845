/**
 * What is left of a file when all that its schema refuses is taken out, so that the rest can be checked in the same run: a
 * typo in one key must not hide that a receiver does not exist.
 */
import type { z } from 'zod';
import { pathText, type Finding, type Path, type Problem } from './problems';
import { schemaFindings } from './schema-problems';
import type { Source } from './source';

/** A text whose findings can be placed. */
export type Placing = Pick<Source, 'file' | 'place'>;

export interface Parsed<T> extends Placing {
  /** All of it, or what could be saved of it; null when nothing could. */
  readonly value: T | null;
  /** What the schema refuses. */
  readonly problems: readonly Problem[];
}

/** Where something was refused, the findings about the rest leave out what may come from that. */
export function parseAll<T extends z.ZodType>(schema: T, source: Source): Parsed<z.output<T>> {
  const { file, place } = source;
  const parsed = schema.safeParse(source.value ?? {});
  if (parsed.success) return { file, place, value: parsed.data, problems: [] };
  const problems = place(schemaFindings(schema, source.value, parsed.error));
  const saved = salvage(schema, source.value);
  if (saved === null) return { file, place, value: null, problems };
  return { file, value: saved.value, problems, place: (found) => place(found.flatMap(saved.inFile)) };
}

interface Salvaged<T> {
  readonly value: T;
  /** The finding with its place in the whole file, unless it is about something that was taken out. */
  inFile(finding: Finding): Finding[];
}

/** Each pass takes out at least one part; a file with more wrong parts is checked in part. */
const MOST_PASSES = 1_000;

type Mapping = Record<string, unknown>;

function salvage<T extends z.ZodType>(schema: T, whole: unknown): Salvaged<z.output<T>> | null {
  if (!isMapping(whole)) return null;
  const rest = structuredClone(whole);
  const lists = new Map(
    Object.entries(rest).flatMap(([key, value]): [string, number[]][] =>
      Array.isArray(value) ? [[key, value.map((_item, index) => index)]] : [],
    ),
  );
  const lost = new Set<string>();
  for (let pass = 0; pass < MOST_PASSES; pass++) {
    const parsed = schema.safeParse(rest);
    if (parsed.success) return { value: parsed.data, inFile: (finding) => inFile(finding, lists, lost) };
    if (parsed.error.issues.some(({ path }) => path.length === 0 && !isMapping(rest))) return null;
    takeOut(rest, parsed.error.issues, lists, lost);
  }
  return null;
}

/** `lost` takes the names of items and the paths of values. Keys that are not known, and whole items of a list; elsewhere the value, or the section that lacks one. */
function takeOut(
  rest: Mapping,
  issues: readonly z.core.$ZodIssue[],
  lists: ReadonlyMap<string, number[]>,
  lost: Set<string>,
): void {
  const items = new Map<string, Set<number>>();
  for (const issue of issues) {
    const path = issue.path as Path;
    const [section, index] = path;
    if (issue.code === 'unrecognized_keys') {
      const holder = valueAt(rest, path);
      if (isMapping(holder)) for (const key of issue.keys) delete holder[key];
    } else if (typeof section === 'string' && typeof index === 'number' && lists.has(section)) {
      items.set(section, (items.get(section) ?? new Set()).add(index));
    } else {
      const holder = valueAt(rest, path.slice(0, -1));
      const key = String(path.at(-1));
      if (isMapping(holder) && key in holder) delete holder[key];
      else delete rest[String(section)];
      lost.add(pathText(path));
    }
  }
  for (const [section, indices] of items) {
    const list = rest[section] as unknown[];
    for (const index of [...indices].sort((a, b) => b - a)) {
      const [item] = list.splice(index, 1);
      lists.get(section)!.splice(index, 1);
      if (isMapping(item) && typeof item.name === 'string') lost.add(JSON.stringify(item.name));
    }
  }
}

function inFile(
  finding: Finding,
  lists: ReadonlyMap<string, number[]>,
  lost: ReadonlySet<string>,
): Finding[] {
  // A name that refers to what was taken out refers to something, and what is missing now may have been taken out.
  const isAbout = (part: string): boolean =>
    part === finding.value || pathText(finding.path).startsWith(part);
  if ([...lost].some(isAbout)) return [];
  const [section, index, ...others] = finding.path;
  const original = typeof index === 'number' ? lists.get(String(section))?.[index] : undefined;
  return [original === undefined ? finding : { ...finding, path: [section!, original, ...others] }];
}

function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, key) => (value as Mapping | undefined | null)?.[key as string], root);
}

const isMapping = (value: unknown): value is Mapping =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
