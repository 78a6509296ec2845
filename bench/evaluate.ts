/**
 * Evaluation: messages a second through the whole path (Kafka → decode → 1,000 threshold rules over 200 instances × 50
 * metrics → transitions → commit) against bare kafkajs consume + JSON.parse of the same topic. Both read everything
 * from the beginning, in fresh processes, in turn; the clock runs from the moment the member has its partitions, and so
 * includes every fetch and its decoding, to the last message.
 *
 * Two rule sets: `one` has each rule on one series, as the peers' benches have; with `all` each rule is about every
 * instance, so that each message meets 20 rules. One alert in a hundred fires.
 */
import { randomBytes } from 'node:crypto';
import type { Kafka } from 'kafkajs';
import { NO_EXTENSIONS, type AlertRule, type RuleGroup } from '../src/domain/rule-group';
import { createEvaluatorHost } from '../src/evaluate/host';
import { compressionType, type Compression } from '../src/stream/compression';
import type { StreamEvent } from '../src/stream/events';
import { createKafka, withAdmin } from '../src/stream/kafka';
import { alertingGroup, consumeMetrics } from '../src/stream/metric-consumer';
import { followOpenAlerts } from '../src/stream/open-alerts';
import { createTransitionPublisher } from '../src/stream/publishers';
import { alertsTopic, ensureTopics } from '../src/stream/topics';
import {
  inFreshProcess,
  median,
  ratioOf,
  rounded,
  startMeter,
  type BenchResult,
  type BenchStage,
  type Metered,
} from './measure';
import { removeTopics } from './system';

const INSTANCES = 200;
const METRICS = 50;
const RULES = 1_000;
const SERIES = INSTANCES * METRICS;

const MESSAGES = 400_000;
const ROUNDS = 4;
const COMPRESSION: Compression = 'lz4';
const AIM = 0.5;

interface Run extends Metered {
  readonly messages: number;
  readonly transitions?: number;
}

type Mode = 'bare' | 'one' | 'all';

const topicOf = (instance: string): string => `${instance}.gds.metrics.postgresql.production`;

/** Fills a topic, measures, removes what it made. */
export async function benchEvaluate({ kafka: brokers, say }: BenchStage): Promise<BenchResult> {
  const broker = brokers[0]!;
  const instance = `b${randomBytes(5).toString('hex')}`;
  const kafka = createKafka({ brokers: [...brokers], clientId: instance });
  const all: (Run & { mode: Mode; round: number })[] = [];
  try {
    await ensureTopics(kafka, instance, [topicOf(instance)]);
    say(`writing ${MESSAGES} messages`);
    await fill(kafka, instance, MESSAGES, COMPRESSION);
    for (let round = 1; round <= ROUNDS; round++) {
      for (const mode of ['bare', 'one', 'all'] as const) {
        await emptyAlerts(kafka, instance);
        const run = await inFreshProcess<Run>(__filename, [broker, mode, instance, String(MESSAGES)]);
        all.push({ mode, round, ...run });
        say(`round ${round}, ${WORDS[mode]}: ${rounded(perWall(run))} messages/s`);
      }
    }
  } finally {
    await removeTopics(kafka, instance);
  }
  return resultOf(all);
}

const WORDS: Record<Mode, string> = {
  bare: 'bare kafkajs',
  one: 'whole path, each rule on one series',
  all: 'whole path, 20 rules meet each message',
};
const perWall = ({ messages, wallSeconds }: Run): number => messages / wallSeconds;
const perCpu = ({ messages, cpuSeconds }: Run): number => messages / cpuSeconds;

