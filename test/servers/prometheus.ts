/**
 * A real Prometheus for tests: the program that TOCSIN_PROMETHEUS names, or the version 3 that `npm run bench` has built on
 * this machine, or Debian's package, laid into the cache folder without installing it (building takes minutes that CI has
 * not). Rules, scraping and sending alerts are the same in both as far as tests go.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { builtPrometheus, type PrometheusProgram } from '../../bench/prometheus';
import { messageOf } from '../../src/domain/errors';
import { isExecutable, runCommand } from '../../src/dev/command';
import { installed } from '../../src/dev/install';
import { choosePorts } from '../../src/dev/ports';
import { defaultCacheDir } from '../../src/dev/servers';
import { waitFor } from '../harness/wait-for';

const READY_WITHIN_MS = 60_000;
const DOWNLOAD_MS = 120_000;

export interface TestPrometheus {
  readonly version: string;
  readonly url: string;
  /** Of its own metrics: the sum of all series with this name. */
  metric(name: string): Promise<number>;
  /** SIGKILL. */
  kill(): Promise<void>;
}

export interface PrometheusFiles {
  /** `prometheus.yml` as a value; JSON is YAML. */
  readonly config: Readonly<Record<string, unknown>>;
  /** `rules.yml`, which the configuration reads. */
  readonly rules: string;
}

export async function startTestPrometheus({ config, rules }: PrometheusFiles): Promise<TestPrometheus> {
  const { path, version } = await prometheusForTests();
  const folder = await mkdtemp(join(tmpdir(), 'tocsin-prometheus-'));
  const file = join(folder, 'prometheus.yml');
  await writeFile(join(folder, 'rules.yml'), rules);
  await writeFile(file, JSON.stringify({ ...config, rule_files: ['rules.yml'] }));
  const [port] = await choosePorts([[]]);
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(path, [
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    // A minute by default: what it does in an hour is seen in a test.
    '--rules.alert.resend-delay=1s',
    '--log.level=warn',
  ]);
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-2_000)));
  const onExit = (): void => void child.kill('SIGKILL');
  process.once('exit', onExit);
  const kill = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null && child.kill('SIGKILL'))
      await once(child, 'exit');
    process.off('exit', onExit);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await waitFor(
      async () => {
        if (child.exitCode !== null) throw new Error(`it has ended: ${said}`);
        return (await fetch(`${url}/-/ready`)).ok;
      },
      { what: `Prometheus ${version}`, timeoutMs: READY_WITHIN_MS },
    );
  } catch (error) {
    await kill();
    throw error;
  }
  return {
    version,
    url,
    metric: async (name) => sumOf(await (await fetch(`${url}/metrics`)).text(), name),
    kill,
  };
}

function sumOf(page: string, name: string): number {
  const lines = page.split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}

/** Throws with all that was tried, and what to do. */
async function prometheusForTests(): Promise<PrometheusProgram> {
  const given = process.env.TOCSIN_PROMETHEUS ?? (await builtPrometheus());
  const path = given ?? join(await debianPackage(), 'usr/bin/prometheus');
  const banner = await runCommand(path, ['--version'], { timeoutMs: 30_000 });
  const version = /version (\S+)/.exec(banner)?.[1] ?? 'of an unknown version';
  return { path, version };
}

/** `apt-get download` as it is, or after `apt-get update`, which only root may do. */
async function debianPackage(): Promise<string> {
  const say = (line: string): void => void process.stderr.write(`test servers: ${line}\n`);
  const download = (cwd: string) =>
    runCommand('apt-get', ['download', 'prometheus'], { cwd, timeoutMs: DOWNLOAD_MS });
  const fill = async (folder: string): Promise<void> => {
    await download(folder).catch(async () => {
      await runCommand('apt-get', ['update'], { timeoutMs: DOWNLOAD_MS });
      await download(folder);
    });
    const archive = (await readdir(folder)).find((name) => name.endsWith('.deb'));
    if (archive === undefined) throw new Error('apt-get download has brought no file');
    await runCommand('dpkg-deb', ['--extract', join(folder, archive), folder]);
    await rm(join(folder, archive));
    if (!(await isExecutable(join(folder, 'usr/bin/prometheus'))))
      throw new Error('the package has no usr/bin/prometheus');
  };
  const what = "apt-get download prometheus (Debian's package)";
  try {
    return await installed(defaultCacheDir(), { name: 'prometheus-debian', what, fill }, say);
  } catch (error) {
    throw new Error(
      `there is no Prometheus for this test: TOCSIN_PROMETHEUS is not set, none has been built in ${defaultCacheDir()}, and ` +
        `Debian's package cannot be had: ${messageOf(error)}. Let TOCSIN_PROMETHEUS name a program of Prometheus 2.42 or ` +
        'later, or build one with `npm run bench:evaluate`, which needs Go',
      { cause: error },
    );
  }
}
