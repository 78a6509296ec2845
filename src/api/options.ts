/** What the API is made of. */
import type { AlertmanagerMetrics, Logger } from '../observe/observe';
import type { Matcher } from '../domain/matchers';
import type { OpenAlert } from '../history/port';
import type { SilencePreview, SilenceStore } from '../mute/port';
import type { WhyAnswer } from '../dispatch/port';
import type { ApiAlerts, ApiCluster, ApiConfig, WebConfig } from './port';

export interface ApiOptions {
  readonly alerts: ApiAlerts;
  readonly silences: Pick<SilenceStore, 'set' | 'expire' | 'get' | 'list'>;
  /** Why people were told of an alert, or not; null where there is none. Takes the beginning of a fingerprint. */
  readonly why?: (fingerprint: string) => Promise<WhyAnswer | null>;
  /** With whose end a silence may end; left out, none are known. */
  readonly openAlerts?: () => Promise<readonly OpenAlert[]>;
  /** What a silence would mute; left out, nobody can ask. */
  readonly preview?: (matchers: readonly Matcher[]) => Promise<SilencePreview>;
  /** The configuration in effect. */
  readonly config: () => ApiConfig;
  /** Reads the configuration again; throws with the reason when it stays as it is. */
  readonly reload: () => Promise<void>;
  readonly cluster: () => Promise<ApiCluster> | ApiCluster;
  readonly metrics: AlertmanagerMetrics;
  /** The text of `/metrics`. */
  readonly scrape: () => Promise<{ readonly type: string; readonly text: string }>;
  readonly startedAt: Date;
  /** Tocsin's. */
  readonly version: string;
  readonly now: () => Date;
  readonly log: Logger;
  /** `/alertmanager`, say: what stands before every path. Empty or `/`: nothing. */
  readonly routePrefix?: string;
  /** A regular expression for whole origins; without it no page of another origin may use the API. */
  readonly corsOrigin?: string;
  /** How many GET requests may be under way at once; more are answered with 503. */
  readonly getConcurrency?: number;
  /** A longer body is answered with 413. */
  readonly maxBodyBytes?: number;
  /** Who may use the server and how, as it is at the moment; whether over TLS is decided when it starts. */
  readonly web?: () => WebConfig;
}
