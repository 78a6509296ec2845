/** The evaluator: reads metrics, decides by the rules, and writes transitions to `gds.alerts`. */
import type { Config } from '../src/config/config';
import { createGlobalHost } from '../src/evaluate/global-host';
import { planGroups, type GlobalPlan } from '../src/evaluate/global-groups';
import type { AlertTopic } from '../src/evaluate/host';
import type { Kept } from '../src/evaluate/port';
import { waitForDependency } from '../src/observe/observe';
import { parseQuestion, SERIES_PATH } from '../src/query/answer-lines';
import { createAnswerer } from '../src/query/answerer';
import { createBrokerClock } from '../src/stream/broker-clock';
import { isOnlyPool } from '../src/stream/evaluators';
import type { StreamEvent } from '../src/stream/events';
import type { Kafka } from '../src/stream/kafka';
import { consumeMetrics } from '../src/stream/metric-consumer';
import { followOpenAlerts } from '../src/stream/open-alerts';
import { createMetricPublisher, createTransitionPublisher } from '../src/stream/publishers';
import { createSharedPublisher, ensureSharedTopic } from '../src/stream/slot-topic';
import { createSnapshotTopic, ensureSnapshotTopic, type SnapshotTopic } from '../src/stream/snapshot-topic';
import {
  derivedTopic,
  ensureShadowTopic,
  isDerivedTopic,
  METRIC_PARTITIONS,
  MOST_DERIVED_TOPICS,
  partitionOfKey,
  shadowTopic,
  sharedTopic,
} from '../src/stream/topics';
import type { Shared } from './compose';
import { evaluateObserver, slotObserver, streamObserver } from './observers';
import { createReload, stateOf, type Reload } from './reload';
import { openWhole, type Opened, type Part } from './run';

/** Another evaluator goes on with rules across instances within 5 s of a death: this, and joining, and reading again. */
const SESSION_TIMEOUT_MS = 3_000;
const LOOK_AT_SLOTS_MS = 5_000;
/** What does not come in time is read again from the metrics. */
const SNAPSHOT_WITHIN_MS = 5_000;

export async function startEvaluator(shared: Shared): Promise<void> {
  const { config, metrics, parts, health, reread, answers, log } = shared;
  // Kafka may let this process wait for long.
  const seen = stateOf(config);
  let reload: Reload | null = null;
  const onClockSetBack = (byMs: number): void => {
    const ahead = Math.round(byMs / 1_000);
    log.error({ byMs }, `kafka's clock was ${ahead} s ahead, and has been set back: evaluation begins anew`);
    void reload?.anew("Kafka's clock has been set back").catch(() => undefined);
  };
  let running = await openEvaluator(shared, config, onClockSetBack);
  health.register('metric consumer', () => running.value.check());
  parts.push({ name: 'evaluator', stop: () => running.stop() });
  const { id } = shared;
  const answerer = { id, instance: config.instance, pool: config.evaluate.pool };
  const answer = createAnswerer({ answerer, kept: () => running.value.kept() });
  answers.set(SERIES_PATH, async function* (asked, gone) {
    yield* answer(parseQuestion(asked), gone);
  });
  if (reread === null) return;
  reload = createReload({
    ...{ config, reread, log, seen },
    onRead: (isGood) => metrics.rulesReadWell.set(isGood ? 1 : 0),
    async take(next) {
      // As a process that ends and one that begins: what is open and pending goes on where its rule is the same.
      await running.stop();
      running = await openEvaluator(shared, next, onClockSetBack);
    },
  });
  const { now, part } = reload;
  shared.onReload(() => now('asked over HTTP'));
  parts.push(part);
}

interface RunningEvaluator {
  /** What it reads and keeps; throws while it has no place in its group. */
  check(): Promise<string>;
  kept(): Kept;
}

const openEvaluator = (
  shared: Shared,
  config: Config,
  onClockSetBack: (byMs: number) => void,
): Promise<Opened<RunningEvaluator>> =>
  openWhole(shared.log, (parts) => openParts(shared, config, parts, onClockSetBack));

