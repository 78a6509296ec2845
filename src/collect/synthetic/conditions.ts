/**
 * What goes on in one synthetic database and on its machine: a load that rises and falls over a day, noise that has a
 * memory, and everything else as a consequence of them. What is measured of it is the affair of `measured.ts`.
 *
 * The same numbers are drawn at every tick whatever happens, so that a fault changes its own series and no others.
 */
import { fnv1a64 } from '../../domain/labels';

/** The state of one database and its machine at one tick. Shares are from 0 to 1, times in seconds. */
export interface Conditions {
  /** Seconds since the beginning of the series, and since the last tick. */
  elapsed: number;
  step: number;
  /** How busy it is. */
  load: number;
  connections: number;
  connectionsMax: number;
  active: number;
  idleInTransaction: number;
  idleInTransactionLongest: number;
  longestQuery: number;
  longRunning: number;
  blocked: number;
  longestBlocked: number;
  deadlocks: number;
  cacheHit: number;
  /** How far the replica is behind. */
  lag: number;
  lagBytes: number;
  statementMean: number;
  cpu: number;
  memory: number;
  swap: number;
  disk: number;
  networkErrors: number;
  /** Sums since the beginning; they go on from what was. */
  readonly totals: { deadlocks: number; statements: number; rows: number };
}

export const CONNECTIONS_MAX = 200;
const DAY_SECONDS = 86_400;

/** Numbers from 0 to 1, the same ones for the same text. */
export function randomOf(seed: string): () => number {
  let state = parseInt(fnv1a64(seed).slice(8), 16);
  return () => {
    // mulberry32: 32 bits of state are plenty for noise.
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const between = (low: number, high: number, share: number): number =>
  low + (high - low) * Math.min(1, Math.max(0, share));

/** Answers one undisturbed tick after the other. Each begins with the totals that faults may have raised. */
export function createConditions(seed: string, stepSeconds: number): () => Conditions {
  const random = randomOf(seed);
  const phase = random() * DAY_SECONDS;
  const memories = new Map<string, number>();
  /** Noise around 0.5 that remembers where it was. */
  const wander = (name: string): number => {
    const next = 0.9 * (memories.get(name) ?? 0.5) + 0.1 * random();
    memories.set(name, next);
    return next;
  };
  const totals = { deadlocks: 0, statements: 1e6 * random(), rows: 5e6 * (1 + random()) };
  let elapsed = -stepSeconds;
  return () => {
    elapsed += stepSeconds;
    const wave = 0.5 + 0.5 * Math.sin((2 * Math.PI * (elapsed + phase)) / DAY_SECONDS);
    const load = 0.15 + 0.45 * wave + 0.4 * (wander('load') - 0.5);
    const connections = Math.round(between(20, 100, load + 0.3 * (wander('connections') - 0.5)));
    totals.statements += 400 * load * stepSeconds;
    totals.rows += 30 * load * stepSeconds;
    return {
      elapsed,
      step: stepSeconds,
      load,
      connections,
      connectionsMax: CONNECTIONS_MAX,
      active: Math.round(connections * between(0.05, 0.3, load)),
      idleInTransaction: Math.floor(3 * random()),
      idleInTransactionLongest: between(0, 4, random()),
      longestQuery: between(0.1, 20, random() ** 3),
      longRunning: 0,
      blocked: 0,
      longestBlocked: 0,
      deadlocks: 0,
      cacheHit: between(0.975, 0.999, wander('cache')),
      lag: between(0, 0.4, random()),
      lagBytes: Math.round(between(0, 2e6, random())),
      statementMean: between(0.05, 0.4, wander('statements')),
      cpu: between(0.08, 0.62, load + 0.2 * (random() - 0.5)),
      memory: between(0.5, 0.68, wander('memory')),
      swap: 0.02,
      disk: between(0.5, 0.56, wander('disk') / 4 + (elapsed / DAY_SECONDS) * 0.05),
      networkErrors: 0,
      totals,
    };
  };
}
