/** Runs a program to its end, and finds programs on PATH. */
import { spawn } from 'node:child_process';
import { access, constants, realpath } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { messageOf } from '../domain/errors';

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly uid?: number;
  readonly gid?: number;
  readonly timeoutMs?: number;
}

/** What the program printed (stdout and stderr). Throws with the last lines when it fails or cannot be started. */
export function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      ...options,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: options.timeoutMs ?? 600_000,
      killSignal: 'SIGKILL',
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.once('error', (error) => reject(new Error(`${command}: ${messageOf(error)}`, { cause: error })));
    child.once('close', (code, signal) => {
      if (code === 0) return resolve(output);
      reject(new Error(`${command} ${args[0] ?? ''} ended with ${signal ?? code}: ${lastLines(output)}`));
    });
  });
}

/** The real file behind a name on PATH, or null. */
export async function onPath(name: string, path = process.env.PATH ?? ''): Promise<string | null> {
  for (const folder of path.split(delimiter)) {
    if (folder === '') continue;
    const file = join(folder, name);
    if (await isExecutable(file)) return file;
  }
  return null;
}

export async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** The file itself behind links. */
export function realFile(file: string): Promise<string> {
  return realpath(file);
}

export function lastLines(text: string, count = 5): string {
  return text.trim().split('\n').slice(-count).join('\n').trim();
}
