/**
 * Latency: from a sample handed to Kafka to the first notification's HTTP call, through evaluator, dispatcher, life and
 * notifier as they run for work. One alert after the other: each alone on an idle system, and beside alerts whose lives
 * begin and end at half the rate that the system can keep up.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { taskQueueName } from '../src/domain/identity';
import type { Metric } from '../src/domain/metric';
import { fingerprint } from '../src/domain/labels';
import { createMetricPublisher, createTransitionPublisher } from '../src/stream/publishers';
import type { MetricPublisher } from '../src/stream/port';
import { metricTopic } from '../src/stream/topics';
import { keepLiving, livesOf, mostLives } from './background-lives';
import { untilClosed } from './closed';
import { quantile, rounded, type BenchResult, type BenchStage, type Figure } from './measure';
import { startSystem, type System } from './system';

interface Sizes {
  readonly alerts: number;
  readonly remediated: number;
  readonly warmUp: number;
  /** For the rate that the system can keep up. */
  readonly capacitySeconds: number;
}

const FULL: Sizes = { alerts: 200, remediated: 50, warmUp: 10, capacitySeconds: 15 };
const SHORT: Sizes = { alerts: 20, remediated: 10, warmUp: 3, capacitySeconds: 5 };
/** Between two alerts: at moments that keep step with no poll of the system. */
const PAUSE_MS = { least: 50, most: 450 };

const RULE = {
  name: 'MemoryNearlyUsedUp',
  metric: 'memory_used_percent',
  threshold: 90,
  severity: 'critical',
};

type Way = 'fire' | 'remediate' | 'loaded';

const WORDS: Record<Way, string> = {
  fire: 'a receiver that is told at once (notify_after: fire)',
  remediate: 'a receiver that is told what was found and tried (notify_after: remediate)',
  loaded: 'a receiver that is told at once, at half of the lives that go at most',
};

/** In ms; null where none was set. */
const AIMS: readonly (readonly [Way, q: number, aim: number | null])[] = [
  ['fire', 0.5, 40],
  ['fire', 0.95, null],
  ['fire', 0.99, 150],
  ['remediate', 0.5, 100],
  ['remediate', 0.95, null],
  ['loaded', 0.5, null],
  ['loaded', 0.99, 500],
];

interface Timed {
  readonly way: Way;
  readonly ms: number;
}

type TimeNext = () => Promise<Timed['ms']>;

export async function benchLatency(stage: BenchStage): Promise<BenchResult> {
  const sizes = stage.short ? SHORT : FULL;
  const connection = await Connection.connect({ address: stage.temporal });
  const client = new Client({ connection });
  const idle = (way: Way, many: number) => (system: System, next: TimeNext) =>
    timeAlerts(stage, way, many, next, () =>
      untilClosed(client, taskQueueName(system.instance, 'lifecycle')),
    );
  try {
    let load: Load | null = null;
    const fire = await withSystem(stage, 'fire', sizes, async (system, next) => {
      const alone = await idle('fire', sizes.alerts)(system, next);
      const loaded = await timeLoaded(stage, client, system, sizes, next);
      load = loaded.load;
      return [...alone, ...loaded.timed];
    });
    const remediate = await withSystem(stage, 'remediate', sizes, idle('remediate', sizes.remediated));
    return resultOf([...fire, ...remediate], sizes, load!);
  } finally {
    await connection.close();
  }
}

async function withSystem(
  stage: BenchStage,
  notifyAfter: 'fire' | 'remediate',
  { warmUp }: Sizes,
  use: (system: System, next: TimeNext) => Promise<Timed[]>,
): Promise<Timed[]> {
  stage.say(`notify_after ${notifyAfter}: starting`);
  const system = await startSystem(stage, {
    roles: ['evaluator', 'effects', 'dispatcher'],
    notifyAfter,
    more: { rules: [RULE] },
    metricTopics: (instance) => [metricTopic(instance, sampleOf('none', 0))],
  });
  // A sample leaves at once: how long a collector gathers is its own affair.
  const publisher = createMetricPublisher({ kafka: system.kafka, instance: system.instance, lingerMs: 0 });
  const next: TimeNext = () => Promise.race([timeOne(system, publisher), system.child.lost]);
  try {
    await untilReady(system, publisher);
    for (let at = 0; at < warmUp; at++) await next();
    return await use(system, next);
  } finally {
    await publisher.close();
    await system.close();
  }
}

/** One after the other, each once its `rest` is over. */
async function timeAlerts(
  stage: BenchStage,
  way: Way,
  many: number,
  next: TimeNext,
  rest: () => Promise<void> = () => Promise.resolve(),
): Promise<Timed[]> {
  const timed: Timed[] = [];
  for (let at = 0; at < many; at++) {
    await sleep(PAUSE_MS.least + Math.random() * (PAUSE_MS.most - PAUSE_MS.least));
    timed.push({ way, ms: await next() });
    await rest();
  }
  const of = (q: number): string => `p${q * 100} ${rounded(quantileOf(timed, way, q))} ms`;
  stage.say(`${WORDS[way]}: ${[0.5, 0.95, 0.99].map(of).join(', ')}`);
  return timed;
}

