/** The command as people run it: the sources compiled into a folder of their own, and run as a process. */
import { transformFileSync } from '@swc/core';
import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const FOLDERS = ['src', 'runbooks', 'workers', 'workflows', 'activities'];

export interface Finished {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  readonly ms: number;
}

/** Laid out as `npm run build` does it: `dist` beside package.json and node_modules. */
export function buildCommand(): { folder: string; entry: string } {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-cli-'));
  copyFileSync('package.json', join(folder, 'package.json'));
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
  for (const file of FOLDERS.flatMap(sources)) {
    const options = {
      jsc: { parser: { syntax: 'typescript' as const }, target: 'es2022' as const },
      module: { type: 'commonjs' as const },
    };
    const target = join(folder, 'dist', file.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, transformFileSync(file, options).code);
  }
  return { folder, entry: join(folder, 'dist/src/cli/tocsin.js') };
}

function sources(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return files.filter((file) => file.endsWith('.ts')).map((file) => join(folder, file));
}

export function runCommand(
  entry: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Finished> {
  const began = performance.now();
  const child = spawn(process.execPath, [entry, ...args], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  return new Promise((done, fail) => {
    child.once('error', fail);
    child.once('close', (code) => done({ code, out, err, ms: performance.now() - began }));
  });
}
