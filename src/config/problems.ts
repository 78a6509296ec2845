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

/** What is longer is no name that somebody has typed. */
const LONGEST_NAME = 200;

/** The candidate that a person most likely meant by `word`, or null when none is near. */
export function didYouMean(word: string, candidates: readonly string[]): string | null {
  if (word.length > LONGEST_NAME) return null;
  const meant = normal(word);
  let best: string | null = null;
  let within = Math.max(1, Math.floor(word.length / 3));
  for (const name of candidates) {
    const distance = editDistance(meant, normal(name), within);
    if (distance > within) continue;
    best = name;
    within = distance - 1;
  }
  return best;
}

/** `notifyAfter`, `notify-after` and `NOTIFY_AFTER` are all meant as `notify_after`. */
function normal(word: string): string {
  return word
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .replace(/-/g, '_')
    .toLowerCase();
}

/**
 * Edits with neighbours swapped counting once, because that is how people mistype (optimal string alignment). Infinity where
 * they are more than `most`, which is told early: of thousands of names few are near.
 */
function editDistance(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) > most) return Infinity;
  let [before, above]: [number[], number[]] = [[], Array.from({ length: b.length + 1 }, (_, j) => j)];
  let leastAbove = 0;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    let least = i;
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, before[j - 2]! + 1);
      row.push(cost);
      least = Math.min(least, cost);
    }
    // What follows grows from these two rows, by one from the upper.
    if (least > most && leastAbove >= most) return Infinity;
    [before, above, leastAbove] = [above, row, least];
  }
  return above[b.length]! > most ? Infinity : above[b.length]!;
}