/** `onClockSetBack`: what is open has come too far, and waits until it is opened anew. */
async function openParts(
  shared: Shared,
  { ruleGroups }: Config,
  parts: Part[],
  onClockSetBack: (byMs: number) => void,
): Promise<RunningEvaluator> {
  const { config, metrics } = shared;
  const kafka = await shared.kafka();
  const { instance } = config;
  const { pool } = config.evaluate;
  const { development } = config.kafka;
  const onEvent = streamObserver(shared);
  const onMetrics = (event: StreamEvent): void => {
    if (event.kind === 'batch' && event.topic !== sharedTopic(instance, pool))
      metrics.samplesConsumed.inc(event.messages);
    onEvent(event);
  };
  const plan = await planOn(kafka, shared, ruleGroups);
  const snapshots = await openSnapshots(kafka, shared, onEvent);
  parts.push({ name: 'snapshots', stop: () => snapshots.close() });
  const shadow = await openShadow(kafka, shared, ruleGroups, onEvent);
  parts.push(...(shadow?.parts ?? []));
  const openAlerts = followOpenAlerts({ kafka, instance, onEvent });
  parts.push({ name: 'open alerts', stop: () => openAlerts.close() });
  const publisher = createTransitionPublisher({ kafka, instance, onEvent });
  parts.push({ name: 'transition publisher', stop: () => publisher.close() });
  const toSlots = createSharedPublisher({ kafka, instance, pool, onEvent });
  parts.push({ name: 'publisher to slots', stop: () => toSlots.close() });
  const derived = createMetricPublisher({
    ...{ kafka, instance, development, onEvent },
    ...{ lane: 'derived metrics', topicOf: derivedTopic, lingerMs: 0, timeoutMs: 5_000 },
    bound: {
      most: MOST_DERIVED_TOPICS,
      counts: (topic) => isDerivedTopic(instance, topic),
      rest: derivedTopic(instance, { tags: { environment: 'other' } }),
    },
  });
  parts.push({ name: 'derived metrics', stop: () => derived.close() });
  const clock = createBrokerClock({
    ...{ kafka, instance, development },
    onEvent(event) {
      onEvent(event);
      if (event.kind === 'broker_clock_set_back') onClockSetBack(event.byMs);
    },
  });
  parts.push({ name: 'broker clock', stop: () => clock.close() });
  const host = createGlobalHost({
    ...{ plan, pool },
    // Whoever may not ask for groups cannot know of others.
    isOnlyPool: await isOnlyPool(kafka, { instance, pool }).catch(() => false),
    intervalMs: config.evaluate.intervalMs,
    externalLabels: config.externalLabels,
    externalUrl: config.externalUrl,
    openAlerts,
    publisher,
    shadow: shadow?.topic,
    shared: { topic: sharedTopic(instance, pool), publish: toSlots.publish },
    derived,
    isDerived: (topic) => isDerivedTopic(instance, topic),
    partitionOf: (instanceId) => partitionOfKey('gds.metrics', instanceId, METRIC_PARTITIONS),
    now: clock.now,
    onEvent: evaluateObserver(shared),
  });
  const consumer = consumeMetrics({
    ...{ kafka, instance, pool, sink: host, clock },
    says: { id: shared.id, http: shared.address },
    timing: config.evaluate,
    snapshots: { topic: snapshots, everyMs: config.evaluate.snapshotEveryMs },
    sessionTimeoutMs: SESSION_TIMEOUT_MS,
    onEvent: onMetrics,
  });
  parts.push({ name: 'metric consumer', stop: () => consumer.stop() });
  const onSlots = slotObserver(shared);
  const watching = setInterval(() => onSlots(host.slots(), clock.now()), LOOK_AT_SLOTS_MS);
  parts.push({ name: 'slots', stop: async () => clearInterval(watching) });
  metrics.rulesLoaded.set(ruleGroups.reduce((sum, { rules }) => sum + rules.length, 0));
  return {
    async check() {
      if (!consumer.joined()) throw new Error('it has not joined its group');
      if (clock.now() === -Infinity) throw new Error('Kafka has not said its time: nothing is evaluated');
      const { series, partitions, unsent } = host.stats();
      return `${partitions} partitions, ${series} series, ${unsent} transitions to send`;
    },
    kept: host.kept,
  };
}

async function openSnapshots(
  kafka: Kafka,
  { config, log, signal }: Shared,
  onEvent: (event: StreamEvent) => void,
): Promise<SnapshotTopic> {
  const { instance, evaluate } = config;
  const { pool } = evaluate;
  const { development } = config.kafka;
  const ensure = () => ensureSnapshotTopic(kafka, instance, pool, { development });
  await waitForDependency('kafka', ensure, { log, signal });
  return createSnapshotTopic({ kafka, instance, pool, onEvent, readWithinMs: SNAPSHOT_WITHIN_MS });
}

/** Only rules on trial need a topic of what they would have told, and the view of it. */
async function openShadow(
  kafka: Kafka,
  { config, log, signal }: Shared,
  ruleGroups: Config['ruleGroups'],
  onEvent: (event: StreamEvent) => void,
): Promise<{ readonly topic: AlertTopic; readonly parts: readonly Part[] } | null> {
  const rules = ruleGroups.flatMap((group) => group.rules);
  if (!rules.some((rule) => rule.kind === 'alert' && rule.mode === 'shadow')) return null;
  const { instance } = config;
  const { development } = config.kafka;
  await waitForDependency('kafka', () => ensureShadowTopic(kafka, instance, { development }), {
    log,
    signal,
  });
  const at = { kafka, instance, topic: shadowTopic(instance), onEvent };
  const openAlerts = followOpenAlerts(at);
  const publisher = createTransitionPublisher({ ...at, lane: 'shadow transitions' });
  return {
    topic: { openAlerts, publisher },
    parts: [
      { name: 'open shadow alerts', stop: () => openAlerts.close() },
      { name: 'shadow publisher', stop: () => publisher.close() },
    ],
  };
}

/** Only rules across instances need a topic of their own. */
async function planOn(
  kafka: Kafka,
  { config, log, signal }: Shared,
  ruleGroups: Config['ruleGroups'],
): Promise<GlobalPlan> {
  const { instance, evaluate } = config;
  const plan = planGroups(ruleGroups, METRIC_PARTITIONS);
  if (plan.global.length === 0) return plan;
  const { development } = config.kafka;
  const partitions = await waitForDependency(
    'kafka',
    () => ensureSharedTopic(kafka, instance, evaluate.pool, { development }),
    { log, signal },
  );
  return planGroups(ruleGroups, partitions);
}
