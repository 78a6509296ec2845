/**
 * `tocsin serve`: stands in for Alertmanager. Takes alerts over its API, groups and mutes them and tells the receivers by an
 * alertmanager.yml, on servers that run. Processes of one instance share the work; each knows all alerts.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createApi, type Api } from '../src/api/server';
import type { ApiConfig, WebConfig } from '../src/api/port';
import type { Config } from '../src/config/config';
import { watchWebConfig } from '../src/config/web-config';
import { answerWhy } from '../src/dispatch/answer-why';
import { createApiAlerts } from '../src/dispatch/api-alerts';
import { createPagesHandler } from '../src/dispatch/dispatcher';
import type { MatcherMode } from '../src/domain/alertmanager-matchers';
import { messageOf, TocsinError } from '../src/domain/errors';
import { previewSilence } from '../src/mute/preview';
import {
  addressOf,
  advertisedAddress,
  createLogger,
  packageVersion,
  type Logger,
} from '../src/observe/observe';
import { createTransitionPublisher } from '../src/stream/publishers';
import { consumeTransitions } from '../src/stream/transition-consumer';
import { readAlertmanager, type InEffect } from './alertmanager';
import { openShared, type Shared } from './compose';
import { startForgetting } from './forgetting';
import { openGroups, wakingAfter } from './groups';
import { lazy } from './lazy';
import { createLull } from './lull';
import { streamObserver } from './observers';
import { stopSignal, untilAborted } from './run';

export interface ServeOptions {
  /** Where the servers are, and the instance's name. */
  readonly config: Config;
  /** The same as its file is then; left out where there is none. */
  readonly reread?: () => Config;
  readonly alertmanagerConfig: string;
  readonly listen: { readonly host: string; readonly port: number };
  readonly matcherMode: MatcherMode;
  readonly routePrefix: string;
  /** Null: as it listens. */
  readonly externalUrl: string | null;
  /** A regular expression for whole origins whose web pages may use the API; null: none may. */
  readonly corsOrigin: string | null;
  /** How long groups wait after the start, so that senders can tell what they have again. */
  readonly dispatchStartDelayMs: number;
  /** Of the alertmanager.yml: hears the summary of a storm; null: nobody does. */
  readonly stormReceiver: string | null;
  /** TLS and users; null: anybody who reaches it may use it. */
  readonly webConfigFile: string | null;
}

const now = (): number => Date.now();
/** Never goes back. */
const elapsedMs = (): number => performance.now();
const LOOPBACK = /^(?:127\.|::1$|localhost$)/;
/** A broker may take seconds to let the first reader in: what is posted meanwhile is read then. */
const READER_PATIENCE_MS = 2_000;

/** Runs until SIGINT or SIGTERM; SIGHUP reads the configuration again. Throws what is wrong with it at the start. */
export async function runServe(options: ServeOptions): Promise<void> {
  const signal = stopSignal();
  const { config } = options;
  const log = createLogger({
    level: config.log.level,
    role: 'serve',
    instance: config.instance,
    destination: { write: (line) => void process.stderr.write(line) },
  });
  const web = webOf(log, options);
  const externalUrl = linksLeadTo(options, web?.().tls != null);
  const read = (): InEffect => {
    const { alertmanagerConfig: file, matcherMode, stormReceiver } = options;
    const next = readAlertmanager({ file, externalUrl, matcherMode });
    requireReceiver(next, stormReceiver, file);
    return next;
  };
  const inEffect = read();
  const shared = await openShared(config, 'serve', { log, signal, reread: options.reread });
  let stopped = false;
  let livesBegun: Promise<void> = Promise.resolve();
  try {
    const { api, beginLives } = await startServing(shared, options, web, inEffect, read);
    // In the words that Alertmanager has for it: scripts wait for them.
    process.stderr.write(
      `time=${new Date().toISOString()} level=INFO msg="Listening on" address=${addressOf(options.listen.host, api.port)}\n`,
    );
    livesBegun = beginLives();
    await untilAborted(signal);
  } finally {
    // What is still being started when everything stops would go on for good.
    await livesBegun;
    stopped = await shared.stop();
  }
  if (!stopped) process.exit(1);
}

