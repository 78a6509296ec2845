/**
 * A part of the configuration that changes while its role runs, as an evaluator's rules: read again on SIGHUP, when one of the
 * files has changed, and when somebody asks over HTTP. What cannot be read changes nothing, and says why. What nobody reads
 * again is taken at the next start.
 */
import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Config } from '../src/config/config';
import { ConfigInvalid } from '../src/config/problems';
import { canonical } from '../src/domain/canonical';
import { messageOf } from '../src/domain/errors';
import type { Logger } from '../src/observe/observe';
import type { Part } from './run';

export interface ReloadOptions {
  readonly config: Config;
  /** The part that is taken; the rules by default. */
  readonly part?: { readonly name: string; readonly of: (config: Config) => unknown };
  /** Throws with every problem of the files. */
  readonly reread: () => Config;
  /** Goes on with what this has. */
  readonly take: (config: Config) => Promise<void>;
  readonly log: Pick<Logger, 'info' | 'error'>;
  /** Told whether the last reading was good. */
  readonly onRead: (isGood: boolean) => void;
  readonly lookEveryMs?: number;
  /** How the configuration's files stood when it was read or before. Default: as they stand now. */
  readonly seen?: string;
}

type Outcome = 'changed' | 'unchanged';

export interface Reload {
  /** One at a time: those that are asked for meanwhile are one reading. Throws what is wrong with the files. */
  now(reason: string): Promise<Outcome>;
  /** The same, and it is taken anew even where it is as it was. */
  anew(reason: string): Promise<Outcome>;
  readonly part: Part;
}

const LOOK_EVERY_MS = 2_000;
const RULES = { name: 'rules', of: ({ ruleGroups }: Config): unknown => ruleGroups };

export function createReload(options: ReloadOptions): Reload {
  const { reread, take, log, onRead, part = RULES } = options;
  let current = options.config;
  let seen = options.seen ?? stateOf(current);
  /** New files of the last reading, which was refused for their sake: they may be mended in place. */
  let refused: readonly string[] = [];
  /** Whether what runs is the current part: where a new one could not be taken, nothing runs. */
  let isTaken = true;
  let running: Promise<Outcome> | null = null;
  /** Begins when the one that runs has ended: files may have changed since that has read them. */
  let waiting: Promise<Outcome> | null = null;

  function now(reason: string): Promise<Outcome> {
    if (waiting !== null) return waiting;
    if (running === null) return begin(reason);
    return (waiting = running.catch(() => undefined).then(() => begin(reason)));
  }

  function begin(reason: string): Promise<Outcome> {
    waiting = null;
    return (running = readNow(reason).finally(() => (running = null)));
  }

  async function readNow(reason: string): Promise<Outcome> {
    const before = stateOf(current, refused);
    const next = readOrTell(reason, before);
    // A file that changed while it was read is read again; of one that was not known before nobody can say.
    seen = isOfSameFiles(next, current) && refused.length === 0 ? before : '';
    refused = [];
    const isChanged = !isTaken || canonical(part.of(next)) !== canonical(part.of(current));
    if (isChanged) await takeOrTell(next);
    current = next;
    log.info(
      { reason, isChanged },
      isChanged ? `the ${part.name} have been read again` : `the ${part.name} are as they were`,
    );
    return isChanged ? 'changed' : 'unchanged';
  }

  async function takeOrTell(next: Config): Promise<void> {
    isTaken = false;
    try {
      await take(next);
      isTaken = true;
    } catch (error) {
      // The next look tries it again.
      seen = '';
      log.error(
        { err: error },
        `the ${part.name} have been read, and could not be taken: ${messageOf(error)}`,
      );
      throw error;
    }
  }

  function readOrTell(reason: string, before: string): Config {
    try {
      const next = reread();
      onRead(true);
      return next;
    } catch (error) {
      const named = newFilesIn(error, current);
      if (isTaken) seen = named.join() === refused.join() ? before : '';
      refused = named;
      onRead(false);
      log.error({ reason, err: error }, `the ${part.name} stay as they were: ${messageOf(error)}`);
      throw error;
    }
  }

  function look(): void {
    if (stateOf(current, refused) !== seen) void now('a file has changed').catch(() => undefined);
  }

  const onHangup = (): void => void now('SIGHUP').catch(() => undefined);
  const looking = setInterval(look, options.lookEveryMs ?? LOOK_EVERY_MS);
  process.on('SIGHUP', onHangup);
  return {
    now,
    anew(reason) {
      isTaken = false;
      return now(reason);
    },
    part: {
      name: `reading of ${part.name}`,
      async stop() {
        clearInterval(looking);
        process.off('SIGHUP', onHangup);
        await (waiting ?? running)?.catch(() => undefined);
      },
    },
  };
}

const isOfSameFiles = (a: Config, b: Config): boolean =>
  canonical([a.file, a.ruleFiles]) === canonical([b.file, b.ruleFiles]);

/** The files in which something is wrong, and that are no files of the configuration that runs. */
function newFilesIn(error: unknown, { file, ruleFiles }: Config): readonly string[] {
  if (!(error instanceof ConfigInvalid)) return [];
  const known = new Set([file, ...ruleFiles]);
  const named = error.problems.flatMap((problem) => problem.file ?? []).map((each) => resolve(each));
  return [...new Set(named)].filter((each) => !known.has(each)).sort();
}

/** Of the files and their folders, where files may have come: when each was changed, and how large it is. */
export function stateOf(
  { file, ruleFiles }: Pick<Config, 'file' | 'ruleFiles'>,
  others: readonly string[] = [],
): string {
  if (file === null) return '';
  const files = [file, ...ruleFiles, ...others];
  return [...new Set([...files, ...ruleFiles.map((each) => dirname(each))])].map(stateOfFile).join();
}

/** One that cannot be looked at is a state, too: whoever reads it says why. */
function stateOfFile(file: string): string {
  try {
    const { ino, mtimeMs, size } = statSync(file);
    return `${ino}:${mtimeMs}:${size}`;
  } catch (error) {
    return codeOf(error);
  }
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? messageOf(error);
