/**
 * The Alertmanager that storms are measured beside: built once by Go from the module proxy into the cache folder
 * (TOCSIN_CACHE, by default ~/.cache/tocsin), or a program that TOCSIN_ALERTMANAGER names. Where it cannot be had, that is a
 * reason to be told and not a failure: what is Tocsin's own is measured all the same.
 */
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onPath, runCommand } from '../src/dev/command';
import { installed } from '../src/dev/install';
import { defaultCacheDir } from '../src/dev/servers';

const VERSION = 'v0.34.2';
const MODULE = 'github.com/prometheus/alertmanager';
const BUILD_TIMEOUT_MS = 1_200_000;

export interface AlertmanagerProgram {
  readonly path: string;
  /** As the program says it. */
  readonly version: string;
}

/** The program, or why there is none. */
export async function alertmanagerProgram(
  say: (line: string) => void,
): Promise<AlertmanagerProgram | string> {
  const given = process.env.TOCSIN_ALERTMANAGER;
  if (given === undefined && (await onPath('go')) === null)
    return 'there is no go on PATH to build it: install Go 1.26 or later, or let TOCSIN_ALERTMANAGER name a program';
  const path = given ?? join(await built(say), 'alertmanager');
  const banner = await runCommand(path, ['--version'], { timeoutMs: 30_000 });
  return { path, version: /version (\S+?),? /.exec(banner)?.[1] ?? 'of an unknown version' };
}

function built(say: (line: string) => void): Promise<string> {
  const name = `alertmanager-${VERSION}`;
  return installed(defaultCacheDir(), { name, what: `go build ${MODULE}@${VERSION}`, fill }, say);
}

/** The module has no web page in it, which its program asks for when it is compiled: an empty one does, in a copy. */
async function fill(folder: string): Promise<void> {
  const answer = await runCommand('go', ['mod', 'download', '-json', `${MODULE}@${VERSION}`], {
    cwd: folder,
  });
  const { Dir: downloaded } = JSON.parse(answer) as { readonly Dir: string };
  const source = join(folder, 'source');
  await cp(downloaded, source, { recursive: true });
  await runCommand('chmod', ['-R', 'u+w', source]);
  await mkdir(join(source, 'ui', 'app', 'dist'), { recursive: true });
  await writeFile(join(source, 'ui', 'app', 'dist', 'index.html'), '');
  const named = `-X github.com/prometheus/common/version.Version=${VERSION.slice(1)}`;
  await runCommand(
    'go',
    [
      'build',
      '-trimpath',
      '-ldflags',
      `-s -w ${named}`,
      '-o',
      join(folder, 'alertmanager'),
      './cmd/alertmanager',
    ],
    { cwd: source, timeoutMs: BUILD_TIMEOUT_MS },
  );
  await rm(source, { recursive: true, force: true });
}