async function startServing(
  shared: Shared,
  options: ServeOptions,
  web: (() => WebConfig) | undefined,
  first: InEffect,
  read: () => InEffect,
): Promise<{ readonly api: Api; readonly beginLives: () => Promise<void> }> {
  const { log, parts, metrics, config } = shared;
  const startedAt = new Date();
  const [kafka, history] = await Promise.all([shared.kafka(), shared.history()]);
  const onEvent = streamObserver(shared);
  const publisher = createTransitionPublisher({ kafka, instance: config.instance, onEvent });
  parts.push({ name: 'publisher', stop: () => publisher.close() });
  const { publish } = publisher;
  const connected = publisher.open();
  // Pages come first: the lives of a storm begin when it is told.
  const lull = createLull();
  const groups = await openGroups(shared, {
    read,
    first,
    publish,
    startDelayMs: options.dispatchStartDelayMs,
    onBacklog: lull.touch,
    ...{
      ofRules: false,
      mends: false,
      targetDownMs: null,
      stormReceiver: options.stormReceiver,
      policies: [],
    },
  });
  const { grouping, metrics: own, mutes } = groups;
  const pages = consumeTransitions({
    kafka,
    instance: config.instance,
    groupId: 'pages',
    onBatch: wakingAfter(
      lull.during(
        createPagesHandler({
          store: history.pages,
          pageFor: () => [],
          resolveTo: [],
          groupsFor: grouping.groupsFor,
          now: () => new Date(),
          wakeNotifier: () => undefined,
        }),
      ),
      groups.wake,
    ),
    onEvent,
  });
  parts.push({ name: 'pages', stop: () => pages.stop() });
  await groups.start();

  const alerts = createApiAlerts({
    ...{ grouping, mutes, underWay: groups.underWay, now },
    publish: (transitions) => {
      // The lives' reader may be quicker than the rows'.
      lull.touch();
      return groups.hearing.noting(() => publish(transitions));
    },
  });
  const patience = elapsedMs() + READER_PATIENCE_MS;
  while (!pages.joined() && elapsedMs() < patience) await sleep(20);
  await Promise.race([connected, sleep(Math.max(0, patience - elapsedMs()))]);
  const api = await createApi(
    {
      alerts,
      silences: history.silences,
      why: async (fingerprint) => {
        const alert = await history.lists.find(fingerprint);
        const { instance } = options.config;
        return (
          alert && answerWhy(alert, { ...history, routing: groups.routing(), instance, now: new Date() })
        );
      },
      openAlerts: () => history.episodes.open(),
      preview: (matchers) => previewSilence(matchers, history.episodes, new Date()),
      config: () => apiConfig(groups.inEffect(), options.matcherMode),
      async reload() {
        await groups.reload();
        await shared.reload();
      },
      cluster: () => ({
        name: shared.id,
        status: 'ready',
        peers: groups.peers.list().map(({ id: name, address }) => ({ name, address })),
      }),
      metrics: own,
      scrape: async () => ({ type: metrics.registry.contentType, text: await metrics.registry.metrics() }),
      startedAt,
      version: packageVersion(),
      now: () => new Date(),
      log,
      routePrefix: options.routePrefix,
      corsOrigin: options.corsOrigin ?? undefined,
      web,
    },
    options.listen,
  );
  parts.push({ name: 'API', stop: () => api.close() });
  await groups.peers.answerAt(reachedAt(options, api.port));
  await startForgetting(shared);
  return {
    api,
    // Loaded when it can answer already, and at once, before the first page is due: loading holds everything up.
    beginLives: () =>
      lazy
        .lives()
        .serveLives(shared, {
          pagesAreQuiet: lull.wait,
          groups: { mend: () => grouping.mend(), startDelayMs: options.dispatchStartDelayMs },
        })
        .catch((error: unknown) =>
          log.error({ err: error }, `lives and their audit cannot be started: ${messageOf(error)}`),
        ),
  };
}

/** Whether over TLS is decided when it starts. */
export const linksLeadTo = (options: Pick<ServeOptions, 'externalUrl' | 'listen'>, isTls: boolean): string =>
  options.externalUrl ?? `${isTls ? 'https' : 'http'}://${reachedAt(options, options.listen.port)}`;

const reachedAt = ({ listen: { host } }: Pick<ServeOptions, 'listen'>, port: number): string =>
  advertisedAddress({ host, advertise: null }, port);

function requireReceiver({ config }: InEffect, name: string | null, file: string): void {
  const names = config.receivers.map((receiver) => receiver.name);
  if (name === null || names.includes(name)) return;
  throw new TocsinError(
    'TOC_CONFIG_INVALID',
    `--storm-summary ${name}: ${file} has no such receiver; it has ${names.join(', ')}`,
  );
}

/** Who reaches it on another machine and nobody asks who he is: that is said once. */
function webOf(log: Logger, { webConfigFile, listen }: ServeOptions): (() => WebConfig) | undefined {
  const onError = (error: unknown): void =>
    log.error({ err: error }, `${webConfigFile} was not read again: ${messageOf(error)}`);
  const web = webConfigFile === null ? undefined : watchWebConfig(webConfigFile, { onError });
  const isOpen = web === undefined || (Object.keys(web().users).length === 0 && web().tls === null);
  if (isOpen && !LOOPBACK.test(listen.host))
    log.warn(
      { host: listen.host },
      'whoever reaches this address may silence alerts and read them: name users with --web.config.file, or listen on 127.0.0.1',
    );
  return web;
}

function apiConfig({ config }: InEffect, matcherMode: MatcherMode): ApiConfig {
  return {
    original: config.original,
    resolveTimeoutMs: config.global.resolve_timeout,
    matcherMode,
    receivers: config.receivers.map(({ name, labels }) => ({ name, labels })),
  };
}
