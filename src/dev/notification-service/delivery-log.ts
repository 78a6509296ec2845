/**
 * Remembers which message went to whom, through restarts: one JSON line for each SMTP transaction, on disk before the sender
 * hears of it. A message that was refused for some of its recipients is sent again to those alone.
 */
import { mkdir, open, readFile, rename, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { TocsinError } from '../../domain/errors';
import { tryLock, type Lock } from '../lock';

export interface DeliveryLog {
  /** Everyone who has this message. */
  deliveredTo(messageId: string): ReadonlySet<string>;
  /** Whether the message is done with: nobody is left who could still get it. */
  isDone(messageId: string): boolean;
  /** Resolves when it is on disk. What is rejected is remembered in memory all the same: the mail has gone out. */
  record(entry: Delivery): Promise<void>;
  close(): Promise<void>;
}

export interface Delivery {
  readonly message_id: string;
  readonly to: readonly string[];
  readonly done: boolean;
  /** Milliseconds since 1970. */
  readonly at: number;
}

interface Known {
  readonly to: Set<string>;
  done: boolean;
  at: number;
}

/** Well beyond any sender's last retry. */
const KEPT_MS = 30 * 24 * 3_600_000;

/** @throws TOC_USAGE when another living process writes this file. */
export async function openDeliveryLog(path: string, now: number): Promise<DeliveryLog> {
  await mkdir(dirname(path), { recursive: true });
  const lock = await lockFor(path);
  try {
    const known = knownIn(await readFile(path, 'utf8').catch(emptyIfMissing), now - KEPT_MS);
    await rewrite(path, known);
    return logOf(known, await open(path, 'a'), lock);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function lockFor(path: string): Promise<Lock> {
  const lock = await tryLock(`${path}.lock`);
  if ('release' in lock) return lock;
  throw new TocsinError('TOC_USAGE', `process ${lock.heldBy.pid} already keeps its deliveries in ${path}`);
}

function emptyIfMissing(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return '';
  throw error;
}

function knownIn(text: string, since: number): Map<string, Known> {
  const known = new Map<string, Known>();
  for (const line of text.split('\n')) {
    const entry = parseLine(line);
    if (entry !== null && entry.at >= since) remember(known, entry);
  }
  return known;
}

/** A line that a crash cut short counts as not written: its sender never got an answer. */
function parseLine(line: string): Delivery | null {
  try {
    const entry = JSON.parse(line) as Partial<Delivery>;
    const whole =
      typeof entry.message_id === 'string' && Array.isArray(entry.to) && typeof entry.at === 'number';
    return whole ? (entry as Delivery) : null;
  } catch {
    return null;
  }
}

function remember(known: Map<string, Known>, entry: Delivery): void {
  const before = known.get(entry.message_id) ?? { to: new Set<string>(), done: false, at: entry.at };
  for (const address of entry.to) before.to.add(address);
  before.done ||= entry.done;
  before.at = entry.at;
  known.set(entry.message_id, before);
}

async function rewrite(path: string, known: ReadonlyMap<string, Known>): Promise<void> {
  const partial = `${path}.partial`;
  const file = await open(partial, 'w');
  try {
    for (const [message_id, { to, done, at }] of known)
      await file.write(lineOf({ message_id, to: [...to], done, at }));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(partial, path);
}

function lineOf(entry: Delivery): string {
  return `${JSON.stringify(entry)}\n`;
}

function logOf(known: Map<string, Known>, file: FileHandle, lock: Lock): DeliveryLog {
  let last: Promise<void> = Promise.resolve();
  return {
    deliveredTo: (messageId) => known.get(messageId)?.to ?? new Set(),
    isDone: (messageId) => known.get(messageId)?.done ?? false,
    record(entry) {
      remember(known, entry);
      // One after the other, so that lines never mix; an earlier failure is its own caller's.
      last = last
        .catch(() => undefined)
        .then(async () => {
          await file.appendFile(lineOf(entry));
          await file.datasync();
        });
      return last;
    },
    async close() {
      await last.catch(() => undefined);
      await file.close();
      await lock.release();
    },
  };
}
