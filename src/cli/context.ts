/** What a command sees of its surroundings: streams, terminal, environment, clock, and the rest of the system. */
import { once } from 'node:events';
import { userInfo } from 'node:os';
import { processEnv, type Env } from '../config/env';
import { runningDev, type RunningDev } from '../dev/running';
import type { Wiring } from './port';
import { wiring } from './lazy';

/** Of `dev` and `demo` where none is named. */
export const DATA_FOLDER = '.tocsin';

export interface Context {
  /** Writes one line to standard output. */
  readonly print: (line: string) => void;
  /** Resolves when standard output takes more; many lines would otherwise pile up in memory. */
  readonly drained: () => Promise<unknown>;
  /** Writes one line to standard error. */
  readonly complain: (line: string) => void;
  readonly env: Env;
  /** The account's name; null where the system has none for it. */
  readonly accountName: () => string | null;
  readonly colour: boolean;
  /** Columns of the terminal; null when the output goes elsewhere, and then nothing is cut or wrapped. */
  readonly width: number | null;
  readonly now: () => number;
  /** The `tocsin dev` that runs on this folder's data. */
  readonly runningDev: () => RunningDev | null;
  readonly wiring: Wiring;
}

export function processContext(): Context {
  const env = processEnv();
  const { stdout, stderr } = process;
  return {
    print: (line) => void stdout.write(`${line}\n`),
    drained: async () => (stdout.writableNeedDrain ? once(stdout, 'drain') : undefined),
    complain: (line) => void stderr.write(`${line}\n`),
    env,
    accountName,
    colour: wantsColour(env, stdout.isTTY === true),
    width: stdout.isTTY ? (stdout.columns ?? 80) : null,
    now: Date.now,
    runningDev: () => runningDev(DATA_FOLDER),
    wiring,
  };
}

/** In a container the environment often has no USER, and an account may be a number without a name. */
function accountName(): string | null {
  try {
    return userInfo().username;
  } catch {
    return null;
  }
}

/** https://no-color.org: set and not empty means no. FORCE_COLOR is for those who page or record the output. */
export function wantsColour(env: Env, isTerminal: boolean): boolean {
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== '') return false;
  if (env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== '' && env.FORCE_COLOR !== '0') return true;
  return isTerminal && env.TERM !== 'dumb';
}
