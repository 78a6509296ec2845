/**
 * Starts the wire-compatible servers of this folder for tests. What they are built of comes from its ordinary package
 * client once and stays in a cache folder; each start is a process of its own on a free port.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, open, readFile, rename, rm, stat } from 'node:fs/promises';
import net from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { halt } from '../harness/halt';

const run = promisify(execFile);
const CACHE = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'tocsin', 'test-servers');

export interface RunningServer {
  readonly port: number;
  readonly signal: (name: 'SIGSTOP' | 'SIGCONT') => void;
  readonly stop: () => Promise<void>;
}

/** FerretDB, built with Go. */
export async function startMongo(): Promise<RunningServer> {
  const source = join(__dirname, 'mongodb');
  const files = await Promise.all(['go.sum', 'main.go'].map((name) => readFile(join(source, name), 'utf8')));
  const program = await cached('mongodb', files.join(), (target) =>
    run('go', ['build', '-o', target, '.'], { cwd: source, timeout: 900_000 }),
  );
  return start((port, folder) => [program, String(port), join(folder, 'data')]);
}

const SNOWFLAKE_PACKAGES = ['fakesnow[server]==0.12.1', 'snowflake-connector-python==3.18.1', 'packaging'];

/** fakesnow, in a Python environment of its own; lets this user in. */
export async function startSnowflake(user: string, password: string): Promise<RunningServer> {
  const script = join(__dirname, 'snowflake_server.py');
  const environment = await cached('snowflake', SNOWFLAKE_PACKAGES.join(), async (target) => {
    await run('python3', ['-m', 'venv', target], { timeout: 120_000 });
    // Not `bin/pip`: its first line would name the folder that is renamed afterwards.
    const install = ['-m', 'pip', 'install', '--quiet', ...SNOWFLAKE_PACKAGES];
    await run(join(target, 'bin', 'python'), install, { timeout: 600_000 });
  });
  return start((port) => [join(environment, 'bin', 'python'), script, String(port), user, password]);
}

/** The TDS server; its SQL is run by this PostgreSQL database. */
export async function startMssql(postgres: string, user: string, password: string): Promise<RunningServer> {
  const script = join(__dirname, 'mssql', 'serve.mjs');
  return start((port) => [process.execPath, script, String(port), postgres, user, password]);
}

/** A file or folder made by `make` under a name that follows its source; made aside and moved into place whole. */
async function cached(
  name: string,
  source: string,
  make: (target: string) => Promise<unknown>,
): Promise<string> {
  const target = join(CACHE, `${name}-${createHash('sha256').update(source).digest('hex').slice(0, 12)}`);
  if (await exists(target)) return target;
  await mkdir(CACHE, { recursive: true });
  const partial = `${target}.${process.pid}`;
  try {
    await make(partial);
    await rename(partial, target);
  } catch (error) {
    // Another process may have been faster.
    await rm(partial, { recursive: true, force: true });
    if (!(await exists(target))) throw error;
  }
  return target;
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

async function start(command: (port: number, folder: string) => string[]): Promise<RunningServer> {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'tocsin-server-'));
  const log = await open(join(folder, 'log'), 'a');
  const [program, ...args] = command(port, folder);
  const child = spawn(program!, args, { cwd: folder, stdio: ['ignore', log.fd, log.fd] });
  await log.close();
  // A test run that is cut off takes its servers with it.
  const end = (): void => void child.kill('SIGKILL');
  process.once('exit', end);
  const stop = async (): Promise<void> => {
    process.removeListener('exit', end);
    const gone = new Promise((resolve) => child.once('exit', resolve));
    if (child.exitCode === null && child.signalCode === null && child.kill('SIGKILL')) await gone;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await untilListening(port, child);
  } catch (cause) {
    const said = await readFile(join(folder, 'log'), 'utf8');
    await stop();
    throw new Error(`${program} did not start: ${said.slice(-2_000)}`, { cause });
  }
  return { port, signal: (name) => (name === 'SIGSTOP' ? halt(child.pid!) : void child.kill(name)), stop };
}

async function untilListening(port: number, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await connects(port))) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`ended with ${child.exitCode}`);
    if (Date.now() > deadline) throw new Error('nobody listens after 60 s');
    await sleep(50);
  }
}

function connects(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => resolve(socket.destroy() !== null));
    socket.once('error', () => resolve(false));
  });
}

async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
