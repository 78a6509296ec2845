/** How things are shown to people: tables that fit the terminal, colours, times from now. */
import Table from 'cli-table3';
import type { Context } from './context';
import { oneLine } from './plain';

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, blue: 34, magenta: 35, cyan: 36 } as const;
export type Style = keyof typeof CODES;

export function paint(context: Pick<Context, 'colour'>, style: Style | null, text: string): string {
  return context.colour && style !== null && text !== '' ? `\u001b[${CODES[style]}m${text}\u001b[0m` : text;
}

export function stateStyle(state: string): Style | null {
  const styles: Readonly<Record<string, Style>> = {
    FIRING: 'red',
    ACKNOWLEDGED: 'yellow',
    SILENCED: 'magenta',
    RESOLVED: 'green',
  };
  return styles[state] ?? null;
}

export function severityStyle(severity: string): Style | null {
  if (severity === 'critical' || severity === 'high') return 'red';
  return severity === 'warning' || severity === 'medium' ? 'yellow' : null;
}

export interface Column<T> {
  readonly title: string;
  readonly value: (row: T) => string;
  readonly style?: (row: T) => Style | null;
  /** The columns that give way, the widest first, when the terminal is narrow. */
  readonly flexible?: boolean;
}

const GAP = 2;
const NARROWEST = 6;

/** Rows under headings, without lines; in a narrow terminal flexible columns are wrapped, elsewhere nothing is cut. */
export function tableOf<T>(
  context: Context,
  columns: readonly Column<T>[],
  rows: readonly T[],
  indent = 0,
): string {
  const cells = rows.map((row) => columns.map((column) => oneLine(column.value(row))));
  const widths = fitted(columns, cells, context.width === null ? null : context.width - indent);
  // each line of a cell is painted by itself: the table's own wrapping tears colours apart
  const cell = (style: Style | null, text: string, at: number): string =>
    wrapped(text, widths[at]!)
      .map((line) => paint(context, style, line))
      .join('\n');
  const table = new Table({
    head: columns.map(({ title }, at) => cell('bold', title, at)),
    chars: NO_LINES,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': GAP },
    colWidths: widths.map((width) => width + GAP),
  });
  rows.forEach((row, index) =>
    table.push(columns.map(({ style }, at) => cell(style?.(row) ?? null, cells[index]![at]!, at))),
  );
  return table
    .toString()
    .split('\n')
    .map((line) => `${' '.repeat(indent)}${line}`.trimEnd())
    .join('\n');
}

/** Lines of at most `width`, broken between words where there is a space near the end. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let rest = text;
  while (columnsOf(rest) > width) {
    const characters = [...rest];
    let end = 0;
    for (let used = 0; end < characters.length && (used += columnsOf(characters[end]!)) <= width;) end++;
    const space = characters.slice(0, end + 1).lastIndexOf(' ');
    const at = space > 0 && space >= end / 3 ? space : Math.max(1, end);
    lines.push(characters.slice(0, at).join('').trimEnd());
    rest = characters.slice(at).join('').trimStart();
  }
  return [...lines, rest];
}

const NO_LINES = Object.fromEntries(
  [
    'top',
    'top-mid',
    'top-left',
    'top-right',
    'bottom',
    'bottom-mid',
    'bottom-left',
    'bottom-right',
    'left',
    'left-mid',
    'mid',
    'mid-mid',
    'right',
    'right-mid',
    'middle',
  ].map((name) => [name, '']),
);

function fitted<T>(
  columns: readonly Column<T>[],
  cells: readonly (readonly string[])[],
  available: number | null,
): number[] {
  const widths = columns.map(({ title }, at) =>
    Math.max(title.length, ...cells.map((row) => columnsOf(row[at]!))),
  );
  if (available === null) return widths;
  for (let over = total(widths) - available; over > 0; over--) {
    const widest = columns
      .map((column, at) => ({ at, width: column.flexible ? widths[at]! : 0 }))
      .reduce((a, b) => (b.width > a.width ? b : a));
    if (widest.width <= NARROWEST) break;
    widths[widest.at]!--;
  }
  return widths;
}

const total = (widths: readonly number[]): number => widths.reduce((sum, width) => sum + width + GAP, -GAP);
/** Scripts whose characters take two columns. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\u{1f300}-\u{1faff}]/u;
function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) columns += WIDE.test(character) ? 2 : 1;
  return columns;
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const;

/** The two largest units that matter: `2d 4h`, `3h 5m`, `12m 3s`, `45s`. */
export function span(ms: number): string {
  const length = Math.abs(ms);
  const first = UNITS.findIndex(([, size]) => length >= size);
  if (first < 0) return '0s';
  const [unit, size] = UNITS[first]!;
  const count = Math.floor(length / size);
  const next = UNITS[first + 1];
  const rest = next === undefined ? 0 : Math.floor((length - count * size) / next[1]);
  return rest === 0 ? `${count}${unit}` : `${count}${unit} ${rest}${next![0]}`;
}

/** `12m ago`, `in 45s`, `now`. */
export function fromNow(now: number, at: number | string): string {
  const ms = (typeof at === 'string' ? Date.parse(at) : at) - now;
  if (Math.abs(ms) < 1_000) return 'now';
  return ms > 0 ? `in ${span(ms)}` : `${span(ms)} ago`;
}

/** `2026-11-21 12:01:03Z`; UTC, because the people of one alert sit in several zones. */
export function stamp(at: number | string): string {
  return new Date(at)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, 'Z');
}

/** Lines `label  value` under each other; values are wrapped by the terminal itself. */
export function facts(context: Context, pairs: readonly (readonly [string, string | null])[]): string {
  const shown = pairs.filter((pair): pair is [string, string] => pair[1] !== null);
  const width = Math.max(...shown.map(([label]) => label.length));
  return shown
    .map(([label, value]) => `  ${paint(context, 'dim', label.padEnd(width))}  ${value}`)
    .join('\n');
}
