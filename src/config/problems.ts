/** Problems of a configuration: what is wrong, where, what stood there and what would be accepted. */
import { TocsinError } from '../domain/errors';

export interface Problem {
  readonly level: 'error' | 'warning';
  /** `rules[2].operator`; empty for the file as a whole. */
  readonly path: string;
  /** The names of the group and the rule that the path leads into. */
  readonly group: string | null;
  readonly rule: string | null;
  readonly message: string;
  /** What stood there, as JSON; null when nothing did or when it may be a secret. */
  readonly value: string | null;
  readonly accepted: string | null;
  readonly suggestion: string | null;
  readonly file: string | null;
  /** 1-based; null when the place is not in the text. */
  readonly line: number | null;
  readonly column: number | null;
}

export type Path = readonly (string | number)[];

export interface Finding {
  readonly level?: 'error' | 'warning';
  readonly path: Path;
  readonly message: string;
  readonly value?: string | null;
  readonly accepted?: string;
  readonly suggestion?: string | null;
}

/** Thrown by `loadConfig`: every problem of the file at once. */
export class ConfigInvalid extends TocsinError {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[], file: string | null) {
    super('TOC_CONFIG_INVALID', summary(problems, file));
    this.problems = problems;
  }
}

export function pathText(path: Path): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (/^[\w-]+$/.test(part)) text += text === '' ? part : `.${part}`;
    else text += `[${JSON.stringify(part)}]`;
  }
  return text;
}

/** Errors before warnings, each in the order in which they stand in the file. */
export function inOrder(problems: readonly Problem[]): Problem[] {
  const rank = ({ level }: Problem): number => (level === 'error' ? 0 : 1);
  const place = (a: Problem, b: Problem): number =>
    (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
  return [...problems].sort((a, b) => rank(a) - rank(b) || place(a, b));
}

/**
 * `tocsin.yaml:12:5: targets[2].type: "mysqll" is no type; accepted: …`, and in rules of either form
 * `disk.yml:9:7: group "disk", rule "DiskFull": groups[0].rules[2].for: …`.
 */
export function problemText(problem: Problem): string {
  const place = [problem.file, problem.line, problem.column].filter((part) => part !== null).join(':');
  const parts = [place, namesText(problem), problem.path].filter((part) => part !== '');
  if (problem.level === 'warning') parts.push('warning');
  const value = problem.value === null ? '' : `${problem.value} `;
  const accepted = problem.accepted === null ? '' : `; accepted: ${problem.accepted}`;
  const suggestion = problem.suggestion === null ? '' : `; did you mean "${problem.suggestion}"?`;
  return `${parts.join(': ')}: ${value}${problem.message}${suggestion}${accepted}`;
}

function namesText({ group, rule }: Problem): string {
  const names = [group && `group ${JSON.stringify(group)}`, rule && `rule ${JSON.stringify(rule)}`];
  return names.filter(Boolean).join(', ');
}

function summary(problems: readonly Problem[], file: string | null): string {
  const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
  return [
    `${file ?? 'the configuration'} has ${count}:`,
    ...problems.map((problem) => `  ${problemText(problem)}`),
  ].join('\n');
}

/** The candidate that a person most likely meant by `word`, or null when none is near. */
export function didYouMean(word: string, candidates: readonly string[]): string | null {
  const limit = Math.max(1, Math.floor(word.length / 3));
  let best: { name: string; distance: number } | null = null;
  for (const name of candidates) {
    const distance = editDistance(normal(word), normal(name));
    if (distance <= limit && (best === null || distance < best.distance)) best = { name, distance };
  }
  return best?.name ?? null;
}

/** `notifyAfter`, `notify-after` and `NOTIFY_AFTER` are all meant as `notify_after`. */
function normal(word: string): string {
  return word
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .replace(/-/g, '_')
    .toLowerCase();
}

/** Edits with neighbours swapped counting once, because that is how people mistype. */
function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, rows[i - 1]![j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, rows[i - 2]![j - 2]! + 1);
      row.push(cost);
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}
