/** What the dispatcher asks of Temporal, routes as it takes them, and what it says of why people were told or not. */
import type { Labels } from '../domain/labels';
import type { LifePolicy } from '../domain/life';
import type { Matcher } from '../domain/matchers';
import type { Transition } from '../domain/transition';
import type { AlertRow, Holder } from '../history/port';

export type Delivered = 'started' | 'signalled' | 'no_life';

export interface Lives {
  /**
   * Starts the alert's life with a firing transition, or tells the one that runs. A resolve or change for which no life
   * runs is answered `no_life`. Throws when Temporal is away; delivering again is harmless.
   */
  deliver(transition: Transition, policy: LifePolicy): Promise<Delivered>;
}

/** Which alerts make one incident, and who is told of it. Durations in ms. */
export interface IncidentPolicy {
  readonly name: string;
  /** Which alerts may belong; none: all. */
  readonly matchers: readonly Matcher[];
  /** Alerts whose values of these labels are equal, or related, belong together. */
  readonly groupBy: readonly string[];
  /** A label of `groupBy` → lists of values that count as one. */
  readonly related: Readonly<Record<string, readonly (readonly string[])[]>>;
  readonly windowMs: number;
  /** From so many on it is an incident. */
  readonly minAlerts: number;
  /** How long all of its alerts have to be over. */
  readonly resolveAfterMs: number;
  /** Whoever is on call in the first schedule that has somebody, else the first of the people. */
  readonly commander: { readonly schedules: readonly string[]; readonly people: readonly string[] };
  readonly receivers: readonly string[];
}

/** A route as it is in effect, and those below it. Durations in ms. */
export interface RouteOptions {
  readonly receiver: string;
  /** Labels whose values make a group; null stands for all of an alert's labels. */
  readonly groupBy: readonly string[] | null;
  readonly groupWaitMs: number;
  readonly groupIntervalMs: number;
  readonly repeatIntervalMs: number;
  /** All of them have to hold; sorted. */
  readonly matchers: readonly Matcher[];
  /** Whether the next of its siblings is asked too. */
  readonly continue: boolean;
  readonly muteTimeIntervals: readonly string[];
  readonly activeTimeIntervals: readonly string[];
  /** Values may be templates over the group. */
  readonly labels: Labels;
  readonly routes: readonly RouteOptions[];
}

export type WhyStage =
  | 'route'
  | 'group'
  | 'silence'
  | 'maintenance'
  | 'inhibition'
  | 'time interval'
  | 'acknowledged'
  | 'incident'
  | 'dedup'
  | 'throttle'
  | 'rate limit'
  | 'send'
  | 'remediation'
  | 'escalation';

export type WhyKind =
  /** Somebody heard that it fires, or that it is over. */
  | 'told'
  | 'told of the end'
  /** Nobody is told now, or was not for a while. */
  | 'held'
  | 'was held'
  /** Somebody will be told. */
  | 'waits'
  /** Told before: told again when the repeat interval is over. */
  | 'told already'
  | 'sending'
  | 'retried'
  | 'refused'
  | 'nobody';

export interface WhyStatement {
  readonly kind: WhyKind;
  readonly stage: WhyStage;
  /** When that was, or is to be. */
  readonly at: string | null;
  /** Until when it was so, where that is over. */
  readonly until: string | null;
  readonly integration: string | null;
  readonly by: readonly Holder[];
  readonly text: string;
}

/** The alert's way by one route. */
export interface WhyRoute {
  readonly receiver: string;
  /** The matchers from the root to the route. */
  readonly route: string;
  readonly groupKey: string;
  readonly groupLabels: Labels | null;
  /** False for a group that it is in no more: routes are others now. */
  readonly isCurrent: boolean;
  readonly statements: readonly WhyStatement[];
}

export interface WhyAnswer {
  readonly alert: AlertRow;
  readonly routes: readonly WhyRoute[];
  /** Of receivers of tocsin.yaml, which are told of alerts of its rules. */
  readonly pages: readonly WhyStatement[];
}
