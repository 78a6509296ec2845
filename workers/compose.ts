/**
 * Builds what the roles are made of from the configuration: one of each a process, made when the first role asks for
 * it and closed in reverse. No decisions here, and no other place of wiring than the files of this folder.
 */
import { randomUUID } from 'node:crypto';
import { createTargetSql, type ClosableTargetSql } from '../src/collect/postgres/target-sql';
import type { Target } from '../src/collect/port';
import type { Config, TargetConfig } from '../src/config/config';
import { messageOf } from '../src/domain/errors';
import { openHistory, type History } from '../src/history/history';
import type { Maintenance } from '../src/domain/maintenance';
import { createMaintenances, withMaintenances } from '../src/mute/maintenances';
import { createMutes } from '../src/mute/mutes';
import type { Maintenances, SilenceMutes } from '../src/mute/port';
import {
  advertisedAddress,
  createHealth,
  createLogger,
  createMetrics,
  packageVersion,
  redactUrl,
  startObservability,
  type Answering,
  type Health,
  type Logger,
  type Metrics,
} from '../src/observe/observe';
import { checkKafka, createKafka, type Kafka } from '../src/stream/kafka';
import type { StreamEvent } from '../src/stream/events';
import { ensureTopics } from '../src/stream/topics';
import type { TemporalLink } from '../src/temporal/connection';
import { followMaintenance } from './maintenance';
import { openDependency } from './dependency';
import { lazy } from './lazy';
import { streamObserver } from './observers';
import { stopAll, type Part } from './run';

/** One process's share of the system. */
export interface Shared {
  readonly config: Config;
  /** Of this process, to tell it from others. */
  readonly id: string;
  /** Where /metrics, /livez and /readyz are. */
  readonly url: string;
  /** The same for other machines: `host:port`. */
  readonly address: string;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly health: Health;
  /** The configuration as its files are now; throws with every problem. Null where it cannot be read again. */
  readonly reread: (() => Config) | null;
  /** What is done, with a word on it, when people ask over HTTP that the configuration be read again. */
  onReload(reload: () => Promise<string>): void;
  /** Does it; empty where nothing is to be read again. */
  reload(): Promise<string>;
  /** What the process tells over HTTP: the path → the lines of its answer. */
  readonly answers: Map<string, Answering>;
  /** Aborts when the process stops: nothing is waited for any more. */
  readonly signal: AbortSignal;
  /** Wakes the notifier of this process, if it has one. */
  readonly wakeNotifier: () => void;
  onWakeNotifier(wake: () => void): void;
  kafka(): Promise<Kafka>;
  history(): Promise<History>;
  maintenances(): Promise<Maintenances>;
  /** Those of tocsin.yaml as it was read last. */
  configuredMaintenance(): Promise<() => readonly Maintenance[]>;
  /** Silences and maintenances together. */
  mutes(): Promise<SilenceMutes>;
  temporal(): Promise<TemporalLink>;
  targetSql(): ClosableTargetSql;
  /** Parts in the order in which they were made; stopped in reverse. */
  readonly parts: Part[];
  /** Ends all waits and stops all parts; false when some had not stopped in time. */
  stop(): Promise<boolean>;
}

export interface SharedOptions {
  readonly log?: Logger;
  readonly reread?: () => Config;
  /** Ends the waits of the start-up. */
  readonly signal?: AbortSignal;
}

