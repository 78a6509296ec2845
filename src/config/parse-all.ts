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
  /** Whether no value was taken out of what is at this path of `value`. Unknown keys do not count. */
  isWhole(path: Path): boolean;
}

/**
 * Where something was refused, the findings about the rest leave out what may come from that. `innerList` is the key of a
 * list inside the items of a list (`rules` of `groups`): then a wrong value is taken out alone, or else the item that cannot
 * be without it, the inner one before the outer one.
 */
export function parseAll<T extends z.ZodType>(
  schema: T,
  source: Source,
  innerList: string | null = null,
): Parsed<z.output<T>> {
  const { file, place } = source;
  const parsed = schema.safeParse(source.value ?? {});
  if (parsed.success) return { file, place, value: parsed.data, problems: [], isWhole: () => true };
  const problems = place(schemaFindings(schema, source.value, parsed.error));
  const saved = salvage(schema, source.value, innerList);
  if (saved === null) return { file, place, value: null, problems, isWhole: () => false };
  const { value, isWhole, inFile } = saved;
  return { file, value, problems, isWhole, place: (found) => place(found.flatMap(inFile)) };
}

interface Salvaged<T> {
  readonly value: T;
  isWhole(path: Path): boolean;
  /** The finding with its place in the whole file, unless it is about something that was taken out. */
  inFile(finding: Finding): Finding[];
}

/** Each pass takes out at least one part; a file with more wrong parts is checked in part. */
const MOST_PASSES = 1_000;

type Mapping = Record<string, unknown>;

function salvage<T extends z.ZodType>(
  schema: T,
  whole: unknown,
  innerList: string | null,
): Salvaged<z.output<T>> | null {
  if (!isMapping(whole)) return null;
  const rest = new Rest(structuredClone(whole), innerList);
  for (let pass = 0; pass < MOST_PASSES; pass++) {
    const parsed = schema.safeParse(rest.value);
    if (parsed.success)
      return {
        value: parsed.data,
        isWhole: (path) => rest.isWhole(path),
        inFile: (finding) => rest.inFile(finding),
      };
    rest.takeOut(parsed.error.issues);
  }
  return null;
}

/** What is left of the file, and where its parts stood before others were taken out. */
class Rest {
  /** For lists that have lost items, by their path in the file: where each item that is left stood. */
  private readonly origins = new Map<string, number[]>();
  /** The names of items and the paths of values that were taken out. */
  private readonly lost = new Set<string>();

  constructor(
    readonly value: Mapping,
    private readonly innerList: string | null,
  ) {}

  /** Keys that are not known, and whole items of a list; elsewhere the value, or the section that lacks one. */
  takeOut(issues: readonly z.core.$ZodIssue[]): void {
    const items = new Map<string, { readonly list: Path; readonly indices: Set<number> }>();
    const taken = new Set<string>();
    for (const issue of issues) {
      const path = issue.path as Path;
      if (taken.has(pathText(path))) continue;
      const item = this.itemOf(path);
      if (issue.code === 'unrecognized_keys') {
        const holder = valueAt(this.value, path);
        if (isMapping(holder)) for (const key of issue.keys) delete holder[key];
      } else if (item === null || (this.innerList !== null && this.isValue(path))) {
        this.takeValue(path);
        taken.add(pathText(path));
      } else {
        const list = item.slice(0, -1);
        const known = items.get(pathText(list)) ?? { list, indices: new Set() };
        known.indices.add(item.at(-1) as number);
        items.set(pathText(list), known);
      }
    }
    // Items within others first: the paths of what is left then still lead there.
    const deepestFirst = [...items.values()].sort((a, b) => b.list.length - a.list.length);
    for (const { list, indices } of deepestFirst) this.takeItems(list, indices);
  }

  isWhole(path: Path): boolean {
    const at = pathText(this.original(path));
    return ![...this.lost].some((lost) => lost.startsWith(`${at}.`) || lost.startsWith(`${at}[`));
  }

  inFile(finding: Finding): Finding[] {
    const path = this.original(finding.path);
    // A name that refers to what was taken out refers to something, and what is missing now may have been taken out.
    const isAbout = (part: string): boolean => part === finding.value || pathText(path).startsWith(part);
    return [...this.lost].some(isAbout) ? [] : [{ ...finding, path }];
  }

  /** The path of the item that is taken out for what is wrong at `path`; null where that is in no list. */
  private itemOf(path: Path): Path | null {
    if (typeof path[1] !== 'number' || !Array.isArray(this.value[String(path[0])])) return null;
    const isInner = path[2] === this.innerList && typeof path[3] === 'number';
    return path.slice(0, isInner ? 4 : 2);
  }

  /** Whether it is a mapping's value that has not been taken out yet. */
  private isValue(path: Path): boolean {
    const holder = valueAt(this.value, path.slice(0, -1));
    return isMapping(holder) && String(path.at(-1)) in holder;
  }

  private takeValue(path: Path): void {
    const holder = valueAt(this.value, path.slice(0, -1));
    const key = String(path.at(-1));
    const section = String(path[0]);
    if (isMapping(holder) && key in holder) delete holder[key];
    else if (this.itemOf(path) === null) delete this.value[section];
    this.lost.add(pathText(this.original(path)));
  }

  private takeItems(listPath: Path, indices: ReadonlySet<number>): void {
    const list = valueAt(this.value, listPath) as unknown[];
    const key = pathText(this.original(listPath));
    const origins = this.origins.get(key) ?? list.map((_item, index) => index);
    this.origins.set(key, origins);
    for (const index of [...indices].sort((a, b) => b - a)) {
      const [item] = list.splice(index, 1);
      origins.splice(index, 1);
      if (isMapping(item) && typeof item.name === 'string') this.lost.add(JSON.stringify(item.name));
    }
  }

  private original(path: Path): Path {
    const original: (string | number)[] = [];
    for (const part of path)
      original.push(typeof part === 'number' ? (this.origins.get(pathText(original))?.[part] ?? part) : part);
    return original;
  }
}

function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, key) => (value as Mapping | undefined | null)?.[key as string], root);
}

const isMapping = (value: unknown): value is Mapping =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
