/** The disturbances that can be put into synthetic metrics. Those of a database change what goes on in it; the others, what is told of it. */
import type { Conditions } from './conditions';

/** Changes the conditions of a tick `seconds` after the fault began. */
type Disturbance = (conditions: Conditions, seconds: number) => void;

/** From 0 to 1 over the first `over` seconds. */
const rise = (seconds: number, over: number): number => Math.min(1, seconds / over);
const lift = (from: number, to: number, share: number): number => from + Math.max(0, to - from) * share;

/** Seconds in which a fault that creeps reaches its full size. */
const RAMP_SECONDS = 60;

export const DISTURBANCES: Readonly<Record<string, Disturbance>> = {
  /** Clients open connections until none is left. */
  connections(now, seconds) {
    now.connections = Math.round(lift(now.connections, now.connectionsMax, rise(seconds, RAMP_SECONDS)));
  },
  /** Sessions pile up that hold a transaction open and do nothing. */
  'idle-in-transaction'(now, seconds) {
    const piled = Math.min(60, 5 + Math.floor(seconds / 5));
    now.idleInTransaction += piled;
    now.connections = Math.min(now.connectionsMax, now.connections + piled);
    now.idleInTransactionLongest = Math.max(now.idleInTransactionLongest, seconds);
  },
  /** One session holds a lock; others queue up behind it. */
  blocked(now, seconds) {
    now.blocked = 1 + Math.floor(seconds / 10);
    now.longestBlocked = seconds;
    now.longestQuery = Math.max(now.longestQuery, seconds);
  },
  deadlocks(now) {
    now.deadlocks = 2;
    now.totals.deadlocks += 2;
  },
  'slow-queries'(now, seconds) {
    now.longestQuery = Math.max(now.longestQuery, seconds + 30);
    now.longRunning = Math.floor((seconds + 30) / 60);
    now.statementMean += 5 * rise(seconds, RAMP_SECONDS);
  },
  /** A large scan turns the buffers over. */
  cache(now, seconds) {
    now.cacheHit -= 0.6 * rise(seconds, RAMP_SECONDS);
  },
  /** The replica has stopped replaying. */
  'replication-lag'(now, seconds) {
    now.lag += seconds;
    now.lagBytes += Math.round(seconds * 4e6);
  },
  cpu(now, seconds) {
    now.cpu = lift(now.cpu, 0.98, rise(seconds, RAMP_SECONDS / 2));
  },
  memory(now, seconds) {
    now.memory = lift(now.memory, 0.97, rise(seconds, RAMP_SECONDS));
    now.swap = lift(now.swap, 0.8, rise(seconds, 2 * RAMP_SECONDS));
  },
  disk(now, seconds) {
    now.disk = lift(now.disk, 0.99, rise(seconds, 5 * RAMP_SECONDS));
  },
  network(now) {
    now.networkErrors = 40;
  },
  /** Over and under every usual threshold from tick to tick. */
  flapping(now) {
    if (Math.round(now.elapsed / now.step) % 2 === 0) return;
    now.connections = Math.round(0.97 * now.connectionsMax);
    now.cpu = 0.97;
  },
};

/** What becomes of a database's messages: refused and silent ones are `up` 0, the others are as they are named. */
export const TELLINGS = ['down', 'timeout', 'missing', 'nan', 'duplicates'] as const;
export type Telling = (typeof TELLINGS)[number];

export const isTelling = (kind: string): kind is Telling => (TELLINGS as readonly string[]).includes(kind);
