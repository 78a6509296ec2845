/**
 * PostgreSQL refuses to run as root. As root, its programs run under an account that is already there, and its files lie
 * where that account can reach them: root's home is closed to others on most systems.
 */
import { createHash } from 'node:crypto';
import { chown, mkdir, readFile, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Null when we are not root: then programs run as ourselves. Throws when root has no account to lend. */
export async function accountToLend(): Promise<Account | null> {
  if (process.getuid?.() !== 0) return null;
  const users = await readFile('/etc/passwd', 'utf8').catch(() => '');
  for (const name of ['postgres', 'nobody']) {
    const fields = users
      .split('\n')
      .map((line) => line.split(':'))
      .find((line) => line[0] === name);
    if (fields !== undefined) return { name, uid: Number(fields[2]), gid: Number(fields[3]) };
  }
  throw new Error(
    'running as root, PostgreSQL needs another account (postgres or nobody), and /etc/passwd has neither',
  );
}

/** Whether the account may pass through every folder down to this one. Folders that are not there yet are ours to make. */
export async function canReach(account: Account | null, folder: string): Promise<boolean> {
  if (account === null) return true;
  for (let at = resolve(folder); ; at = dirname(at)) {
    const found = await stat(at).catch(() => null);
    if (found !== null && !mayPass(account, found)) return false;
    if (at === dirname(at)) return true;
  }
}

function mayPass(account: Account, folder: { uid: number; gid: number; mode: number }): boolean {
  if (folder.uid === account.uid) return (folder.mode & 0o100) !== 0;
  if (folder.gid === account.gid) return (folder.mode & 0o010) !== 0;
  return (folder.mode & 0o001) !== 0;
}

/** The folder itself when the account can reach it, otherwise one below `root` that belongs to it alone. */
export async function reachable(account: Account | null, folder: string, root: string): Promise<string> {
  if (await canReach(account, dirname(resolve(folder)))) return folder;
  const id = createHash('sha256').update(resolve(folder)).digest('hex').slice(0, 12);
  return join(root, id);
}

/** Makes the folder, and gives it to the account. */
export async function makeOwned(account: Account | null, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  if (account !== null) await chown(folder, account.uid, account.gid);
}
