/** What the commands ask of the rest of the system. The wiring fulfils it; tests inject their own. */
import type { Config } from '../config/config';
import type { MatcherMode } from '../domain/alertmanager-matchers';
import type { Metric } from '../domain/metric';
import type { ServerEnvironment } from '../dev/servers';
import type {
  AlertLists,
  DeadLetters,
  DrillStore,
  EpisodeHistory,
  GroupRecords,
  IncidentStore,
} from '../history/port';
import type { MaintenanceStore, SilenceStore } from '../mute/port';
import type { OverrideStore } from '../oncall/port';
import type { PermitStore } from '../remediate/port';
import type { Evaluators } from '../query/port';
import type { Transition } from '../domain/transition';
import type { KeptMetric, KeptReading, ReadingProgress } from '../stream/kept-metrics';
import type { AlertActions } from '../temporal/actions';
import type { DrillControl } from '../temporal/drills';

export type { AlertActions, AlertLists };

/** A person's access: lists and kill switches in Postgres, actions on alerts and their live status through Temporal. */
export interface Operator {
  readonly lists: AlertLists;
  readonly records: GroupRecords;
  readonly permits: Pick<PermitStore, 'switches' | 'setSwitch'>;
  readonly silences: Pick<SilenceStore, 'active' | 'set' | 'expire' | 'list'>;
  readonly episodes: EpisodeHistory;
  readonly maintenances: MaintenanceStore;
  readonly overrides: OverrideStore;
  readonly incidents: IncidentStore;
  readonly deadLetters: DeadLetters;
  readonly actions: AlertActions;
  readonly drills: DrillControl & Pick<DrillStore, 'latest'>;
  close(): Promise<void>;
}

export const ROLES = [
  ...(['collector', 'evaluator', 'dispatcher', 'effects', 'callbacks', 'notification-service'] as const),
] as const;
export type Role = (typeof ROLES)[number];

export interface DevOptions {
  /** The configuration, with what it takes from TOCSIN_KAFKA, TOCSIN_TEMPORAL and TOCSIN_POSTGRES. */
  readonly configAt: (servers: ServerEnvironment) => Config;
  /** Its file. */
  readonly file: string;
  /** Where the servers keep their data. */
  readonly dataDir: string;
  readonly print: (line: string) => void;
}

export interface DemoOptions {
  readonly dataDir: string;
  readonly print: (line: string) => void;
  /** Leaves everything running at the end, to look around. */
  readonly keep?: boolean;
}

/** What `tocsin serve` is asked to do. */
export interface ServeOptions {
  /** Where the servers are, and the instance's name. */
  readonly config: Config;
  /** The same as its file is then; left out where there is none. */
  readonly reread?: () => Config;
  readonly alertmanagerConfig: string;
  readonly listen: { readonly host: string; readonly port: number };
  readonly matcherMode: MatcherMode;
  readonly routePrefix: string;
  /** Of the form that Prometheus' programs share; null: anybody who reaches it may use it. */
  readonly webConfigFile: string | null;
  /** Null: as it listens. */
  readonly externalUrl: string | null;
  /** A regular expression for web pages that may use the API; null: none of another origin may. */
  readonly corsOrigin: string | null;
  /** How long groups wait after the start, so that senders can tell what they have again. */
  readonly dispatchStartDelayMs: number;
  /** Of the alertmanager.yml: hears the summary of a storm; null: nobody does. */
  readonly stormReceiver: string | null;
}

/** Which receivers are tested, and by whom. */
export interface ReceiverTest {
  /** Whose receivers are tested; null: none of a tocsin.yaml. */
  readonly config: Config | null;
  readonly alertmanagerFile: string | null;
  readonly externalUrl: string;
  readonly matcherMode: MatcherMode;
  /** Empty: all. */
  readonly names: readonly string[];
  readonly by: string;
  readonly signal: AbortSignal;
}

export interface TestedReceiver {
  readonly file: 'tocsin.yaml' | 'alertmanager.yml';
  readonly receiver: string;
  /** `webhook`, `slack`, … */
  readonly kind: string;
  readonly isDelivered: boolean;
  readonly tookMs: number;
  /** What the receiver answered, or why it was not told. */
  readonly detail: string;
}

export interface Wiring {
  /** Tells each way of each receiver that is asked for; TOC_USAGE for a name that no file has. */
  testReceivers(test: ReceiverTest): Promise<readonly TestedReceiver[]>;
  /** Connects when it is used, so that lists work while Temporal is away. */
  openOperator(config: Config): Promise<Operator>;
  /** Resolves when the roles have stopped after SIGINT or SIGTERM. `reread`: the configuration as its files are then. */
  runRoles(config: Config, roles: readonly Role[], reread: () => Config): Promise<void>;
  /** Resolves when everything has stopped after SIGINT or SIGTERM. */
  runDev(options: DevOptions): Promise<void>;
  /** Resolves when it has stopped after SIGINT or SIGTERM. */
  runServe(options: ServeOptions): Promise<void>;
  /** False when a step of the demo did not happen. */
  runDemo(options: DemoOptions): Promise<boolean>;
  /** Publishes metrics to the metric topics; `close` waits until Kafka has them all. */
  openPublisher(config: Config): Promise<MetricSink>;
  /**
   * Takes the metrics that Kafka still holds of a time (record times, milliseconds since 1970) in the order in which they were
   * recorded. SIGINT and SIGTERM end it before.
   */
  readMetrics(
    config: Config,
    between: { readonly fromMs: number; readonly toMs: number },
    take: (kept: KeptMetric) => void,
    onProgress: (progress: ReadingProgress) => void,
  ): Promise<KeptReading>;
  /** Takes what rules on trial would have told since then, in the order in which it was recorded. */
  readShadow(config: Config, sinceMs: number, take: (transition: Transition) => void): Promise<void>;
  /** Those that run now; each has so long to answer. */
  openEvaluators(config: Config, timeoutMs: number): Evaluators;
}

export interface MetricSink {
  publish(metrics: readonly Metric[]): Promise<void>;
  close(): Promise<void>;
}

/** A disturbance of synthetic metrics. */
export interface Fault {
  /** One of `FAULTS`. */
  readonly kind: string;
  /** The instance's number from 1; null: all of them. */
  readonly instance: number | null;
  /** Milliseconds from the beginning of the series. */
  readonly fromMs: number;
  /** Null: to the end. */
  readonly lengthMs: number | null;
}

export interface SyntheticOptions {
  /** The same seed makes the same metrics. */
  readonly seed: number;
  readonly instances: number;
  readonly environment: string;
  /** Milliseconds since 1970 of the first tick. */
  readonly startMs: number;
  readonly intervalMs: number;
  readonly ticks: number;
  readonly faults: readonly Fault[];
}

/** What `src/collect/synthetic.ts` offers. */
export interface Synthetic {
  readonly FAULTS: readonly string[];
  /** One tick after the other, each with the metrics of all instances. */
  syntheticTicks(
    options: SyntheticOptions,
  ): Iterable<{ readonly atMs: number; readonly metrics: readonly Metric[] }>;
}
