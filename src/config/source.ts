/**
 * A YAML text as plain values with the environment filled in, and the way back from a path to its line and column.
 *
 * `${NAME}` stands for a variable that has to be set, `${NAME:-default}` for one that may be absent or empty, and `$${`
 * for a literal `${`. Variables are filled into the text of single values after parsing: whatever a variable holds, it
 * cannot change the file's structure.
 */
import { messageOf } from '../domain/errors';
import { isNode, isPair, isScalar, LineCounter, parseDocument, type Document, type Node } from 'yaml';
import type { Env } from './env';
import type { Finding, Path, Problem } from './problems';
import { pathText } from './problems';

export interface Source {
  readonly file: string | null;
  readonly value: unknown;
  /** Problems of the text itself: syntax, variables that are not set. */
  readonly problems: readonly Problem[];
  /** Findings with their places in this text. */
  place(findings: readonly Finding[]): Problem[];
}

const REFERENCE = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}|\$\{[^}]*\}?/g;

/** Adds what the text leaves out; `shown` is what people see of a variable's value, which may be a secret. */
export type Complete = (whole: unknown, shown?: (value: string, variable: string) => string) => unknown;

/** Without an environment the text is taken as it is. `ownGroup`: of rules in short form, where the text names no group for them. */
export function readSource(
  text: string,
  file: string | null,
  env: Env | null,
  ownGroup: string | null = null,
  complete: Complete = (whole) => whole,
): Source {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const syntax = [...document.errors].map((error): Problem => {
    const { line, col } = lines.linePos(error.pos[0]);
    return { ...blank(file), path: '', message: `is not valid YAML: ${error.message}`, line, column: col };
  });
  if (syntax.length > 0) return unreadable(file, syntax);

  const read = plainValue(document);
  if (!read.ok) {
    return unreadable(file, [{ ...blank(file), path: '', message: `is not valid YAML: ${read.message}` }]);
  }
  const raw = complete(read.value, (_value, variable) => `\${${variable}}`);
  const place = (found: readonly Finding[]): Problem[] =>
    found.map((finding) => ({
      ...placed(shownRaw(finding, raw), file, position(document, lines, finding.path)),
      ...namesAt(finding.path, raw, ownGroup),
    }));
  const findings: Finding[] = [];
  const value = env === null ? raw : complete(interpolate(read.value, [], env, findings));
  return { file, value, problems: place(findings), place };
}

function unreadable(file: string | null, problems: readonly Problem[]): Source {
  const place = (found: readonly Finding[]) => found.map((finding) => placed(finding, file, null));
  return { file, value: undefined, problems, place };
}

/** Aliases are resolved only here: to nothing, to far too much, or to what they stand in. JSON holds no circle. */
function plainValue(document: Document): { ok: true; value: unknown } | { ok: false; message: string } {
  try {
    const value: unknown = document.toJS();
    JSON.stringify(value);
    return { ok: true, value };
  } catch (error) {
    return { ok: false, message: messageOf(error) };
  }
}

function interpolate(value: unknown, path: Path, env: Env, findings: Finding[]): unknown {
  if (typeof value === 'string') return filled(value, path, env, findings);
  if (Array.isArray(value))
    return value.map((item, index) => interpolate(item, [...path, index], env, findings));
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).map(([key, item]) => [
    key,
    interpolate(item, [...path, key], env, findings),
  ]);
  return Object.fromEntries(entries);
}

function filled(text: string, path: Path, env: Env, findings: Finding[]): string {
  return text.replace(
    REFERENCE,
    (reference: string, name: string | undefined, fallback: string | undefined) => {
      if (reference === '$${') return '${';
      if (name === undefined) {
        findings.push({
          path,
          message: `has a reference that cannot be read: ${reference}`,
          accepted: '${NAME}, ${NAME:-default}, or $${ for a literal ${',
        });
        return '';
      }
      const value = env[name];
      if (fallback !== undefined) return value === undefined || value === '' ? fallback : value;
      if (value === undefined) {
        findings.push({ path, message: `needs the environment variable ${name}, which is not set` });
        return '';
      }
      return value;
    },
  );
}

/** Where a value came out of a variable, people see the reference: the value may be a secret that went astray. */
function shownRaw(finding: Finding, raw: unknown): Finding {
  if (finding.value === null || finding.value === undefined) return finding;
  const shown = finding.path.reduce(partOf, raw);
  return typeof shown === 'string' && shown.includes('${')
    ? { ...finding, value: JSON.stringify(shown) }
    : finding;
}

function placed(finding: Finding, file: string | null, at: { line: number; col: number } | null): Problem {
  return {
    ...blank(file),
    level: finding.level ?? 'error',
    path: pathText(finding.path),
    message: finding.message,
    value: finding.value ?? null,
    accepted: finding.accepted ?? null,
    suggestion: finding.suggestion ?? null,
    line: at?.line ?? null,
    column: at?.col ?? null,
  };
}

/** A problem of which nothing is known yet. */
export function blank(file: string | null): Omit<Problem, 'path' | 'message'> {
  const nothing = { group: null, rule: null, value: null, accepted: null, suggestion: null };
  return { level: 'error', ...nothing, file, line: null, column: null };
}

/** Of the group and the rule that a path leads into: people know them by these, and not by their places. */
function namesAt(
  [section, i, part, j]: Path,
  raw: unknown,
  ownGroup: string | null,
): Pick<Problem, 'group' | 'rule'> {
  if (section === 'rules' && typeof i === 'number' && ownGroup !== null)
    return {
      group: nameOrNull(partOf(raw, 'group')) ?? ownGroup,
      rule: nameOrNull(partOf(partOf(partOf(raw, 'rules'), i), 'name')),
    };
  if (section !== 'groups') return { group: null, rule: null };
  const group = partOf(partOf(raw, 'groups'), i);
  const rule = part === 'rules' ? partOf(partOf(group, 'rules'), j) : undefined;
  return {
    group: nameOrNull(partOf(group, 'name')),
    rule: nameOrNull(partOf(rule, 'alert') ?? partOf(rule, 'record')),
  };
}

const partOf = (value: unknown, key: string | number | undefined): unknown =>
  (value as Record<string | number, unknown> | null | undefined)?.[key ?? ''];
const nameOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null);

/** The place of the path's key or item; of the nearest thing around it when it is not in the text. */
function position(document: Document, lines: LineCounter, path: Path): { line: number; col: number } | null {
  for (let depth = path.length; depth > 0; depth--) {
    const offset = keyOffset(document, path.slice(0, depth)) ?? nodeOffset(document, path.slice(0, depth));
    if (offset !== null) return lines.linePos(offset);
  }
  return document.contents?.range ? lines.linePos(document.contents.range[0]) : null;
}

/** A mapping's key, so that an unknown or empty key is pointed at itself. */
function keyOffset(document: Document, path: Path): number | null {
  const parent =
    path.length === 1 ? document.contents : (document.getIn(path.slice(0, -1), true) as Node | undefined);
  if (!isNode(parent) || !('items' in parent)) return null;
  for (const item of parent.items) {
    if (!isPair(item) || !isScalar(item.key) || String(item.key.value) !== String(path.at(-1))) continue;
    return item.key.range?.[0] ?? null;
  }
  return null;
}

function nodeOffset(document: Document, path: Path): number | null {
  const node = document.getIn(path, true);
  return isNode(node) ? (node.range?.[0] ?? null) : null;
}
