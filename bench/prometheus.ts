/**
 * The Prometheus that rules are measured beside: built once by Go from the module proxy into the cache folder (TOCSIN_CACHE,
 * by default ~/.cache/tocsin), or a program that TOCSIN_PROMETHEUS names. Distributions' packages are too old: rules and
 * their evaluation have changed since version 2.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isExecutable, onPath, runCommand } from '../src/dev/command';
import { installed } from '../src/dev/install';
import { choosePorts } from '../src/dev/ports';
import { defaultCacheDir } from '../src/dev/servers';
import { INTERVAL_MS, SEVERITY, type RuleText } from './rules';

/** Prometheus 3.15.0, as Go modules count. */
const VERSION = 'v0.315.0';
const MODULE = 'github.com/prometheus/prometheus';
const BUILD_TIMEOUT_MS = 1_200_000;
const READY_WITHIN_MS = 30_000;

export interface PrometheusProgram {
  readonly path: string;
  /** As the program says it. */
  readonly version: string;
}

/** Throws with what to do where it cannot be had. */
export async function prometheusProgram(say: (line: string) => void): Promise<PrometheusProgram> {
  const given = process.env.TOCSIN_PROMETHEUS;
  const path = given ?? join(await built(say), 'prometheus');
  const banner = await runCommand(path, ['--version'], { timeoutMs: 30_000 });
  const version = /version (\S+)/.exec(banner)?.[1] ?? 'of an unknown version';
  if (!/^3\./.test(version)) throw new Error(`${path} is Prometheus ${version}, and has to be 3.x`);
  return { path, version };
}

const NAME = `prometheus-${VERSION}`;

function built(say: (line: string) => void): Promise<string> {
  return installed(defaultCacheDir(), { name: NAME, what: `go build ${MODULE}@${VERSION}`, fill }, say);
}

/** The one that is in the cache; null where none has been built on this machine. */
export async function builtPrometheus(): Promise<string | null> {
  const path = join(defaultCacheDir(), NAME, 'prometheus');
  return (await isExecutable(path)) ? path : null;
}

/** In a module of its own: Prometheus' own pins then count. Without service discovery, which nobody asks for here. */
async function fill(folder: string): Promise<void> {
  if ((await onPath('go')) === null)
    throw new Error(
      'there is no go on PATH: install Go 1.26 or later, or let TOCSIN_PROMETHEUS name a program of Prometheus 3',
    );
  await writeFile(
    join(folder, 'go.mod'),
    `module tocsin.bench/prometheus\n\ngo 1.25.0\n\nrequire ${MODULE} ${VERSION}\n`,
  );
  const named = `-X github.com/prometheus/common/version.Version=${VERSION.replace(/^v0\.(\d)(\d+)\./, '$1.$2.')}`;
  const flags = ['-mod=mod', '-trimpath', '-tags', 'remove_all_sd', '-ldflags', `-s -w ${named}`];
  await runCommand('go', ['build', ...flags, '-o', 'prometheus', `${MODULE}/cmd/prometheus`], {
    cwd: folder,
    timeoutMs: BUILD_TIMEOUT_MS,
  });
}

export interface Iterations {
  readonly evaluations: number;
  readonly missed: number;
  /** What the evaluations took, all together. */
  readonly seconds: number;
}

export interface Prometheus {
  readonly pid: number;
  readonly url: string;
  /** Replaces all rules by one group of these. */
  load(rules: readonly RuleText[]): Promise<void>;
  iterations(): Promise<Iterations>;
  /** The label sets of the alerts that fire. */
  firing(): Promise<Record<string, string>[]>;
  close(): Promise<void>;
}

export async function startPrometheus({ path }: PrometheusProgram): Promise<Prometheus> {
  const folder = await mkdtemp(join(tmpdir(), 'tocsin-prometheus-'));
  const rules = join(folder, 'rules.yml');
  const config = join(folder, 'prometheus.yml');
  await writeFile(rules, '{"groups":[]}');
  await writeFile(config, JSON.stringify({ global: { evaluation_interval: '1s' }, rule_files: [rules] }));
  const [port] = await choosePorts([[]]);
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(path, [
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--web.enable-lifecycle',
    '--web.enable-remote-write-receiver',
    '--log.level=error',
  ]);
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const close = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null && child.kill()) await once(child, 'exit');
    process.off('exit', kill);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await ready(child, url);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    pid: child.pid!,
    url,
    load: (texts) => load(url, rules, texts),
    iterations: () => iterations(url),
    firing: () => firing(url),
    close,
  };
}

async function ready(child: ChildProcess, url: string): Promise<void> {
  let said = '';
  child.stderr!.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-2_000)));
  for (const deadline = Date.now() + READY_WITHIN_MS; ; await sleep(100)) {
    const is = await fetch(`${url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (is) return;
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`Prometheus is not ready: ${said}`);
  }
}

async function load(url: string, file: string, texts: readonly RuleText[]): Promise<void> {
  const rules = texts.map(({ name, expr }) => ({ alert: name, expr, labels: { severity: SEVERITY } }));
  // JSON is YAML.
  const groups = [{ name: 'bench', interval: `${INTERVAL_MS}ms`, rules }];
  await writeFile(file, JSON.stringify({ groups }));
  const response = await fetch(`${url}/-/reload`, { method: 'POST' });
  if (!response.ok) throw new Error(`Prometheus refuses the rules: ${await response.text()}`);
}

async function iterations(url: string): Promise<Iterations> {
  const page = await (await fetch(`${url}/metrics`)).text();
  const sumOf = (name: string): number =>
    page
      .split('\n')
      .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
  return {
    evaluations: sumOf('prometheus_rule_group_duration_seconds_count'),
    missed: sumOf('prometheus_rule_group_iterations_missed_total'),
    seconds: sumOf('prometheus_rule_group_duration_seconds_sum'),
  };
}

interface PrometheusAlert {
  readonly labels: Record<string, string>;
  readonly state: string;
}

async function firing(url: string): Promise<Record<string, string>[]> {
  const answer = (await (await fetch(`${url}/api/v1/alerts`)).json()) as {
    data: { alerts: PrometheusAlert[] };
  };
  return answer.data.alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels);
}
