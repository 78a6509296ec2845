/**
 * What a running `tocsin dev` leaves in its data folder for the commands of other terminals: where its servers are, with
 * their passwords, and its configuration's file. Nobody else may read it, and it counts only while that process lives.
 */
import { readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive, ownIdentity, parseIdentity } from './process-identity';
import type { ServerEnvironment } from './servers';

export interface RunningDev {
  /** Absolute. */
  readonly file: string;
  readonly environment: ServerEnvironment;
}

const recordIn = (dataDir: string): string => join(dataDir, 'dev.json');

/** Returns how to take it back. */
export async function announceDev(dataDir: string, dev: RunningDev): Promise<() => Promise<void>> {
  const record = recordIn(dataDir);
  await mkdir(dataDir, { recursive: true });
  // A file that is there would keep its mode.
  await rm(record, { force: true });
  await writeFile(record, JSON.stringify({ ...ownIdentity(), ...dev }), { mode: 0o600 });
  return () => rm(record, { force: true });
}

/** Null where none runs on this folder, or one that a crash has ended. */
export function runningDev(dataDir: string): RunningDev | null {
  try {
    const text = readFileSync(recordIn(dataDir), 'utf8');
    const identity = parseIdentity(text);
    if (identity === null || !isAlive(identity)) return null;
    const { file, environment } = JSON.parse(text) as RunningDev;
    return { file, environment };
  } catch {
    return null;
  }
}
