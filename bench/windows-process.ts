/**
 * The measured process of windows: reads the metric topics as an evaluator does (fetch, decode, check, commit), and hands
 * them to one rule engine over all partitions. What the engine does is counted apart from what brings the samples there:
 * they wait in a list until time passes, and are taken together.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Metric } from '../src/domain/metric';
import { createBrokerClock } from '../src/stream/broker-clock';
import { createKafka } from '../src/stream/kafka';
import { consumeMetrics } from '../src/stream/metric-consumer';
import type { MetricSink } from '../src/stream/port';
import { METRIC_PARTITIONS } from '../src/stream/topics';
import { startMeter } from './measure';
import { createEvaluating, groupOf, INTERVAL_MS, ruleTexts, type Evaluating, type RuleKind } from './rules';
import { sampleAt, SERIES } from './series';

export interface EvaluatedFor {
  readonly evaluations: number;
  /** Evaluations that had not ended when the next was due. */
  readonly missed: number;
  /** Of the samples' way into the windows, and of the evaluations. */
  readonly evaluationCpu: number;
  /** Of the whole process: fetching, decoding and committing besides. */
  readonly totalCpu: number;
  readonly wallSeconds: number;
  /** The longest evaluation, samples not included. */
  readonly longestMs: number;
  readonly meanMs: number;
  readonly samples: number;
  readonly residentMib: number;
  readonly firing: readonly Record<string, string>[];
}

interface Spent {
  evaluations: number;
  missed: number;
  cpu: number;
  evaluatingMs: number;
  longestMs: number;
  samples: number;
}

const nothing = (): Spent => ({
  ...{ evaluations: 0, missed: 0, cpu: 0, evaluatingMs: 0, longestMs: 0, samples: 0 },
});

const MOST_MS = 20;

/** A sink as the evaluator's host is one, for all partitions together: the slowest one's time counts. */
function engineSink({ engine, evaluatedAt }: Evaluating) {
  let spent = nothing();
  let metrics: Metric[] = [];
  let times: number[] = [];
  let edge: (() => void) | null = null;
  const reached = new Array<number>(METRIC_PARTITIONS).fill(-Infinity);
  let reachedAll = -Infinity;

  function counted<T>(work: () => T): T {
    const before = process.cpuUsage();
    const result = work();
    const { user, system } = process.cpuUsage(before);
    spent.cpu += (user + system) / 1e6;
    return result;
  }

  function take(): void {
    if (metrics.length === 0) return;
    counted(() => metrics.forEach((metric, i) => engine.offer(metric, times[i]!)));
    spent.samples += metrics.length;
    metrics = [];
    times = [];
  }

  function evaluate(time: number): boolean {
    const before = evaluatedAt();
    const began = performance.now();
    const isDone = counted(() => engine.advance(time, MOST_MS));
    if (evaluatedAt() > before) noteEvaluation(performance.now() - began);
    return isDone;
  }

  function noteEvaluation(ms: number): void {
    spent.evaluations += 1;
    spent.evaluatingMs += ms;
    spent.longestMs = Math.max(spent.longestMs, ms);
    if (Date.now() - evaluatedAt() > INTERVAL_MS) spent.missed += 1;
    edge?.();
    edge = null;
  }

  const sink: MetricSink = {
    lookbackMs: 0,
    assigned: () => Promise.resolve(),
    offer(metric, time) {
      metrics.push(metric);
      times.push(time);
    },
    reached(partition, time) {
      reached[partition] = time;
      const all = Math.min(...reached);
      if (all <= reachedAll) return true;
      take();
      const isDone = evaluate(all);
      if (isDone) reachedAll = all;
      return isDone;
    },
    flush() {
      take();
      return Promise.resolve();
    },
  };
  return {
    sink,
    /** Resolves when an evaluation has ended. */
    nextEdge: () => new Promise<void>((resolve) => (edge = resolve)),
    /** What was spent since the last call. */
    spentSince(): Spent {
      const since = spent;
      spent = nothing();
      return since;
    },
  };
}

/** From the end of an evaluation to the end of one about so many seconds later. */
async function evaluateFor(
  seconds: number,
  { nextEdge, spentSince }: ReturnType<typeof engineSink>,
  { firing }: Evaluating,
): Promise<EvaluatedFor> {
  await nextEdge();
  spentSince();
  const stop = startMeter();
  for (const until = performance.now() + seconds * 1_000; performance.now() < until;) await nextEdge();
  const { cpu, evaluatingMs, ...spent } = spentSince();
  const { cpuSeconds, wallSeconds } = stop();
  return {
    ...spent,
    evaluationCpu: cpu,
    totalCpu: cpuSeconds,
    wallSeconds,
    meanMs: evaluatingMs / spent.evaluations,
    residentMib: process.memoryUsage.rss() / 2 ** 20,
    firing: firing(),
  };
}

/** Until the compiler has seen the work. */
const WARM_UP_SECONDS = 4;

async function main([broker, instance, kind, origin, from]: string[]): Promise<void> {
  const evaluating = createEvaluating(groupOf(ruleTexts(kind as RuleKind)));
  for (let second = Number(origin); second < Number(from); second++)
    for (let series = 0; series < SERIES; series++)
      evaluating.engine.offer(sampleAt(series, second, Number(origin)), second * 1_000);
  const counting = engineSink(evaluating);
  const kafka = createKafka({ brokers: [broker!], clientId: 'windows' });
  const pool = randomBytes(4).toString('hex');
  const clock = createBrokerClock({ kafka, instance: instance! });
  const consumer = consumeMetrics({ kafka, instance: instance!, pool, sink: counting.sink, clock });
  process.send!({ ready: true });
  const [{ seconds }] = (await once(process, 'message')) as [{ seconds: number }];
  await evaluateFor(WARM_UP_SECONDS, counting, evaluating);
  process.send!(await evaluateFor(seconds, counting, evaluating));
  await once(process, 'message');
  await consumer.stop();
  await clock.close();
  process.exit(0);
}

if (require.main === module) void main(process.argv.slice(2));
