/** Runs a TypeScript file as a process of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';

export interface Script {
  readonly child: ChildProcess;
  readonly pid: number;
  /** What it printed so far, on stdout and stderr. */
  output(): string;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/** The environment is this process's, with `env` on top. */
export function runScript(file: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Script {
  const child = spawn(process.execPath, ['-r', join(__dirname, 'register.js'), file, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  if (child.pid === undefined) throw new Error(`${process.execPath} could not be started`);
  return { child, pid: child.pid, output: () => text, ended };
}
