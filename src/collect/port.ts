/**
 * What a collector is. A collector knows one kind of target: it declares groups of metrics and reads one group at a
 * time through a session that keeps its connections. When groups are read, how often, with which breaker, and how
 * samples become messages is not its affair (`target-session.ts`, `shard.ts`).
 */
import type { Labels } from '../domain/labels';

export const TARGET_TYPES = ['postgresql', 'mongodb', 'mssql', 'snowflake', 'host'] as const;
export type TargetType = (typeof TARGET_TYPES)[number];

/** A watched database or machine. */
export interface Target {
  /** The series' `instance_id`; unique among all targets. */
  readonly name: string;
  readonly type: TargetType;
  /**
   * URL with the plain secret, resolved at use and never logged: `postgres://user:pw@host/db`, `mongodb://…`,
   * `mssql://user:pw@host:1433/db?encrypt=true`, `snowflake://user:pw@account/db/schema?warehouse=w`. A host has none.
   */
  readonly connection: string | null;
  /** Labels of all of its series: environment, region, team, … */
  readonly tags: Labels;
  /** Milliseconds between two collections of a group, by the group's name, where the default does not suit. */
  readonly intervals?: Readonly<Record<string, number>>;
}

/** Bounds of one target's connections and statements, in milliseconds and counts. */
export interface Limits {
  readonly poolMin: number;
  readonly poolMax: number;
  /** How long a connection above `poolMin` is kept without use. */
  readonly idleMs: number;
  /** How long a connection may take to be had, new or from the pool; also the budget of the availability probe. */
  readonly acquireMs: number;
  readonly statementMs: number;
  /** Failures in a row that open the target's breaker. */
  readonly failureThreshold: number;
  /** How long an open breaker leaves the target alone. */
  readonly resetMs: number;
}

export const DEFAULT_LIMITS: Limits = Object.freeze({
  poolMin: 2,
  poolMax: 10,
  idleMs: 300_000,
  acquireMs: 10_000,
  statementMs: 30_000,
  failureThreshold: 3,
  resetMs: 60_000,
});

/** Units are base units, as in Prometheus; `1` is a plain ratio or flag, `count` a number of things. */
export type Unit = 'percent' | 'bytes' | 'bytes/s' | 'seconds' | 'count' | '1/s' | '1';

export interface MetricSpec {
  readonly name: string;
  readonly unit: Unit;
  readonly description: string;
  /** The view, command or file that it is read from. */
  readonly source: string;
  /** Labels beside the target's tags. */
  readonly labels?: readonly string[];
}

export interface MetricGroup {
  readonly name: string;
  /** Default time between two collections, in milliseconds. */
  readonly intervalMs: number;
  readonly metrics: readonly MetricSpec[];
}

/** One value read from a target, before it becomes a message. */
export interface Sample {
  readonly name: string;
  readonly value: number;
  readonly labels?: Labels;
}

/** Why a target is not up. The set is closed: rules and pages rely on it. */
export const UP_REASONS = ['dns', 'tcp', 'auth', 'timeout', 'query'] as const;
export type UpReason = (typeof UP_REASONS)[number];

/** The connections to one target, opened at first use. */
export interface Session {
  /** Reads one group. Rejects when `signal` aborts; what cannot be read in part is left out of the samples. */
  collect(group: string, signal: AbortSignal): Promise<readonly Sample[]>;
  /** Ends all connections; safe to call more than once. */
  close(): Promise<void>;
}

export interface Collector {
  readonly type: TargetType;
  /** The first is the group `availability`, whose success says that the target is up. */
  readonly groups: readonly MetricGroup[];
  /** Throws only when `connection` is malformed; opens nothing yet. */
  open(connection: string | null, limits: Limits): Session;
  /** The reason that stands for an error of this collector's driver. */
  classify(error: unknown): UpReason;
}
