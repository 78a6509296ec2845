/**
 * bench/RESULTS.md from what was measured: aims first, then each measurement with its date and all its rounds. Measurements
 * that were not made anew keep what the file says of them.
 */
import type { BenchResult, Figure, Ratio, Round } from './measure';
import { rounded } from './measure';

export interface ReportHead {
  readonly date: Date;
  readonly machine: string;
  readonly servers: string;
  /** Processes that wanted to run, one minute's mean, before anything was started: above 0.2, others were at work. */
  readonly loadBefore: number;
}

/** A measurement as the file has it. */
interface Part {
  readonly name: string;
  readonly rows: readonly string[];
  readonly text: string;
}

export function reportText(head: ReportHead, results: readonly BenchResult[], before: string): string {
  const anew = results.map((result) => partOf(head, result));
  const kept = partsIn(before);
  const places = kept.map((part) => anew.find(({ name }) => name === part.name) ?? part);
  const parts = [...places, ...anew.filter((part) => !places.includes(part))];
  return `${[headText, summaryText(parts), meaningText, ...parts.map(({ text }) => text)].join('\n\n')}\n`;
}

function partOf(head: ReportHead, result: BenchResult): Part {
  const { name, ratios, figures } = result;
  const rows = [
    ...ratios.map((ratio) => ratioRow(name, ratio)),
    ...figures.map((figure) => figureRow(name, figure)),
  ];
  return { name, rows, text: resultText(head, result) };
}

const HEADING = /^## (.+)\n/;

function partsIn(file: string): Part[] {
  const lines = file.split('\n');
  return file
    .split(/^(?=## )/m)
    .map((text) => ({ text: text.trim(), name: HEADING.exec(text)?.[1] ?? '' }))
    .filter(({ name }) => name !== '' && name !== SUMMARY)
    .map((part) => ({ ...part, rows: lines.filter((line) => line.startsWith(`| ${part.name} |`)) }));
}

const headText = `# Measured
Written by \`npm run bench\`, which builds, starts servers of its own (or uses those that TOCSIN_KAFKA, TOCSIN_TEMPORAL and TOCSIN_POSTGRES name), measures, and
overwrites this file. \`npm run bench:evaluate\`, \`bench:storm\` and \`bench:latency\` do so with what they are named for, and keep the rest. \`npm run bench -- NAME\` prints one measurement and
leaves the file as it is. \`-- --short\` after either shows in little time that it works. Servers, Tocsin and
the measurement share the machine. Rules are measured beside a Prometheus and storms beside an Alertmanager, which Go builds once into the cache folder;
TOCSIN_PROMETHEUS and TOCSIN_ALERTMANAGER may name programs of their own.`;

const SUMMARY = 'Against the aims';

function summaryText(parts: readonly Part[]): string {
  const lines = [
    `## ${SUMMARY}`,
    '| | | Tocsin | reference | ratio | aim | |',
    '| --- | --- | ---: | ---: | ---: | ---: | --- |',
  ];
  return [...lines, ...parts.flatMap(({ rows }) => rows)].join('\n');
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

function resultText(head: ReportHead, { name, method, notes, rounds }: BenchResult): string {
  const said = notes.map((note) => `- ${note}`).join('\n');
  const texts = [`## ${name}`, whenText(head), method, said, roundsText(rounds)];
  return texts.filter((part) => part !== '').join('\n\n');
}

function whenText({ date, machine, servers, loadBefore }: ReportHead): string {
  const time = date.toISOString().slice(0, 16).replace('T', ' ');
  return `*${time} UTC, ${machine}; ${servers}; load average before: ${loadBefore.toFixed(2)}*`;
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
