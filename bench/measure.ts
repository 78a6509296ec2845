/**
 * What all measurements share: CPU seconds beside wall time (the machine may be busy with something else, and then only
 * CPU is worth trusting), medians over alternating rounds in fresh processes, and one form of result.
 */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { promisify } from 'node:util';

const CLOCK_TICKS = 100;

export interface Metered {
  readonly wallSeconds: number;
  /** User and system time of this process, all its threads. */
  readonly cpuSeconds: number;
  /** What the rest of the machine used meanwhile, servers included; null where /proc does not tell. */
  readonly foreignCpuSeconds: number | null;
}

/** What was measured against a reference of the same run. */
export interface Ratio {
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  readonly reference: number;
  readonly ratio: number;
  /** What the ratio should at least be; null where there is no aim. */
  readonly aim: number | null;
}

/** What was measured by itself. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  /** What the value should at most be; null where there is no aim. */
  readonly aim: number | null;
}

export interface BenchResult {
  readonly name: string;
  /** How it was measured, and what it was compared with. */
  readonly method: string;
  readonly ratios: readonly Ratio[];
  readonly figures: readonly Figure[];
  readonly notes: readonly string[];
  /** Every round's figures, so that a reader can see how much they vary. */
  readonly rounds: readonly Round[];
}

export type Round = Readonly<Record<string, string | number | null>>;

/** Where a measurement finds the servers that it has asked for, and whom it tells how far it is. */
export interface BenchStage {
  readonly kafka: readonly string[];
  readonly temporal: string;
  readonly postgres: string;
  /** Processes of servers that were started here, for what they used. */
  readonly pids: readonly number[];
  readonly say: (line: string) => void;
  /** To see that it works, in little time: what comes of it is not for the file. */
  readonly short: boolean;
}

/** Starts counting; the returned function ends it. */
export function startMeter(): () => Metered {
  const wall = performance.now();
  const cpu = ownCpuSeconds();
  const busy = busyCpuSeconds();
  return () => {
    const cpuSeconds = ownCpuSeconds() - cpu;
    const now = busyCpuSeconds();
    const foreign = busy === null || now === null ? null : Math.max(0, now - busy - cpuSeconds);
    return { wallSeconds: (performance.now() - wall) / 1_000, cpuSeconds, foreignCpuSeconds: foreign };
  };
}

function ownCpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/**
 * CPU seconds of another process and of its children, also of those that have ended: PostgreSQL works in children. Null
 * when it cannot be read.
 */
export function cpuSecondsOf(pid: number): number | null {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const children = all.flatMap((name) => timesOf(name) ?? []).filter(({ parent }) => parent === pid);
  const own = timesOf(String(pid));
  if (own === null) return null;
  return own.seconds + own.ofEnded + children.reduce((sum, { seconds }) => sum + seconds, 0);
}

function timesOf(pid: string): { parent: number; seconds: number; ofEnded: number } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const ticks = (from: number): number => (fields[from]! + fields[from + 1]!) / CLOCK_TICKS;
    return { parent: fields[1]!, seconds: ticks(11), ofEnded: ticks(13) };
  } catch {
    return null;
  }
}

/** Memory of another process that is in the machine's. */
export function residentMib(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1_024;
}

/** Busy seconds of the whole machine since it started. */
function busyCpuSeconds(): number | null {
  try {
    const line = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0]!;
    const fields = line.trim().split(/\s+/).slice(1).map(Number);
    return (fields[0]! + fields[1]! + fields[2]! + fields[5]! + fields[6]!) / CLOCK_TICKS;
  } catch {
    return null;
  }
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) return NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const low = sorted[Math.floor(at)]!;
  return low + (sorted[Math.ceil(at)]! - low) * (at - Math.floor(at));
}

export function ratioOf(line: Omit<Ratio, 'ratio'>): Ratio {
  return { ...line, ratio: line.ours / line.reference };
}

export function ratioText({ name, unit, ours, reference, ratio, aim }: Ratio): string {
  const wanted = aim === null ? '' : `, aim ≥ ${aim}`;
  return `${name}: ${ratio.toFixed(2)} (${rounded(ours)} against ${rounded(reference)} ${unit}${wanted})`;
}

export function figureText({ name, unit, value, aim }: Figure): string {
  return `${name}: ${rounded(value)} ${unit}${aim === null ? '' : ` (aim ≤ ${aim})`}`;
}

/** Three figures of a number are more than the noise leaves. */
export function rounded(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
}

export function machineText(): string {
  const cores = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cores.length} × ${cores[0]?.model.trim() ?? 'unknown CPU'}, ${memory} GiB, Node ${process.versions.node}`;
}

/** Runs a script in a process of its own and returns the JSON object of its last line. */
export async function inFreshProcess<T>(
  script: string,
  args: readonly string[],
  { timeoutMs = 180_000, nodeOptions = [] as readonly string[] } = {},
): Promise<T> {
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, [...nodeOptions, script, ...args], {
    timeout: timeoutMs,
    maxBuffer: 1 << 26,
  });
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as T;
}
