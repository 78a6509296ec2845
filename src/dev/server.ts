/**
 * One server that we started: its process, log, ports, health and end. Knows no particular server.
 *
 * The process has a group of its own, so that Ctrl-C reaches Tocsin alone, which ends its roles before their servers. A
 * watchdog ends the server when our process is gone, however it went (kill -9 included); should that be killed too, the
 * next start finds the server in the record beside its data and ends it, after making sure that it is the one we started.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, TocsinError } from '../domain/errors';
import { lastLines } from './command';
import { tryLock, type Lock } from './lock';
import { choosePorts } from './ports';
import { identify, isAlive, parseIdentity } from './process-identity';

export type ServerName = 'temporal' | 'kafka' | 'postgres';

/** How one kind of server is run with a program that was found. */
export interface Launch {
  readonly name: ServerName;
  readonly command: string;
  readonly uid?: number;
  readonly gid?: number;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** The signal that lets it end soon and in order. */
  readonly stopSignal: 'SIGTERM' | 'SIGINT';
  /** The well-known port for each port that it needs. */
  readonly standardPorts: readonly number[];
  /** Writes configuration that depends on ports, and returns the arguments. */
  prepare(ports: readonly number[]): Promise<string[]>;
  /** Rejects with the reason while it is not healthy. */
  check(ports: readonly number[]): Promise<void>;
}

/** A server that we started. Only this process's own servers have a handle. */
export interface ServerHandle {
  readonly name: ServerName;
  readonly ports: readonly number[];
  readonly logFile: string;
  /** Null while it is stopped. */
  readonly pid: number | null;
  /** Ends it in order; its data stay. Does nothing when it is stopped. */
  stop(): Promise<void>;
  /** Ends it by SIGKILL, as a crash would. */
  kill(): Promise<void>;
  /** Freezes it (SIGSTOP): connections stay open and nothing answers, as with a hung machine. */
  pause(): void;
  resume(): void;
  /** Starts it again on the same ports and data, stopping it first when it runs. Resolves when it is healthy. */
  restart(): Promise<void>;
  /** Stops it for good and gives its data folder free. */
  close(): Promise<void>;
}

export interface Surroundings {
  readonly dataDir: string;
  readonly progress: (text: string) => void;
  readonly startTimeoutMs: number;
  /** Whether to prefer the well-known ports to any free ones. */
  readonly standardPorts: boolean;
}

const STOP_PATIENCE_MS = 20_000;
const MOST_PORT_TRIES = 3;
const LOG_LIMIT_BYTES = 10 * 1024 * 1024;
const PORT_TAKEN = /address already in use|EADDRINUSE|BindException|can't start server on port|bind: /i;

/** Reads lines until our process is gone, then ends the server: in order, and after 20 s by force. */
const WATCHDOG = `while read -r _; do :; done
kill -s "$2" "$1" 2>/dev/null || exit 0
n=0
while kill -0 "$1" 2>/dev/null && [ "$n" -lt 200 ]; do n=$((n+1)); sleep 0.1; done
kill -s KILL "$1" 2>/dev/null`;

interface Running {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly watchdog: ChildProcess;
  readonly ended: Promise<string>;
}

interface Paths {
  readonly log: string;
  readonly record: string;
  readonly ports: string;
}

/**
 * Starts the server and waits until it is healthy.
 * @throws TOC_USAGE when another living process holds the data folder; a plain error with the log's end when it does not start.
 */
