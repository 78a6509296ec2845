/** bench/RESULTS.md from what was measured: aims first, then each measurement with all its rounds. */
import type { BenchResult, Figure, Ratio, Round } from './measure';
import { rounded } from './measure';

export interface ReportHead {
  readonly date: Date;
  readonly machine: string;
  readonly servers: string;
  readonly seconds: number;
  /** Processes that wanted to run, one minute's mean, before anything was started: above 0.2, others were at work. */
  readonly loadBefore: number;
}

export function reportText(head: ReportHead, results: readonly BenchResult[]): string {
  return `${[headText(head), summaryText(results), meaningText, ...results.map(resultText)].join('\n\n')}\n`;
}

function headText({ date, machine, servers, seconds, loadBefore }: ReportHead): string {
  return `# Measured
Written by \`npm run bench\`, which builds, starts servers of its own (or uses those that TOCSIN_KAFKA, TOCSIN_TEMPORAL and TOCSIN_POSTGRES name), measures, and
overwrites this file. \`npm run bench -- NAME\` prints one measurement and leaves the file as it is.

| | |
| --- | --- |
| date | ${date.toISOString().slice(0, 16).replace('T', ' ')} UTC |
| machine | ${machine}; servers, Tocsin and the measurement share it |
| servers | ${servers} |
| took | ${Math.round(seconds)} s |
| load average before | ${loadBefore.toFixed(2)} |`;
}

function summaryText(results: readonly BenchResult[]): string {
  const ratios = results.flatMap(({ name, ratios: all }) => all.map((ratio) => ratioRow(name, ratio)));
  const figures = results.flatMap(({ name, figures: all }) => all.map((figure) => figureRow(name, figure)));
  const lines = [
    '## Against the aims',
    '| | | Tocsin | reference | ratio | aim | |',
    '| --- | --- | ---: | ---: | ---: | ---: | --- |',
  ];
  return [...lines, ...ratios, ...figures].join('\n');
}

function ratioRow(bench: string, { name, unit, ours, reference, ratio, aim }: Ratio): string {
  const verdict = aim === null ? '' : ratio >= aim ? 'met' : '**missed**';
  return row([
    bench,
    name,
    `${rounded(ours)} ${unit}`,
    rounded(reference),
    ratio.toFixed(2),
    aim === null ? '' : `≥ ${aim}`,
    verdict,
  ]);
}

function figureRow(bench: string, { name, unit, value, aim }: Figure): string {
  const verdict = aim === null ? '' : value <= aim ? 'met' : '**missed**';
  return row([
    bench,
    name,
    `${rounded(value)} ${unit}`,
    '',
    '',
    aim === null ? '' : `≤ ${aim} ${unit}`,
    verdict,
  ]);
}

const meaningText = `Read the ratios, not the rates: a rate is of this machine, a ratio compares two runs that took turns on it within minutes, so most of what
the machine does to one it does to the other. The rates are medians over the rounds below. Where others were at work ("CPU s of others"), wall time
tells less than CPU time.`;

function resultText({ name, method, notes, rounds }: BenchResult): string {
  const said = notes.map((note) => `- ${note}`).join('\n');
  return [`## ${name}`, method, said, roundsText(rounds)].filter((part) => part !== '').join('\n\n');
}

function roundsText(rounds: readonly Round[]): string {
  const [first] = rounds;
  if (first === undefined) return '';
  const columns = Object.keys(first);
  const aligned = columns.map((column) => (typeof first[column] === 'string' ? '---' : '---:'));
  const cells = rounds.map((round) => row(columns.map((column) => cellText(round[column] ?? null))));
  return [row(columns), row(aligned), ...cells].join('\n');
}

function cellText(value: string | number | null): string {
  if (value === null) return '';
  return typeof value === 'string' || Number.isInteger(value) ? value.toLocaleString('en') : rounded(value);
}

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
