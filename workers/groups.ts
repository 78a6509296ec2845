/**
 * Alerts in groups, by an alertmanager.yml, as a process runs them: it knows all alerts, looks at groups that are due, sends
 * what follows, and resolves alerts whose senders fall silent. Whoever reads `gds.alerts` writes the groups' rows with the
 * alerts' and wakes this; what a reload changes is changed here alone.
 */
import type { BatchHandler } from '../src/dispatch/dispatcher';
import { createExpiry } from '../src/dispatch/expiry';
import { createFlusher } from '../src/dispatch/flusher';
import { composeWith } from '../src/dispatch/group-message';
import { createGrouping, type Grouping } from '../src/dispatch/grouping';
import { createHearing, type HearingWatch } from '../src/dispatch/hearing';
import { createHoldersOf } from '../src/dispatch/held';
import { createStormWatch } from '../src/dispatch/storm';
import { createUnderWay, type UnderWay } from '../src/dispatch/under-way';
import type { AlertMutes } from '../src/dispatch/api-alerts';
import { messageOf } from '../src/domain/errors';
import type { Labels } from '../src/domain/labels';
import { instanceIn } from '../src/domain/target-down';
import type { Transition } from '../src/domain/transition';
import type { History } from '../src/history/history';
import type { RecordedRouting } from '../src/history/port';
import { maintenanceNames, type MaintenanceNames } from '../src/mute/maintenances';
import { createTargetDownMutes, type TargetDownMutes } from '../src/mute/target-down';
import { createGroupSender, type GroupSender } from '../src/notify/group-sender';
import type { ReceiverPolicy } from '../src/notify/port';
import { createGroupVerdicts } from '../src/notify/group-stages/stages';
import { createAlertmanagerMetrics, type AlertmanagerMetrics, type Turns } from '../src/observe/observe';
import { createAlertsProgress } from '../src/stream/alerts-progress';
import { closeAll, closeLater, noteForInhibition, type InEffect } from './alertmanager';
import type { Shared } from './compose';
import { createPeers, type Peers } from './peers';

export interface GroupsOptions {
  /** The alertmanager.yml as its files are now; throws with every problem. */
  readonly read: () => InEffect;
  /** Read already. */
  readonly first: InEffect;
  /** Tells the end of alerts whose sender has fallen silent. */
  readonly publish: (transitions: readonly Transition[]) => Promise<void>;
  /** How long groups wait after the start, so that senders can tell what they have again. */
  readonly startDelayMs: number;
  /** Alerts of rules go by it too. */
  readonly ofRules: boolean;
  /** For how long at most a target that is down mutes the other alerts of its instance; null: it does not. */
  readonly targetDownMs: number | null;
  /** Of the alertmanager.yml: hears the summary of a storm; null: nobody does. */
  readonly stormReceiver: string | null;
  /** What is said of receivers of the alertmanager.yml beside it. */
  readonly policies: readonly ({ readonly name: string } & ReceiverPolicy)[];
  /** Told for as long as there is more to be sent than leaves at once. */
  readonly onBacklog?: () => void;
  /** Makes groups again whose rows are lost; no auditor of this process does. */
  readonly mends: boolean;
}

export interface Groups {
  readonly grouping: Grouping;
  readonly metrics: AlertmanagerMetrics;
  readonly mutes: AlertMutes;
  readonly peers: Pick<Peers, 'list' | 'answerAt'>;
  /** Whoever takes what senders post publishes it through this. */
  readonly hearing: Pick<HearingWatch, 'noting'>;
  readonly underWay: UnderWay;
  inEffect(): InEffect;
  routing(): RecordedRouting;
  /** The first that the alert belongs to; null where it is not known, or that cannot be found out now. */
  groupOf(fingerprint: string): Promise<string | null>;
  /** Begins to look and to send; what reads `gds.alerts` runs by then. */
  start(): Promise<void>;
  /** Rows have been written: groups may be due. */
  wake(): void;
  /** Goes on by the files as they are now; throws what is wrong with them, and everything stays as it was. */
  reload(): Promise<void>;
}

const now = (): number => Date.now();
/** Never goes back. */
const elapsedMs = (): number => performance.now();
const FORGET_EVERY_MS = 30_000;

