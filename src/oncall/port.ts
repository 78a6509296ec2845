/** On call: who is responsible when, and how a person wants to be told. What the configuration and the history say of it. */
import type { Labels } from '../domain/labels';
import type { Urgency } from '../domain/severity';
import type { TimeInterval } from '../domain/time-interval';

/** People who take turns. Times are wall-clock times of the schedule's zone: `2026-01-05T09:00`. */
export interface Layer {
  readonly name: string;
  /** In the order of their turns; the first begins at `start`. */
  readonly people: readonly string[];
  readonly start: string;
  /** From then on the layer covers nothing; null: it goes on. */
  readonly end: string | null;
  /** Wall-clock minutes of a turn: a day is 1,440, also where clocks are changed. */
  readonly everyMinutes: number;
  /** It covers the times that lie in one of these, in the schedule's zone; null: all. */
  readonly only: readonly TimeInterval[] | null;
}

/** A person instead of whoever's turn it is. */
export interface Override {
  readonly person: string;
  /** Milliseconds since 1970; the end excluded. */
  readonly from: number;
  readonly to: number;
}

export interface Schedule {
  readonly name: string;
  /** A name of the time zone database. */
  readonly timeZone: string;
  /** A later one wins where it covers. */
  readonly layers: readonly Layer[];
  /** They win over all layers, a later one over an earlier. */
  readonly overrides: readonly Override[];
}

/** A time without a change. */
export interface Shift {
  readonly from: number;
  readonly to: number;
  /** Null: nobody is on call. */
  readonly person: string | null;
  /** The layer it comes from; null for an override and for nobody. */
  readonly layer: string | null;
}

/** One of the ways in which a person wants to be told. */
export interface Contact {
  readonly receiver: string;
  /** How long after the step; the message is dropped when somebody has taken the alert meanwhile. */
  readonly afterMs: number;
}

export interface Person {
  readonly name: string;
  /** His id in Slack, by which he is invited and his clicks are his. */
  readonly slack?: string;
  readonly notify: Readonly<Record<Urgency, readonly Contact[]>>;
}

/** An override that somebody made while the system runs. */
export interface StoredOverride extends Override {
  readonly id: string;
  readonly schedule: string;
  readonly createdBy: string;
  readonly comment: string;
}

export interface OverrideStore {
  /** Visible to every later `between` once it has returned. The same id again changes nothing. */
  create(override: StoredOverride): Promise<void>;
  /** Those of a schedule that touch the time, the oldest first. Milliseconds since 1970. */
  between(schedule: string, from: number, to: number): Promise<readonly StoredOverride[]>;
}

/** Whom a step of an escalation asks for. */
export interface Asked {
  readonly labels: Labels;
  readonly receivers: readonly string[];
  readonly people: readonly string[];
  readonly schedules: readonly string[];
  /** Who is told where nobody else can be: those who are told of every alert. */
  readonly otherwise: readonly string[];
  /** Null: by the alert's severity. */
  readonly urgency: Urgency | null;
}

/** A receiver that is told, and for whom. */
export interface Recipient {
  readonly receiver: string;
  readonly afterMs: number;
  /** Whoever is on call or asked for by name; null where the step names receivers only. */
  readonly person: string | null;
}

export interface Resolved {
  readonly recipients: readonly Recipient[];
  /** People in the order in which they were found. */
  readonly people: readonly string[];
  /** What people have to know: a gap, a name that is gone. */
  readonly notes: readonly string[];
}

export interface OnCall {
  /** Throws when the overrides cannot be read. */
  resolve(asked: Asked, at: Date): Promise<Resolved>;
}
