/**
 * Evaluation: messages a second through the whole path (Kafka → decode → 1,000 plain rules over 200 instances × 50
 * metrics → transitions → commit) against bare kafkajs consume + JSON.parse + commit of the same topic. Both read
 * everything from the beginning, in fresh processes, in turn; the clock runs from the moment the member has its
 * partitions, and so includes every fetch and its decoding, to the last message. The rule sets are those of `PlainRules`.
 */
import { randomBytes } from 'node:crypto';
import type { Kafka } from 'kafkajs';
import { createBrokerClock } from '../src/stream/broker-clock';
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
import { createStreamHost, RULES, type PlainRules } from './rules';
import { INSTANCES, METRICS, metricName, SERIES } from './series';
import { removeTopics } from './system';

/** As many as 100 of each series: a stream lasts, and what its beginning costs is measured elsewhere. */
const MESSAGES = 1_000_000;
const ROUNDS = 4;
const COMPRESSION: Compression = 'lz4';
const AIMS: Record<PlainRules, number> = { one: 0.65, all: 0.65, few: 1 };

interface Run extends Metered {
  readonly messages: number;
  readonly transitions?: number;
}

type Mode = 'bare' | PlainRules;
const MODES: readonly Mode[] = ['bare', 'one', 'all', 'few'];

export const topicOf = (instance: string): string => `${instance}.gds.metrics.postgresql.production`;

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
      for (const mode of MODES) {
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
  few: 'whole path, no rule wants 9 messages in 10',
};
const perWall = ({ messages, wallSeconds }: Run): number => messages / wallSeconds;
const perCpu = ({ messages, cpuSeconds }: Run): number => messages / cpuSeconds;

function resultOf(all: readonly (Run & { mode: Mode; round: number })[]): BenchResult {
  const of = (mode: Mode, figure: (run: Run) => number): number =>
    median(all.filter((run) => run.mode === mode).map(figure));
  const line = (mode: PlainRules, figure: (run: Run) => number, unit: string, more: string) => {
    const figures = { ours: of(mode, figure), reference: of('bare', figure) };
    return ratioOf({ name: `${WORDS[mode]}${more}`, unit, ...figures, aim: AIMS[mode] });
  };
  return {
    name: 'Evaluation',
    method:
      `${MESSAGES.toLocaleString('en')} messages (JSON, ${COMPRESSION}, 12 partitions) of ${SERIES.toLocaleString('en')} series ` +
      `(${INSTANCES} instances × ${METRICS} metrics) meet ${RULES.toLocaleString('en')} plain rules (a metric above a threshold). The whole path is Kafka → decode and validate → ` +
      `evaluate → transitions acknowledged by gds.alerts → offsets committed; the reference is kafkajs' eachBatch with JSON.parse of ` +
      `each value, and its offsets committed after each fetch. Each reads the topic from its beginning in a process of its own, in turn; the clock runs from the assignment of the partitions to the last message.`,
    ratios: (['one', 'all', 'few'] as const).flatMap((mode) => [
      line(mode, perWall, 'messages/s', ''),
      line(mode, perCpu, 'messages/CPU s', ', per CPU second'),
    ]),
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

/** Between two samples of a series. */
const EVERY_MS = 15_000;

const messageOf = (i: number, since: number): { key: string; value: string } => {
  const series = i % SERIES;
  const instance = series % INSTANCES;
  const value = series % 100 === 7 ? 95 + (i % 3) * 0.1 : 40 + ((i * 7_919) % 4_000) / 100;
  return {
    key: `pg-${instance}`,
    value: JSON.stringify({
      timestamp: new Date(since + Math.floor(i / SERIES) * EVERY_MS).toISOString(),
      database_type: 'postgresql',
      instance_id: `pg-${instance}`,
      metric_name: metricName(Math.floor(series / INSTANCES)),
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

/** The last samples are of now: what is older than its record by an hour is late. */
export async function fill(
  kafka: Kafka,
  instance: string,
  messages: number,
  compression: Compression,
): Promise<void> {
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  const since = Date.now() - Math.ceil(messages / SERIES) * EVERY_MS;
  for (let from = 0; from < messages; from += 2_000) {
    const part = Array.from({ length: Math.min(2_000, messages - from) }, (_, i) =>
      messageOf(from + i, since),
    );
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

/** A broker that has just started is still reading what it knows of groups. */
export const UNTIL_GROUPS_ARE_LOADED = { retries: 20 };

async function runBare(broker: string, instance: string, messages: number): Promise<Run> {
  const kafka = createKafka({ brokers: [broker], clientId: 'bare' });
  const groupId = `${instance}.bare-${randomBytes(4).toString('hex')}`;
  const consumer = kafka.consumer({ groupId, retry: UNTIL_GROUPS_ARE_LOADED });
  await consumer.connect();
  await consumer.subscribe({ topic: topicOf(instance), fromBeginning: true });
  let seen = 0;
  let sum = 0;
  let stop: ReturnType<typeof startMeter> | undefined;
  const run = await new Promise<Run>((resolve, reject) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      if (!payload.restart) reject(payload.error);
    });
    consumer.on(consumer.events.GROUP_JOIN, () => (stop = startMeter()));
    void consumer.run({
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

async function runWhole(broker: string, instance: string, messages: number, mode: PlainRules): Promise<Run> {
  const kafka = createKafka({ brokers: [broker], clientId: 'whole' });
  const pool = randomBytes(4).toString('hex');
  const publisher = createTransitionPublisher({ kafka, instance });
  const openAlerts = followOpenAlerts({ kafka, instance });
  const clock = createBrokerClock({ kafka, instance });
  let transitions = 0;
  const host = createStreamHost({
    rules: mode,
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
    const consumer = consumeMetrics({ kafka, instance, pool, sink: host, clock, onEvent });
    ending = () => consumer.stop();
  });
  await ending();
  await clock.close();
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
      : await runWhole(broker!, instance!, Number(messages), mode as PlainRules);
  console.log(JSON.stringify(run));
  process.exit(0);
}

if (require.main === module) void main(process.argv.slice(2));