/** Its parts stop after those that are pushed behind them, so the reader of `gds.alerts` comes after this. */
export async function openGroups(shared: Shared, options: GroupsOptions): Promise<Groups> {
  const {
    log,
    parts,
    metrics: { registry },
  } = shared;
  const [kafka, history, { silencer }, maintenances] = await Promise.all([
    shared.kafka(),
    shared.history(),
    shared.mutes(),
    shared.maintenances(),
  ]);
  const maintained = maintenanceNames(maintenances);
  const metrics = createAlertmanagerMetrics(registry);
  const { ofRules } = options;
  let current = options.first;
  const inEffect = (): InEffect => current;
  const targetDown = options.targetDownMs === null ? null : createTargetDownMutes(options.targetDownMs);

  const peers = createPeers(shared, onInEffect);
  const grouping = createGrouping({
    isInEffect: peers.isInEffect,
    store: history.groups,
    changes: history.followAlerts(),
    route: current.config.route,
    now,
    onChange(alert) {
      noteForInhibition(current.inhibition, alert);
      if (alert.state === 'RESOLVED') targetDown?.remove(alert.fingerprint);
      else targetDown?.add(alert);
    },
    onForgotten({ fingerprint }) {
      current.inhibition.remove(fingerprint);
      targetDown?.remove(fingerprint);
    },
  });
  await history.records.keepRouting(routingOf(current, ofRules), { id: shared.id, isReload: false });
  await peers.start();
  await grouping.start();
  history.joinOpened(grouping.groupsFor);

  const groupsOf = (labels: Labels): readonly string[] =>
    grouping
      .routing()
      .routes.placesOf(labels)
      .map(({ id }) => id);
  const wiring: Wiring = {
    shared,
    history,
    grouping,
    underWay: createUnderWay({ known: grouping.known, groupsOf, now: elapsedMs }),
    peers,
    metrics,
    inEffect,
    maintained,
    // Who is reminded of a silence that ends is told while it still holds.
    untilReminded: (at) => silencer(at, shared.config.silences.remindBeforeMs ?? 0),
    mutes: { ...mutesOf(inEffect, silencer, targetDown), maintainer: maintained.maintainer },
  };
  const sender = senderOf(wiring, options);
  const { stormReceiver } = options;
  const storms = createStormWatch({
    ...{ store: history.storms, known: grouping.known, now, log, onSummary: sender.wake },
    index: () => grouping.routing().index,
    integrations: () =>
      stormReceiver === null
        ? []
        : inEffect()
            .integrationsOf(stormReceiver)
            .map(({ name }) => name),
  });
  const flusher = flusherOf(wiring, (messages) => {
    sender.wake();
    storms.made(messages);
  });
  const expiry = createExpiry({ known: grouping.known, publish: options.publish, now, log });
  const { instance } = shared.config;
  const progress = createAlertsProgress({ kafka, instance, groupIds: ['pages'] });
  const hearing = createHearing({ store: history.hearing, progress, now, log });
  const wake = (): void => {
    flusher.wake();
    sender.wake();
  };
  const reload = reloading(wiring, {
    ...options,
    take: (next) => void (current = next),
    onTaken: flusher.wake,
  });
  function onInEffect(isSo: boolean): void {
    if (!isSo) {
      log.warn(
        'another process goes by newer routes: this one looks at no groups and sends nothing until its configuration is read again',
      );
      return;
    }
    log.info('the routes of this process are in effect again');
    void grouping
      .mend()
      .then(wake)
      .catch((error: unknown) => log.warn({ err: error }, 'groups that are missing cannot be made now'));
  }
  tell(metrics, current);

  parts.push({ name: 'receivers', stop: () => closeAll(current) });
  parts.push({ name: 'sender', stop: () => sender.stop() });
  parts.push({ name: 'storms', stop: () => storms.stop() });
  parts.push({ name: 'flusher', stop: () => flusher.stop() });
  parts.push({ name: 'expiry', stop: () => expiry.stop() });
  parts.push({ name: 'hearing', stop: () => hearing.stop() });
  return {
    ...{ grouping, metrics, inEffect, hearing, peers },
    ...{ mutes: wiring.mutes, underWay: wiring.underWay },
    routing: () => routingOf(current, ofRules),
    async groupOf(fingerprint) {
      const first = () => grouping.routing().index.placesOf(fingerprint)[0]?.id ?? null;
      // One that has just fired may be in the rows alone.
      if (first() === null) await grouping.known.refresh().catch(() => undefined);
      return first();
    },
    async start() {
      parts.push({ name: 'listener', stop: await history.groups.listen(wake) });
      sender.start();
      storms.start();
      expiry.start();
      hearing.start();
      const delay = setTimeout(() => flusher.start(), options.startDelayMs);
      const tidying = every(FORGET_EVERY_MS, reload.tidy, (error) =>
        log.debug({ err: error }, messageOf(error)),
      );
      process.on('SIGHUP', reload.onHangup);
      parts.push({
        name: 'timers',
        stop: async () => {
          clearTimeout(delay);
          clearInterval(tidying);
          process.off('SIGHUP', reload.onHangup);
        },
      });
    },
    wake: flusher.wake,
    reload: reload.now,
  };
}