function resultOf(all: readonly (Run & { mode: Mode; round: number })[]): BenchResult {
  const of = (mode: Mode, figure: (run: Run) => number): number =>
    median(all.filter((run) => run.mode === mode).map(figure));
  const line = (name: string, mode: Mode, figure: (run: Run) => number, unit: string) =>
    ratioOf({ name, unit, ours: of(mode, figure), reference: of('bare', figure), aim: AIM });
  return {
    name: 'Evaluation',
    method:
      `${MESSAGES.toLocaleString('en')} messages (JSON, ${COMPRESSION}, 12 partitions) of ${SERIES.toLocaleString('en')} series ` +
      `(${INSTANCES} instances × ${METRICS} metrics) meet ${RULES.toLocaleString('en')} threshold rules. The whole path is Kafka → decode and validate → ` +
      `evaluate → transitions acknowledged by gds.alerts → offsets committed; the reference is kafkajs' eachBatch with JSON.parse of ` +
      `each value. Each reads the topic from its beginning in a process of its own, in turn; the clock runs from the assignment of the partitions to the last message.`,
    ratios: [
      line(WORDS.one, 'one', perWall, 'messages/s'),
      line('the same per CPU second', 'one', perCpu, 'messages/CPU s'),
      line(WORDS.all, 'all', perWall, 'messages/s'),
      line('the same per CPU second', 'all', perCpu, 'messages/CPU s'),
    ],
    figures: [],
    notes: [
      'One process, one thread of JavaScript: more evaluators in the group take partitions, and the rate grows with them.',
      'With each rule on one series, as peers measure it, one message in ten meets a rule; otherwise each message meets 20.',
    ],
    rounds: all.map(({ mode, round, ...run }) => ({
      round,
      run: WORDS[mode],
      'messages/s': Math.round(perWall(run)),
      'CPU s': run.cpuSeconds,
      'CPU s of others, Kafka included': run.foreignCpuSeconds,
      transitions: run.transitions ?? null,
    })),
  };
}

const messageOf = (i: number): { key: string; value: string } => {
  const series = i % SERIES;
  const instance = series % INSTANCES;
  const value = series % 100 === 7 ? 95 + (i % 3) * 0.1 : 40 + ((i * 7_919) % 4_000) / 100;
  return {
    key: `pg-${instance}`,
    value: JSON.stringify({
      timestamp: new Date(1.7e12 + Math.floor(i / SERIES) * 15_000).toISOString(),
      database_type: 'postgresql',
      instance_id: `pg-${instance}`,
      metric_name: `metric_${Math.floor(series / INSTANCES)}_percent`,
      value,
      tags: { environment: 'production', region: 'us-east-1', team: 'dba' },
      metadata: {
        collection_duration_ms: 12,
        version: '1.0',
        collector: 'pg-collector',
        correlation_id: `abc-${String(i).padStart(12, '0')}`,
      },
    }),
  };
};

async function fill(
  kafka: Kafka,
  instance: string,
  messages: number,
  compression: Compression,
): Promise<void> {
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  for (let from = 0; from < messages; from += 2_000) {
    const part = Array.from({ length: Math.min(2_000, messages - from) }, (_, i) => messageOf(from + i));
    await producer.send({
      topic: topicOf(instance),
      messages: part,
      compression: compressionType(compression),
    });
  }
  await producer.disconnect();
}

/** Each round begins without open alerts. */
async function emptyAlerts(kafka: Kafka, instance: string): Promise<void> {
  const topic = alertsTopic(instance);
  await withAdmin(kafka, async (admin) => {
    const ends = await admin.fetchTopicOffsets(topic);
    await admin.deleteTopicRecords({
      topic,
      partitions: ends.map(({ partition, high }) => ({ partition, offset: high })),
    });
  });
}

/** Twenty rules about each metric, each about one instance or about all. */
export function benchRules(mode: 'one' | 'all'): RuleGroup {
  const rules = Array.from({ length: RULES }, (_, k): AlertRule => {
    const instance = `pg-${Math.floor(k / METRICS) * (INSTANCES / (RULES / METRICS)) + 7}`;
    const series = `metric_${k % METRICS}_percent${mode === 'one' ? `{instance_id="${instance}"}` : ''}`;
    return {
      ...{ kind: 'alert', name: `Rule${k}`, forMs: 0, keepFiringForMs: 0, ...NO_EXTENSIONS },
      expr: `${series} > ${mode === 'one' || k < METRICS ? 90 : 99}`,
      recovery: `${series} <= 85`,
      ...{ noData: 'keep', cooldownMs: 60_000 },
      ...{ labels: { severity: 'warning', team: 'dba' }, annotations: { summary: 'bench' } },
    };
  });
  return { file: null, name: 'bench', intervalMs: null, queryOffsetMs: null, limit: 0, rules };
}

