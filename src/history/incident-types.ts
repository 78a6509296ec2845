/** Incidents as other rooms ask for them: a part of the port, which holds types only. */
import type { Labels } from '../domain/labels';
import type { TimelineEvent } from '../domain/life';
import type { AlertState } from '../domain/lifecycle';
import type { NotificationRecord } from './port';

/** An episode of an alert that fires, by what it may be related to others. Times are ms since 1970. */
export interface IncidentCandidate {
  /** The policy of the configuration that it falls under. */
  readonly policy: string;
  /** The same for alerts that are related. */
  readonly key: string;
  /** The key in words. */
  readonly about: string;
  readonly fingerprint: string;
  readonly episode: number;
  /** When it fired, event time. */
  readonly at: number;
  /** How far from each other two may fire. */
  readonly windowMs: number;
  readonly severity: string | null;
}

/** An incident that alerts may join. */
export interface OpenIncident {
  readonly id: number;
  readonly policy: string;
  readonly key: string;
  readonly about: string;
  readonly firstAt: number;
  readonly newestAt: number;
  readonly severity: string | null;
  /** Receivers that have heard of it, or will. */
  readonly told: readonly string[];
  /** Alerts of the candidates that belonged to it in an earlier episode. */
  readonly known: ReadonlySet<string>;
}

/** What is known of the keys of some candidates. */
export interface KnownIncidents {
  readonly open: readonly OpenIncident[];
  /** Alerts that are open and belong to no incident, as far back and ahead as windows reach. */
  readonly loose: readonly IncidentCandidate[];
}

/** Who is told of an incident when it opens. */
export interface IncidentRecipient {
  readonly receiver: string;
  /** A later way is dropped when somebody has taken all of its alerts meanwhile. */
  readonly afterMs: number;
}

/** An incident as it is to be. */
export interface IncidentDraft extends Omit<OpenIncident, 'id'> {
  /** Null for a new one. */
  readonly id: number | null;
  /** Those that belong to it from now on. */
  readonly members: readonly IncidentCandidate[];
  /** One of them is worse than all before. */
  readonly isRaised: boolean;
  /** Of a new one. */
  readonly opens: {
    readonly commander: string | null;
    readonly recipients: readonly IncidentRecipient[];
    /** Those that are told whoever commands. */
    readonly receivers: readonly string[];
    readonly notes: readonly string[];
    readonly resolveAfterMs: number;
  } | null;
}

/** What is known of an incident beside its alerts. Times are ISO 8601. */
export interface IncidentHead {
  readonly id: number;
  readonly policy: string;
  readonly about: string;
  readonly state: 'open' | 'resolved';
  readonly severity: string | null;
  readonly commander: string | null;
  readonly openedAt: string;
  readonly resolvedAt: string | null;
  readonly resolvedBy: string | null;
}

/** As lists show it. */
export interface IncidentRow extends IncidentHead {
  /** All of its alerts, and those that are not over. */
  readonly alerts: number;
  readonly openAlerts: number;
}

/** An alert of an incident, as it was in that episode. */
export interface IncidentAlert {
  readonly fingerprint: string;
  readonly episode: number;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly state: AlertState;
  /** When it fired. */
  readonly at: string;
  readonly endedAt: string | null;
  /** Who holds it; null where nobody does. */
  readonly takenBy: string | null;
}

/** Who does something to an incident, and why. */
export interface IncidentAct {
  readonly by: string;
  readonly comment: string;
}

export interface IncidentStore {
  /** Open ones, or all; the newest first. */
  list(options: { readonly all: boolean; readonly limit: number }): Promise<readonly IncidentRow[]>;
  find(id: number): Promise<IncidentRow | null>;
  /** In the order in which they fired; at most `limit`. */
  alerts(id: number, limit: number): Promise<readonly IncidentAlert[]>;
  timeline(id: number): Promise<readonly TimelineEvent[]>;
  notifications(id: number): Promise<readonly NotificationRecord[]>;
  /** Null where it is resolved or unknown; those who were told hear of it, and so does `ways`. */
  handOver(
    id: number,
    to: { readonly person: string; readonly ways: readonly IncidentRecipient[] },
    act: IncidentAct,
  ): Promise<IncidentRow | null>;
  /** Null where it is resolved already or unknown. `resolveTo`: who wants to hear of ends. */
  resolve(id: number, act: IncidentAct, resolveTo: readonly string[]): Promise<IncidentRow | null>;
  /** Those whose alerts have been over for long enough are resolved; answers how many, and how many are still open. */
  resolveOver(resolveTo: readonly string[]): Promise<{ readonly resolved: number; readonly open: number }>;
  /** Those whose open alerts have all been taken, or are so no more, are told so to who has heard of them and is among these; answers how many. */
  tellTaken(acknowledgedTo: readonly string[]): Promise<number>;
  /** First pages withheld for an incident that could not be told to their receiver are due after all; answers how many. */
  sendWithheld(): Promise<number>;
}

/** What its messages are made of. */
export interface IncidentFacts extends IncidentHead {
  /** In the order in which they fired; of many, the first. */
  readonly alerts: readonly IncidentAlert[];
  /** How many there are, and how many of them are not over. */
  readonly count: number;
  readonly openCount: number;
}