/** What the pieces are wired with. */
interface Wiring {
  readonly shared: Shared;
  readonly history: History;
  readonly grouping: Grouping;
  readonly underWay: UnderWay;
  readonly peers: Peers;
  readonly metrics: AlertmanagerMetrics;
  readonly mutes: AlertMutes;
  readonly maintained: MaintenanceNames;
  /** Silences that hold pages back. */
  readonly untilReminded: AlertMutes['silencer'];
  readonly inEffect: () => InEffect;
}

function mutesOf(
  inEffect: () => InEffect,
  silencer: AlertMutes['silencer'],
  targetDown: TargetDownMutes | null,
): AlertMutes {
  return {
    silencer,
    inhibitedBy(alert, at) {
      const by = inEffect().inhibition.inhibitedBy(alert.labels, at);
      return by.length > 0 || targetDown === null ? by : targetDown.mutedBy(alert, at);
    },
    timeMutedBy: (route, at) => inEffect().timeMutes(route, at)?.names ?? [],
  };
}

function senderOf(
  { shared: { log }, history, grouping, metrics, inEffect }: Wiring,
  { onBacklog, policies }: Pick<GroupsOptions, 'onBacklog' | 'policies'>,
): GroupSender {
  const byReceiver = new Map(policies.map(({ name, ...policy }) => [name, policy]));
  return createGroupSender({
    store: history.groups,
    integrations: () => inEffect().integrations,
    compose: composeWith(grouping, now),
    refresh: grouping.known.refresh,
    now: () => new Date(),
    log,
    onBacklog,
    policyOf: (receiver) => byReceiver.get(receiver),
    rateLimits: history.rateLimits,
    onSent({ integration: { kind: integration }, outcome, tookMs }) {
      metrics.notificationRequests.inc({ integration });
      metrics.notificationLatencySeconds.observe({ integration }, tookMs / 1_000);
      if (outcome !== 'sent') metrics.notificationRequestsFailed.inc({ integration });
      if (outcome !== 'retry') metrics.notifications.inc({ integration });
      if (outcome === 'refused') metrics.notificationsFailed.inc({ integration, reason: 'other' });
    },
  });
}

function flusherOf(wiring: Wiring, onMessages: (messages: number) => void): Turns {
  const { history, grouping, underWay, metrics, mutes, inEffect } = wiring;
  const { log } = wiring.shared;
  return createFlusher({
    store: history.groups,
    known: grouping.known,
    routing: grouping.routing,
    underWay,
    verdicts: createGroupVerdicts({
      ...mutes,
      silencer: wiring.untilReminded,
      integrationsOf: (receiver) => inEffect().integrationsOf(receiver),
      log,
    }),
    now,
    log,
    holdersOf: createHoldersOf(
      grouping.known,
      (source, target) => inEffect().inhibition.ruleBetween(source, target) ?? shippedBetween(source, target),
      wiring.maintained.holder,
    ),
    onMessages,
    onStray: () =>
      void grouping
        .mend()
        .catch((error: unknown) => log.debug({ err: error }, 'groups that are missing cannot be made now')),
    onLook: (_, { held }) => held.forEach(({ reason }) => metrics.notificationsSuppressed.inc({ reason })),
  });
}

