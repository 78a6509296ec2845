/**
 * Latency of an idle system: from a sample handed to Kafka to the first notification's HTTP call, through evaluator,
 * dispatcher, life and notifier as they run for work. One alert after the other, each alone.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { untilClosed } from './closed';
import { Client, Connection } from '@temporalio/client';
import { taskQueueName } from '../src/domain/identity';
import type { Metric } from '../src/domain/metric';
import { fingerprint } from '../src/domain/labels';
import { createMetricPublisher } from '../src/stream/publishers';
import type { MetricPublisher } from '../src/stream/port';
import { metricTopic } from '../src/stream/topics';
import { quantile, rounded, startMeter, type BenchResult, type BenchStage, type Figure } from './measure';
import { startSystem, type System } from './system';

const ALERTS = 50;
const WARM_UP = 10;
const AIM_MS = 100;
/** Between two alerts: at moments that keep step with no poll of the system. */
const PAUSE_MS = { least: 50, most: 450 };

const RULE = {
  name: 'MemoryNearlyUsedUp',
  metric: 'memory_used_percent',
  threshold: 90,
  severity: 'critical',
};

interface Timed {
  readonly way: 'fire' | 'remediate';
  readonly ms: number;
  readonly foreignCpuSeconds: number | null;
}

export async function benchLatency(stage: BenchStage): Promise<BenchResult> {
  const all: Timed[] = [];
  for (const way of ['fire', 'remediate'] as const) {
    stage.say(`${WORDS[way]}: starting`);
    const timed = await timeAlerts(stage, way);
    all.push(...timed);
    const of = (q: number): string =>
      rounded(
        quantile(
          timed.map(({ ms }) => ms),
          q,
        ),
      );
    stage.say(`${WORDS[way]}: p50 ${of(0.5)} ms, p95 ${of(0.95)} ms`);
  }
  return resultOf(all);
}

async function timeAlerts(stage: BenchStage, way: Timed['way']): Promise<Timed[]> {
  const system = await startSystem(stage, {
    roles: ['evaluator', 'effects', 'dispatcher'],
    notifyAfter: way,
    more: { rules: [RULE] },
    metricTopics: (instance) => [metricTopic(instance, sampleOf('none', 0))],
  });
  // A sample leaves at once: how long a collector gathers is its own affair.
  const publisher = createMetricPublisher({ kafka: system.kafka, instance: system.instance, lingerMs: 0 });
  const connection = await Connection.connect({ address: stage.temporal });
  const client = new Client({ connection });
  const timed: Timed[] = [];
  try {
    await untilReady(system, publisher);
    for (let at = 0; at < WARM_UP + ALERTS; at++) {
      await sleep(PAUSE_MS.least + Math.random() * (PAUSE_MS.most - PAUSE_MS.least));
      const stop = startMeter();
      const ms = await Promise.race([timeOne(system, publisher), system.child.lost]);
      if (at >= WARM_UP) timed.push({ way, ms, foreignCpuSeconds: stop().foreignCpuSeconds });
      await untilClosed(client, taskQueueName(system.instance, 'lifecycle'));
    }
    return timed;
  } finally {
    await publisher.close();
    await connection.close();
    await system.close();
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

const WORDS: Record<Timed['way'], string> = {
  fire: 'a receiver that is told at once (notify_after: fire)',
  remediate: 'a receiver that is told what was found and tried (notify_after: remediate)',
};

function resultOf(all: readonly Timed[]): BenchResult {
  const figure = (way: Timed['way'], q: number, aim: number | null): Figure => ({
    name: `${WORDS[way]}: p${q * 100}`,
    unit: 'ms',
    value: quantile(
      all.filter((one) => one.way === way).map(({ ms }) => ms),
      q,
    ),
    aim,
  });
  return {
    name: 'Latency',
    method:
      `${ALERTS} alerts for each way of telling, one after the other on an otherwise idle system; evaluator, dispatcher and effects in one process. The clock runs from the ` +
      `moment before the sample is handed to the producer to the arrival of the first notification's HTTP request: Kafka → evaluate → gds.alerts → message in ` +
      `Postgres → call, and for the second way also the life's start, its first record and the enrichment from our own records before the call. ` +
      `How long a collector gathers samples (100 ms at most) and how often it collects is not in it.`,
    ratios: [],
    figures: [
      figure('fire', 0.5, AIM_MS),
      figure('fire', 0.95, null),
      figure('remediate', 0.5, AIM_MS),
      figure('remediate', 0.95, null),
    ],
    notes: [],
    rounds: tens(all).map((some) => ({
      'told after': some[0]!.way,
      alerts: some.length,
      'fastest, ms': Math.min(...some.map(({ ms }) => ms)),
      'median, ms': quantile(
        some.map(({ ms }) => ms),
        0.5,
      ),
      'slowest, ms': Math.max(...some.map(({ ms }) => ms)),
    })),
  };
}

function tens(all: readonly Timed[]): (readonly Timed[])[] {
  return Array.from({ length: Math.ceil(all.length / 10) }, (_, at) => all.slice(at * 10, at * 10 + 10));
}
