/**
 * The history in Postgres: alerts, their episodes and timelines, the queue of messages, repairs, silences. It is the
 * truth of lists; Temporal is that of lifecycles. Every write is idempotent. What follows from a transition or a step
 * is decided by the dispatcher and the lives, not here.
 */
import { TocsinError } from '../domain/errors';
import type { SilenceStore } from '../mute/port';
import type { PermitStore } from '../remediate/port';
import { openDatabase, type Database, type DatabaseOptions } from './database';
import { createLists, deadNotifications } from './lists';
import { createLives } from './lives';
import { migrate } from './migrate';
import { createPages } from './pages';
import { createPermitStore } from './permits';
import type { AlertLists, LifeStore, NotificationQueue, NotificationRecord, PagesStore } from './port';
import { BY_DUE_DATE, createQueue } from './queue';
import { forgetBefore } from './retention';
import { createSilences } from './silences';

export interface HistoryOptions extends DatabaseOptions {
  /** With it, opening waits for a Postgres that is away and calls this for every try; without, it throws at once. */
  readonly onAway?: (error: TocsinError) => void;
  /** Ends the wait. */
  readonly signal?: AbortSignal;
}

export interface History {
  readonly pages: PagesStore;
  readonly lives: LifeStore;
  readonly queue: NotificationQueue;
  readonly lists: AlertLists;
  readonly silences: SilenceStore;
  readonly permits: PermitStore;
  /** Messages that were given up, newest first. */
  dead(limit: number): Promise<NotificationRecord[]>;
  /** Forgets episodes that ended before; returns how many. */
  forgetBefore(before: Date): Promise<number>;
  /** Throws TOC_DEPENDENCY_AWAY when Postgres does not answer. */
  ready(): Promise<void>;
  close(): Promise<void>;
}

const RETRY_MS = 1_000;

/** Connects and brings the schema up to date. Throws TOC_DEPENDENCY_AWAY or TOC_SCHEMA_NEWER. */
export async function openHistory(options: HistoryOptions): Promise<History> {
  const database = openDatabase(options);
  const byDueDate = openDatabase({ ...options, maxConnections: 1, planner: BY_DUE_DATE });
  const close = async (): Promise<void> => void (await Promise.all([database.close(), byDueDate.close()]));
  try {
    await migrateWhenThere(database, options);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    pages: createPages(database),
    lives: createLives(database),
    queue: createQueue(database, byDueDate, (error) => options.onIdleError?.(error as Error)),
    lists: createLists(database),
    silences: createSilences(database),
    permits: createPermitStore(database),
    dead: (limit) => deadNotifications(database, limit),
    forgetBefore: (before) => forgetBefore(database, before),
    ready: async () => void (await database.run('select 1')),
    close,
  };
}

async function migrateWhenThere(database: Database, { onAway, signal }: HistoryOptions): Promise<void> {
  for (;;) {
    try {
      return await migrate(database);
    } catch (error) {
      const away = error instanceof TocsinError && error.code === 'TOC_DEPENDENCY_AWAY';
      if (!away || !onAway || signal?.aborted) throw error;
      onAway(error);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
