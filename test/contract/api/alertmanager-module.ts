/** Alertmanager's own description of its API and its command line, from the Go module proxy. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';

const run = promisify(execFile);

const MODULE = 'github.com/prometheus/alertmanager';
const VERSION = 'v0.34.2';
const MINUTE_MS = 60_000;

export interface Schema {
  readonly [key: string]: unknown;
}

export interface ApiDescription {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly definitions: Readonly<Record<string, Schema>>;
  readonly responses: Readonly<Record<string, Response>>;
}

export interface Operation {
  readonly responses: Readonly<Record<string, Response>>;
}

export interface Response {
  readonly $ref?: string;
  readonly schema?: Schema;
}

export async function apiDescription(): Promise<ApiDescription> {
  // Outside of any module of ours: its go.mod would decide otherwise.
  const { stdout } = await run('go', ['mod', 'download', '-json', `${MODULE}@${VERSION}`], {
    ...{ cwd: tmpdir(), timeout: 5 * MINUTE_MS },
  });
  const { Dir: folder } = JSON.parse(stdout) as { readonly Dir: string };
  return parse(await readFile(join(folder, 'api/v2/openapi.yaml'), 'utf8')) as ApiDescription;
}

/** Its program; built once for all runs on this machine. */
export async function amtool(): Promise<string> {
  const folder = join(
    process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
    'tocsin',
    `amtool-${VERSION}`,
  );
  const program = join(folder, 'amtool');
  if (existsSync(program)) return program;
  await mkdir(folder, { recursive: true });
  await run('go', ['install', `${MODULE}/cmd/amtool@${VERSION}`], {
    ...{ cwd: tmpdir(), timeout: 10 * MINUTE_MS },
    env: { ...process.env, GOBIN: folder },
  });
  return program;
}
