/** What the HTTP API asks of the system behind it. Times are ISO 8601 in UTC. */
import type { MatcherMode } from '../domain/alertmanager-matchers';
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
    /** Names of maintenances; left out where nobody looked. */
    readonly maintainedBy?: readonly string[];
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

/** What the API has to know of the configuration in effect. */
export interface ApiConfig {
  /** For people and tools to read: secrets are `<secret>` in it. */
  readonly original: string;
  readonly resolveTimeoutMs: number;
  readonly matcherMode: MatcherMode;
  readonly receivers: readonly { readonly name: string; readonly labels: Labels }[];
}

export interface ApiCluster {
  readonly name: string;
  readonly status: 'ready' | 'settling' | 'disabled';
  readonly peers: readonly { readonly name: string; readonly address: string }[];
}

/** How the server is reached and by whom: Prometheus' `--web.config.file`. */
export interface WebConfig {
  readonly tls: WebTls | null;
  readonly http2: boolean;
  /** Sent with every answer. */
  readonly headers: Readonly<Record<string, string>>;
  /** bcrypt hashes by name; nobody has to say who he is where there are none. */
  readonly users: Readonly<Record<string, string>>;
  /** How many requests may come at once, and after how long another one may; null: any number. */
  readonly rateLimit: { readonly burst: number; readonly everyMs: number } | null;
}

export interface WebTls {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
  readonly clientCa: string | null;
  /** Whether clients are asked for a certificate, and what becomes of those that have none or a wrong one. */
  readonly clientAuth: ClientAuth;
  /** Names of which a client's certificate has to have one; empty: any. */
  readonly clientSans: readonly string[];
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
  /** OpenSSL's names; null: the default ones. */
  readonly ciphers: string | null;
  readonly curves: string | null;
}

export type ClientAuth = 'none' | 'request' | 'require_any' | 'verify_if_given' | 'require_and_verify';

export type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';
