/**
 * A lock between processes of one machine: a file that names its owner. A lock whose owner is gone is taken over, so a
 * killed run blocks nobody.
 */
import { createHash, randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, ownIdentity, parseIdentity, type ProcessIdentity } from './process-identity';

const EVICTED_SOON_MS = 5;

export interface Lock {
  release(): Promise<void>;
}

/** Takes the lock, or tells who holds it. */
export async function tryLock(file: string): Promise<Lock | { heldBy: ProcessIdentity }> {
  await mkdir(dirname(file), { recursive: true });
  const mine = `${file}.${process.pid}-${randomBytes(4).toString('hex')}`;
  await writeFile(mine, JSON.stringify(ownIdentity()));
  try {
    for (;;) {
      if (await linked(mine, file)) return { release: () => rm(file, { force: true }) };
      const content = await contentOf(file);
      if (content === null) continue;
      const holder = parseIdentity(content);
      if (holder !== null && isAlive(holder)) return { heldBy: holder };
      await evictDead(file, content);
    }
  } finally {
    await rm(mine, { force: true });
  }
}

/** Waits for the lock; `onWait` is called once when somebody else holds it. */
export async function waitForLock(file: string, onWait: (holder: ProcessIdentity) => void): Promise<Lock> {
  let told = false;
  for (;;) {
    const answer = await tryLock(file);
    if ('release' in answer) return answer;
    if (!told) onWait(answer.heldBy);
    told = true;
    await sleep(200);
  }
}

/** A hard link is made whole or not at all, with its content: nobody ever reads a lock without an owner. */
async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Null where it is not there any more. */
async function contentOf(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/**
 * Removes the lock of a dead owner. Many may want to at once, and one that is slow would remove the lock of whoever came
 * after: so only the holder of a lock on this removal may, and only while the dead owner's lock is what is there.
 */
async function evictDead(file: string, dead: string): Promise<void> {
  const right = await tryLock(`${file}.dead-${createHash('sha256').update(dead).digest('hex').slice(0, 16)}`);
  if (!('release' in right)) {
    await sleep(EVICTED_SOON_MS);
    return;
  }
  try {
    if ((await contentOf(file)) === dead) await rm(file, { force: true });
  } finally {
    await right.release();
  }
}