async function runBare(broker: string, instance: string, messages: number): Promise<Run> {
  const kafka = createKafka({ brokers: [broker], clientId: 'bare' });
  const consumer = kafka.consumer({ groupId: `${instance}.bare-${randomBytes(4).toString('hex')}` });
  await consumer.connect();
  await consumer.subscribe({ topic: topicOf(instance), fromBeginning: true });
  let seen = 0;
  let sum = 0;
  let stop: ReturnType<typeof startMeter> | undefined;
  const run = await new Promise<Run>((resolve, reject) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
    consumer.on(consumer.events.GROUP_JOIN, () => (stop = startMeter()));
    void consumer.run({
      autoCommit: false,
      partitionsConsumedConcurrently: 12,
      eachBatch: async ({ batch }) => {
        for (const { value } of batch.messages)
          sum += (JSON.parse(value!.toString()) as { value: number }).value;
        seen += batch.messages.length;
        if (seen >= messages && sum > 0) resolve({ messages: seen, ...stop!() });
      },
    });
  });
  await consumer.disconnect();
  return run;
}

async function runWhole(
  broker: string,
  instance: string,
  messages: number,
  mode: 'one' | 'all',
): Promise<Run> {
  const kafka = createKafka({ brokers: [broker], clientId: 'whole' });
  const pool = randomBytes(4).toString('hex');
  const publisher = createTransitionPublisher({ kafka, instance });
  const openAlerts = followOpenAlerts({ kafka, instance });
  let transitions = 0;
  const host = createEvaluatorHost({
    groups: [benchRules(mode)],
    openAlerts,
    publisher,
    onEvent: (event) => (transitions += event.kind === 'transition' ? 1 : 0),
  });
  let seen = 0;
  let stop: ReturnType<typeof startMeter> | undefined;
  const run = await new Promise<Run>((resolve) => {
    const onEvent = (event: StreamEvent): void => {
      if (event.kind === 'assigned') stop = startMeter();
      if (event.kind !== 'batch') return;
      seen += event.messages;
      if (seen >= messages) resolve({ messages: seen, transitions, ...stop!() });
    };
    const consumer = consumeMetrics({ kafka, instance, pool, sink: host, onEvent });
    ending = () => consumer.stop();
  });
  await ending();
  await openAlerts.close();
  await publisher.close();
  await assertCommitted(kafka, alertingGroup(instance, pool), topicOf(instance), messages);
  return run;
}

let ending: () => Promise<void> = () => Promise.resolve();

/** A run that had not committed what it read would not have been the whole path. */
async function assertCommitted(
  kafka: Kafka,
  groupId: string,
  topic: string,
  messages: number,
): Promise<void> {
  const [offsets] = await withAdmin(kafka, (admin) => admin.fetchOffsets({ groupId, topics: [topic] }));
  const committed = offsets!.partitions.reduce((sum, { offset }) => sum + Math.max(0, Number(offset)), 0);
  if (committed !== messages) throw new Error(`committed ${committed} of ${messages} messages`);
}

/** One run, in its own process. */
async function main([broker, mode, instance, messages]: string[]): Promise<void> {
  const run =
    mode === 'bare'
      ? await runBare(broker!, instance!, Number(messages))
      : await runWhole(broker!, instance!, Number(messages), mode as 'one' | 'all');
  console.log(JSON.stringify(run));
  process.exit(0);
}

if (require.main === module) void main(process.argv.slice(2));
