/** What the HTTP API asks of the system behind it. Times are ISO 8601 in UTC. */
import type { Labels } from '../domain/labels';

/** An alert as a sender has given it, valid and with its defaults in place. */
export interface PostedAlert {
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly startsAt: string;
  /** In the past: it is over. In the future: it fires until then unless it is sent again. */
  readonly endsAt: string;
  /** `endsAt` is the sender's silence about it: the time of receipt and `resolve_timeout`. */
  readonly timedOut: boolean;
  readonly updatedAt: string;
  /** Empty where nobody said. */
  readonly generatorUrl: string;
}

export type ApiAlertState = 'unprocessed' | 'active' | 'suppressed';

/** An alert that is not over, with what is known of its way to people. */
export interface ApiAlert {
  readonly fingerprint: string;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly updatedAt: string;
  readonly generatorUrl: string;
  /** Names, of all routes that it takes. */
  readonly receivers: readonly string[];
  readonly status: {
    readonly state: ApiAlertState;
    /** Ids of silences. */
    readonly silencedBy: readonly string[];
    /** Fingerprints of alerts. */
    readonly inhibitedBy: readonly string[];
  };
}

export interface ApiGroup {
  readonly labels: Labels;
  /** What its route says of itself, templates filled in. */
  readonly routeLabels: Labels;
  readonly receiver: string;
  /** Names of the time intervals that mute its route now. */
  readonly mutedBy: readonly string[];
  readonly alerts: readonly ApiAlert[];
}

export interface ApiAlerts {
  /**
   * Resolves when none of them can be lost any more and lists show them. Throws TOC_DEPENDENCY_AWAY when that
   * cannot be had in time; the sender then sends them again.
   */
  post(alerts: readonly PostedAlert[]): Promise<void>;
  list(): Promise<readonly ApiAlert[]>;
  groups(): Promise<readonly ApiGroup[]>;
}