interface Load {
  /** Lives a second that the system can keep up. */
  readonly most: number;
  /** That began and ended beside what was measured. */
  readonly beside: number;
}

async function timeLoaded(
  stage: BenchStage,
  client: Client,
  system: System,
  { alerts, capacitySeconds }: Sizes,
  next: TimeNext,
): Promise<{ readonly timed: Timed[]; readonly load: Load }> {
  const publisher = createTransitionPublisher({ kafka: system.kafka, instance: system.instance });
  try {
    const live = livesOf(system, publisher);
    const most = await mostLives(client, system, live, capacitySeconds);
    stage.say(`${rounded(most)} lives a second at most; half of that beside`);
    const lives = keepLiving(most / 2, live);
    const began = performance.now();
    const timed = await Promise.race([timeAlerts(stage, 'loaded', alerts, next), lives.failed]);
    const seconds = (performance.now() - began) / 1_000;
    return { timed, load: { most, beside: (await lives.stop()) / seconds } };
  } finally {
    await publisher.close();
  }
}

/** Alerts until one comes through: by then everybody has joined their groups. */
async function untilReady(system: System, publisher: MetricPublisher): Promise<void> {
  for (;;) {
    const late = sleep(2_000, 'late' as const, { ref: false });
    if ((await Promise.race([timeOne(system, publisher), late])) !== 'late') return;
  }
}

async function timeOne({ catcher }: System, publisher: MetricPublisher): Promise<number> {
  const host = `host-${randomBytes(4).toString('hex')}`;
  const breach = sampleOf(host, 95);
  const labels = {
    ...breach.tags,
    instance_id: host,
    database_type: breach.database_type,
    alertname: RULE.name,
    severity: RULE.severity,
    metric: RULE.metric,
  };
  const fired = catcher.caught(fingerprint(labels), 'fire');
  const resolved = catcher.caught(fingerprint(labels), 'resolved');
  const began = Date.now();
  await publisher.publish([breach]);
  const ms = (await fired) - began;
  await publisher.publish([sampleOf(host, 40)]);
  await resolved;
  return ms;
}

function sampleOf(host: string, value: number): Metric {
  return {
    timestamp: new Date().toISOString(),
    database_type: 'host',
    instance_id: host,
    metric_name: RULE.metric,
    value,
    tags: { environment: 'production', team: 'dba' },
  };
}

const quantileOf = (all: readonly Timed[], way: Way, q: number): number =>
  quantile(
    all.filter((one) => one.way === way).map(({ ms }) => ms),
    q,
  );

function resultOf(all: readonly Timed[], { alerts, remediated }: Sizes, { most, beside }: Load): BenchResult {
  return {
    name: 'Latency',
    method:
      `${alerts} alerts that are told at once (${remediated} that are told later), one after the other on an otherwise idle system; evaluator, dispatcher and effects in one process. The clock runs from the ` +
      `moment before the sample is handed to the producer to the arrival of the first notification's HTTP request: Kafka → evaluate → gds.alerts → message in ` +
      `Postgres → call, and where it is told what was found also the life's start, its first record and the enrichment from our own records before the call. ` +
      `How long a collector gathers samples (100 ms at most) and how often it collects is not in it.`,
    ratios: [],
    figures: AIMS.map(([way, q, aim]): Figure => ({
      ...{ name: `${WORDS[way]}: p${q * 100}`, unit: 'ms' },
      ...{ value: quantileOf(all, way, q), aim },
    })),
    notes: [
      `The lives that go at most (fire → notify → resolve, as under Lifecycle, here with the evaluator in the same process) were ${rounded(most)} a second; beside the ${alerts} alerts of that way ${rounded(beside)} a second began and ended.`,
    ],
    rounds: linesOf(all).map((some) => ({
      'told after': some[0]!.way === 'loaded' ? 'fire, at half of the lives' : some[0]!.way,
      alerts: some.length,
      'fastest, ms': Math.min(...some.map(({ ms }) => ms)),
      'median, ms': quantileOf(some, some[0]!.way, 0.5),
      'slowest, ms': Math.max(...some.map(({ ms }) => ms)),
    })),
  };
}

const A_LINE = 25;

/** Those of one way, a few to a line. */
function linesOf(all: readonly Timed[]): (readonly Timed[])[] {
  return (['fire', 'loaded', 'remediate'] as const).flatMap((way) => {
    const own = all.filter((one) => one.way === way);
    const lines = Math.ceil(own.length / A_LINE);
    return Array.from({ length: lines }, (_, at) => own.slice(at * A_LINE, (at + 1) * A_LINE));
  });
}
