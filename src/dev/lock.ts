/**
 * A lock between processes of one machine: a file that names its owner. A lock whose owner is gone is taken over, so a
 * killed run blocks nobody.
 */
import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, ownIdentity, parseIdentity, type ProcessIdentity } from './process-identity';

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
      const holder = await holderOf(file);
      if (holder !== null && isAlive(holder)) return { heldBy: holder };
      await evictDead(file);
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

async function holderOf(file: string): Promise<ProcessIdentity | null> {
  return parseIdentity(await readFile(file, 'utf8').catch(() => ''));
}

/** Two processes may evict at once: the one that moved away a living owner's new lock puts it back. */
async function evictDead(file: string): Promise<void> {
  const aside = `${file}.dead-${process.pid}-${randomBytes(4).toString('hex')}`;
  try {
    await rename(file, aside);
  } catch {
    return;
  }
  const holder = await holderOf(aside);
  if (holder !== null && isAlive(holder)) await linked(aside, file);
  await rm(aside, { force: true });
}