export async function startServer(launch: Launch, around: Surroundings): Promise<ServerHandle> {
  const { name } = launch;
  const run = join(around.dataDir, 'run');
  const paths = {
    log: join(around.dataDir, 'logs', `${name}.log`),
    record: join(run, `${name}.json`),
    ports: join(run, `${name}.ports.json`),
  };
  await mkdir(run, { recursive: true });
  const lock = await lockData(join(run, `${name}.lock`), around.dataDir);
  try {
    await endLeftover(launch, paths, around.progress);
    const { running, ports } = await startOnFreePorts(launch, paths, around);
    await writeFile(paths.ports, JSON.stringify(ports));
    return handleOf(launch, paths, around, ports, running, lock);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function lockData(file: string, dataDir: string): Promise<Lock> {
  const lock = await tryLock(file);
  if ('release' in lock) return lock;
  throw new TocsinError(
    'TOC_USAGE',
    `process ${lock.heldBy.pid} already runs servers on ${dataDir}: stop it, or choose another data folder`,
  );
}

/** Ends what a killed run left behind, when it is beyond doubt the process that run started. */
async function endLeftover(launch: Launch, paths: Paths, progress: (text: string) => void): Promise<void> {
  const left = parseIdentity(await readFile(paths.record, 'utf8').catch(() => ''));
  if (left !== null && isAlive(left)) {
    progress(`${launch.name}: stopping process ${left.pid}, which an earlier run left behind`);
    signal(left.pid, 'SIGCONT');
    signal(left.pid, launch.stopSignal);
    const deadline = Date.now() + STOP_PATIENCE_MS;
    while (isAlive(left) && Date.now() < deadline) await sleep(100);
    if (isAlive(left)) signal(left.pid, 'SIGKILL');
    while (isAlive(left)) await sleep(50);
  }
  await rm(paths.record, { force: true });
}

async function startOnFreePorts(
  launch: Launch,
  paths: Paths,
  around: Surroundings,
): Promise<{ running: Running; ports: readonly number[] }> {
  const before = await portsOfLastRun(paths.ports);
  const wishes = launch.standardPorts.map((port, at) => [
    ...before.slice(at, at + 1),
    ...(around.standardPorts ? [port] : []),
  ]);
  for (let tries = 1; ; tries += 1) {
    const ports = await choosePorts(tries === 1 ? wishes : wishes.map(() => []));
    around.progress(`${launch.name}: starting on 127.0.0.1:${ports.join(', ')}`);
    const began = Date.now();
    try {
      const running = await startAndWait(launch, paths, around, ports);
      around.progress(`${launch.name}: ready after ${((Date.now() - began) / 1000).toFixed(1)} s`);
      return { running, ports };
    } catch (error) {
      // Between our look and the server's bind somebody else may have taken the port.
      if (tries >= MOST_PORT_TRIES || !PORT_TAKEN.test(messageOf(error))) throw error;
    }
  }
}

async function portsOfLastRun(file: string): Promise<number[]> {
  try {
    const ports: unknown = JSON.parse(await readFile(file, 'utf8'));
    return Array.isArray(ports) ? ports.filter((port) => Number.isInteger(port)) : [];
  } catch {
    return [];
  }
}

async function startAndWait(
  launch: Launch,
  paths: Paths,
  around: Surroundings,
  ports: readonly number[],
): Promise<Running> {
  const args = await launch.prepare(ports);
  const logFrom = await freshLog(paths.log);
  const running = await spawnServer(launch, args, paths);
  try {
    await untilHealthy(launch, running, ports, around.startTimeoutMs);
    return running;
  } catch (error) {
    await end(running, 'SIGKILL', paths);
    const log = lastLines((await readFile(paths.log)).subarray(logFrom).toString(), 8);
    throw new Error(`${messageOf(error)}${log === '' ? '' : `; ${paths.log} ends with: ${log}`}`, {
      cause: error,
    });
  }
}

/** Keeps one older log when this one has grown; returns where this run's lines begin. */
async function freshLog(file: string): Promise<number> {
  await mkdir(dirname(file), { recursive: true });
  const size = await stat(file).then(
    (found) => found.size,
    () => 0,
  );
  if (size < LOG_LIMIT_BYTES) return size;
  await rename(file, `${file}.1`);
  return 0;
}

async function spawnServer(launch: Launch, args: readonly string[], paths: Paths): Promise<Running> {
  const log = await open(paths.log, 'a');
  try {
    const child = spawn(launch.command, args, {
      cwd: launch.cwd,
      env: launch.env,
      uid: launch.uid,
      gid: launch.gid,
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    });
    const ended = endOf(child);
    if (child.pid === undefined) throw new Error(`${launch.command}: ${await ended}`);
    await writeFile(paths.record, JSON.stringify(identify(child.pid)));
    child.unref();
    const watchdog = spawnWatchdog(child.pid, launch.stopSignal);
    void ended.then(() => watchdog.kill('SIGKILL'));
    return { child, pid: child.pid, watchdog, ended };
  } finally {
    await log.close();
  }
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(messageOf(error)));
    child.once('exit', (code, by) => resolve(by === null ? `exit code ${code}` : `signal ${by}`));
  });
}

function spawnWatchdog(pid: number, stopSignal: string): ChildProcess {
  const watchdog = spawn(
    'sh',
    ['-c', WATCHDOG, 'tocsin-watchdog', String(pid), stopSignal.replace('SIG', '')],
    {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    },
  );
  watchdog.once('error', () => undefined);
  watchdog.unref();
  (watchdog.stdin as Socket | null)?.on('error', () => undefined).unref();
  return watchdog;
}

async function untilHealthy(
  launch: Launch,
  running: Running,
  ports: readonly number[],
  timeoutMs: number,
): Promise<void> {
  let over: string | null = null;
  void running.ended.then((how) => (over = how));
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const reason = await launch.check(ports).then(() => null, messageOf);
    // Whoever answers while ours has ended is another server on that port.
    if (over !== null) throw new Error(`it ended with ${over}`);
    if (reason === null) return;
    if (Date.now() > deadline) throw new Error(`not healthy within ${timeoutMs / 1000} s: ${reason}`);
    await sleep(100);
  }
}

async function end(running: Running, by: NodeJS.Signals, paths: Paths): Promise<void> {
  signal(running.pid, 'SIGCONT');
  if (running.child.exitCode === null && running.child.signalCode === null) signal(running.pid, by);
  const force = setTimeout(() => signal(running.pid, 'SIGKILL'), STOP_PATIENCE_MS);
  await running.ended;
  clearTimeout(force);
  await rm(paths.record, { force: true });
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It is gone already.
  }
}

function handleOf(
  launch: Launch,
  paths: Paths,
  around: Surroundings,
  ports: readonly number[],
  first: Running,
  lock: Lock,
): ServerHandle {
  let running: Running | null = first;
  const watch = (started: Running) =>
    void started.ended.then((how) => {
      if (running !== started) return;
      running = null;
      around.progress(`${launch.name}: ended by itself (${how}); see ${paths.log}`);
    });
  const stopBy = async (by: NodeJS.Signals) => {
    const stopping = running;
    running = null;
    if (stopping !== null) await end(stopping, by, paths);
  };
  watch(first);
  return {
    name: launch.name,
    ports,
    logFile: paths.log,
    get pid() {
      return running?.pid ?? null;
    },
    stop: () => stopBy(launch.stopSignal),
    kill: () => stopBy('SIGKILL'),
    pause: () => running !== null && signal(running.pid, 'SIGSTOP'),
    resume: () => running !== null && signal(running.pid, 'SIGCONT'),
    async restart() {
      await stopBy(launch.stopSignal);
      running = await startAndWait(launch, paths, around, ports);
      watch(running);
    },
    async close() {
      await stopBy(launch.stopSignal);
      await lock.release();
    },
  };
}