export async function openShared(config: Config, role: string, options: SharedOptions = {}): Promise<Shared> {
  const log = options.log ?? createLogger({ level: config.log.level, role, instance: config.instance });
  const metrics = createMetrics();
  metrics.buildInfo.set({ version: packageVersion() }, 1);
  const health = createHealth({
    onCheck: (dependency, up) => metrics.dependencyUp.set({ dependency }, up ? 1 : 0),
  });
  const stopping = new AbortController();
  const signal = AbortSignal.any([stopping.signal, ...(options.signal ? [options.signal] : [])]);
  const parts: Part[] = [];
  const wakes: (() => void)[] = [];
  const reloads: (() => Promise<string>)[] = [];
  const actions = new Map<string, () => Promise<string>>();
  const answers = new Map<string, Answering>();
  const observability = await startObservability({ ...config.http, metrics, health, log, actions, answers });
  parts.push({ name: 'observability', stop: () => observability.close() });
  parts.push({ name: 'health', stop: async () => health.close() });

  const shared: Shared = {
    config,
    id: randomUUID(),
    url: observability.url,
    address: advertisedAddress(config.http, observability.port),
    log,
    metrics,
    health,
    ...{ reread: options.reread ?? null, answers },
    onReload(reload) {
      reloads.push(reload);
      actions.set('/-/reload', () => allOf(reloads));
    },
    reload: () => allOf(reloads),
    signal,
    parts,
    stop() {
      stopping.abort();
      return stopAll(parts, log);
    },
    wakeNotifier: () => wakes.forEach((wake) => wake()),
    onWakeNotifier: (wake) => wakes.push(wake),
    kafka: once(() => openKafka(shared)),
    history: once(() => openSharedHistory(shared)),
    maintenances: once(async () => {
      const { maintenances: store } = await shared.history();
      return createMaintenances({ store, configured: await shared.configuredMaintenance() });
    }),
    configuredMaintenance: once(() => followMaintenance(shared)),
    mutes: once(async () =>
      withMaintenances(createMutes((await shared.history()).silences), await shared.maintenances()),
    ),
    temporal: once(() => lazy.temporal().openTemporal(shared)),
    targetSql: onceNow(() => {
      const sql = createTargetSql((name) => targetNamed(config, name), config.collect.limits);
      parts.push({ name: 'target sessions', stop: () => sql.close() });
      return sql;
    }),
  };
  return shared;
}

/** One that fails keeps the others from nothing; then it throws. */
async function allOf(reloads: readonly (() => Promise<string>)[]): Promise<string> {
  const outcomes = await Promise.allSettled(reloads.map((reload) => reload()));
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  return outcomes.map((outcome) => (outcome as PromiseFulfilledResult<string>).value).join(', ');
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}

function onceNow<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

export function openKafkaClient(
  { kafka: { brokers, clientId, tls, sasl } }: Config,
  onEvent?: (event: StreamEvent) => void,
): Kafka {
  return createKafka({
    brokers,
    clientId,
    ssl: tls || undefined,
    sasl:
      sasl === null
        ? undefined
        : { mechanism: sasl.mechanism as 'plain', username: sasl.username, password: sasl.password.reveal() },
    onEvent,
  });
}

function openKafka(shared: Shared): Promise<Kafka> {
  const { config } = shared;
  const { development } = config.kafka;
  const kafka = openKafkaClient(config, streamObserver(shared));
  return openDependency(shared, {
    name: 'kafka',
    async open() {
      await ensureTopics(kafka, config.instance, [], { development });
      return kafka;
    },
    check: checkKafka,
    // Whoever makes a producer or a consumer of it closes that.
    close: async () => undefined,
  });
}

function openSharedHistory(shared: Shared): Promise<History> {
  const { config, log } = shared;
  return openDependency(shared, {
    name: 'postgres',
    open: () =>
      openHistory({
        url: config.postgres.url.reveal(),
        instance: config.instance,
        maxConnections: config.postgres.maxConnections,
        peerId: shared.id,
        onIdleError: (error) => log.warn(`postgres: ${redactUrl(messageOf(error))}`),
      }),
    check: (history) => history.ready(),
    close: (history) => history.close(),
  });
}

/** The target with its secret resolved, at the moment of use. */
export function targetNamed(config: Config, name: string): Target | null {
  const target = config.targets.find((one) => one.name === name);
  return target === undefined ? null : targetOf(target);
}

export function targetOf({ name, type, url, tags, intervals }: TargetConfig): Target {
  return { name, type, connection: url === null ? null : url.reveal(), tags, intervals };
}
