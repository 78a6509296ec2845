/**
 * Installs of programs into the cache folder. An install is made in a folder of its own and renamed when it is whole, so
 * what a killed run left behind is never taken for a program; a lock keeps two processes from installing at once.
 */
import { randomBytes } from 'node:crypto';
import { access, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { waitForLock } from './lock';

export interface Install {
  /** The folder's name in the cache; carries the version, so that another version is another install. */
  readonly name: string;
  /** For people, with the package client that is used. */
  readonly what: string;
  /** Fills the empty folder. Throws with the reason when it cannot. */
  fill(folder: string): Promise<void>;
}

/** The folder with the whole install, made now when it is not there yet. */
export async function installed(
  cacheDir: string,
  install: Install,
  progress: (text: string) => void,
): Promise<string> {
  const folder = join(cacheDir, install.name);
  if (await exists(folder)) return folder;
  await mkdir(cacheDir, { recursive: true });
  const lock = await waitForLock(join(cacheDir, `${install.name}.lock`), (holder) =>
    progress(`${install.what}: waiting for process ${holder.pid}, which is installing it`),
  );
  try {
    if (!(await exists(folder))) await fillAndRename(cacheDir, folder, install, progress);
    return folder;
  } finally {
    await lock.release();
  }
}

async function fillAndRename(
  cacheDir: string,
  folder: string,
  install: Install,
  progress: (text: string) => void,
): Promise<void> {
  const prefix = `${install.name}.partial-`;
  // Ours is the lock, so whatever is left under this name belongs to a run that is gone.
  for (const entry of await readdir(cacheDir)) {
    if (entry.startsWith(prefix)) await rm(join(cacheDir, entry), { recursive: true, force: true });
  }
  const partial = join(cacheDir, prefix + randomBytes(4).toString('hex'));
  await mkdir(partial, { mode: 0o755 });
  progress(`${install.what}: installing into ${cacheDir} (once)`);
  try {
    await install.fill(partial);
    await rename(partial, folder);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