interface Reloading extends Pick<GroupsOptions, 'read' | 'ofRules' | 'mends'> {
  /** All works by this from now on. */
  readonly take: (next: InEffect) => void;
  /** The groups are those of its routes. */
  readonly onTaken: () => void;
}

type Reloaded = Pick<Wiring, 'shared' | 'history' | 'grouping' | 'peers' | 'metrics' | 'inEffect'>;

/** Exported for its test. */
export function reloading(wiring: Reloaded, { read, ofRules, mends, take, onTaken }: Reloading) {
  const { history, grouping, peers, metrics, inEffect, shared } = wiring;
  const { log } = shared;
  /** A reload has changed the routes while the rows could not be written. */
  let isMoving = false;
  let running: Promise<void> = Promise.resolve();
  let waiting: Promise<void> | null = null;

  function readOrTell(): InEffect {
    try {
      return read();
    } catch (error) {
      metrics.configRefused();
      throw error;
    }
  }

  /** One at a time, by what is in effect when its turn comes: of two at once the later one's routes would stay by chance. */
  function move(): Promise<void> {
    waiting ??= running
      .catch(() => undefined)
      .then(() => {
        waiting = null;
        return (running = moveTo(inEffect()));
      });
    return waiting;
  }

  /** The routes come first: from then on no process that goes by older ones touches what is moved here. */
  async function moveTo(next: InEffect): Promise<void> {
    isMoving = true;
    await history.records.keepRouting(routingOf(next, ofRules), { id: shared.id, isReload: true });
    await peers.beat();
    await grouping.reroute(next.config.route);
    isMoving = false;
  }

  async function reload(): Promise<void> {
    const next = readOrTell();
    const before = inEffect();
    for (const alert of grouping.known.all()) noteForInhibition(next.inhibition, alert);
    take(next);
    tell(metrics, next);
    await move().catch((error: unknown) =>
      log.warn({ err: error }, `open groups move when their rows can be written: ${messageOf(error)}`),
    );
    onTaken();
    log.info({ file: next.file }, `configuration loaded: ${next.file}`);
    closeLater(before);
  }

  async function mend(): Promise<void> {
    const made = await grouping.mend();
    if (made > 0) log.warn({ made }, `${made} groups had lost their rows, and have them again`);
  }

  return {
    now: reload,
    onHangup: (): void =>
      void reload().catch((error: unknown) =>
        log.error({ err: error }, `the configuration was not read again: ${messageOf(error)}`),
      ),
    async tidy(): Promise<void> {
      await (waiting ?? running).catch(() => undefined);
      if (isMoving) await move();
      if (mends) await mend();
      await grouping.forget();
    },
  };
}

function tell(metrics: AlertmanagerMetrics, { text, config, integrations }: InEffect): void {
  metrics.configRead(text, new Date());
  metrics.receivers.set(config.receivers.length);
  metrics.integrations.set(integrations.size);
  metrics.inhibitionRules.set(config.inhibitRules.length);
  metrics.notifiedBy([...integrations.values()].map(({ kind }) => kind));
}

function every(ms: number, run: () => Promise<void>, onError: (error: unknown) => void): NodeJS.Timeout {
  return setInterval(() => void run().catch(onError), ms);
}

/** What waits for the rows is woken when a batch is written. */
export function wakingAfter(handle: BatchHandler, wake: () => void): BatchHandler {
  return async (batch) => {
    await handle(batch);
    wake();
  };
}

/** The one rule that no file names. */
const shippedBetween = (source: Labels, target: Labels): { index: number; name: string } | null =>
  instanceIn(source) !== null && instanceIn(source) === instanceIn(target)
    ? { index: 0, name: 'target down' }
    : null;

const routingOf = ({ config, integrations }: InEffect, ofRules: boolean): RecordedRouting => ({
  ofRules,
  route: config.route,
  integrations: [...integrations].map(([name, { sendResolved }]) => ({ name, sendResolved })),
});
