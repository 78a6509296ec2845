/** What a command sees of its surroundings: streams, terminal, environment, clock, and the rest of the system. */
import { once } from 'node:events';
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
    colour: wantsColour(env, stdout.isTTY === true),
    width: stdout.isTTY ? (stdout.columns ?? 80) : null,
    now: Date.now,
    runningDev: () => runningDev(DATA_FOLDER),
    wiring,
  };
}

/** https://no-color.org: set and not empty means no. FORCE_COLOR is for those who page or record the output. */
export function wantsColour(env: Env, isTerminal: boolean): boolean {
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== '') return false;
  if (env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== '' && env.FORCE_COLOR !== '0') return true;
  return isTerminal && env.TERM !== 'dumb';
}
