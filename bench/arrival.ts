/**
 * Arrival: how long a sample that breaches takes from its arrival in Kafka until Kafka has acknowledged the transition, while
 * 10,000 messages a second come in. The broker says when the sample came (the record's time), the evaluator's process when the
 * acknowledgement did: both on one machine, in whole milliseconds.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Producer } from 'kafkajs';
import { createKafka } from '../src/stream/kafka';
import { ensureTopics, METRIC_PARTITIONS, partitionOfKey } from '../src/stream/topics';
import { startChild } from './child';
import { topicOf } from './evaluate';
import { quantile, startMeter, type BenchResult, type BenchStage } from './measure';
import { messageOfSeries, SERIES } from './series';
import type { StreamReport } from './stream-process';
import { removeTopics } from './system';

const A_SECOND = 10_000;
const SECONDS = 20;
const WARM_UP_SECONDS = 5;
const TICK_MS = 10;
const AIM_MS = 20;
/** Each second another one in so many series breaches, and calms down with its next sample. */
const ONE_BREACHES_OF = 200;
const CATCH_UP_MS = 3_000;

type What = 'bare' | 'whole';

interface Told {
  readonly breaches: number;
  /** For each breach that was told: when its sample arrived, and how long that took. */
  readonly lags: readonly (readonly [at: number, ms: number])[];
  readonly foreignCpuSeconds: number | null;
}

export async function benchArrival(stage: BenchStage): Promise<BenchResult> {
  const bare = await measured(stage, 'bare');
  return resultOf(await measured(stage, 'whole'), bare);
}

async function measured({ kafka: brokers, say }: BenchStage, what: What): Promise<Told> {
  const instance = `b${randomBytes(5).toString('hex')}`;
  const kafka = createKafka({ brokers: [...brokers], clientId: instance });
  const topic = topicOf(instance);
  await ensureTopics(kafka, instance, [topic]);
  const args = [brokers[0]!, instance, 'arrival', what === 'bare' ? 'bare' : 'all'];
  const child = await startChild(require.resolve('./stream-process'), args);
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  try {
    while ((await child.ask<StreamReport>({})).assignedAt === null) await sleep(100);
    const stop = startMeter();
    const arrived = await Promise.race([send(producer, topic), child.lost]);
    const { foreignCpuSeconds } = stop();
    await sleep(CATCH_UP_MS);
    const { fired } = await child.ask<StreamReport>({});
    const lags = fired
      .filter(([id]) => arrived.has(id))
      .map(([id, at]) => [arrived.get(id)!, at - arrived.get(id)!] as const);
    say(`${WORDS[what]}: ${lags.length} of ${arrived.size} breaches told`);
    return { lags, breaches: arrived.size, foreignCpuSeconds };
  } finally {
    await producer.disconnect();
    await child.stop();
    await removeTopics(kafka, instance);
  }
}

const WORDS: Record<What, string> = { bare: 'bare kafkajs', whole: 'evaluator' };

/** When each sample that breaches after the warm-up had come, by its correlation id. */
async function send(producer: Producer, topic: string): Promise<Map<string, number>> {
  const arrived = new Map<string, number>();
  const began = performance.now();
  const most = A_SECOND * (WARM_UP_SECONDS + SECONDS);
  for (let sent = 0; sent < most;) {
    await sleep(TICK_MS);
    const due = Math.min(most, Math.floor(((performance.now() - began) / 1_000) * A_SECOND));
    const messages = Array.from({ length: due - sent }, (_, i) => messageFor(sent + i));
    const answers = await producer.send({ topic, messages });
    for (const { breach, id, key } of messages) {
      if (!breach || sent < A_SECOND * WARM_UP_SECONDS) continue;
      const partition = partitionOfKey(topic, key, METRIC_PARTITIONS);
      const answer = answers.find((each) => each.partition === partition);
      arrived.set(id, Number(answer!.logAppendTime));
    }
    sent = due;
  }
  return arrived;
}

function messageFor(i: number) {
  const series = i % SERIES;
  const breach = series % ONE_BREACHES_OF === Math.floor(i / SERIES) % ONE_BREACHES_OF;
  const id = `c-${i}`;
  return { breach, id, ...messageOfSeries(series, { time: Date.now(), value: breach ? 95 : 40, id }) };
}

function resultOf(whole: Told, bare: Told): BenchResult {
  const all = ({ lags }: Told): number[] => lags.map(([, ms]) => ms);
  const figure = (of: What, told: Told, q: number, aim: number | null) => ({
    ...{
      name: `from the sample's arrival to the acknowledged message, ${WORDS[of]}: p${q * 100}`,
      unit: 'ms',
    },
    ...{ value: quantile(all(told), q), aim },
  });
  const missing = whole.breaches - whole.lags.length;
  return {
    name: 'Arrival',
    method:
      `${A_SECOND.toLocaleString('en')} messages a second (JSON, ${METRIC_PARTITIONS} partitions, sent every ${TICK_MS} ms) to one evaluator with 20 plain rules for each message, for ${SECONDS} s after ${WARM_UP_SECONDS} s of warm-up; ` +
      `${A_SECOND / ONE_BREACHES_OF} breaches a second, each of another series. The clock runs from the time that the broker gave the sample's record to Kafka's acknowledgement of the transition, in whole milliseconds. ` +
      `Before it, for comparison, kafkajs alone: consume, JSON.parse, one comparison, send.`,
    ratios: [],
    figures: [
      figure('whole', whole, 0.5, null),
      figure('whole', whole, 0.99, AIM_MS),
      figure('bare', bare, 0.5, null),
      figure('bare', bare, 0.99, null),
      { name: 'breaches that nobody was told of', unit: 'breaches', value: missing, aim: 0 },
    ],
    notes: [
      `Of the machine's two cores the rest, Kafka and the feeding process included, used ${usedText(bare)} s with kafkajs alone and ${usedText(whole)} s with the evaluator.`,
    ],
    rounds: [...roundsOf('bare', bare), ...roundsOf('whole', whole)],
  };
}

const usedText = ({ foreignCpuSeconds }: Told): string => foreignCpuSeconds?.toFixed(1) ?? '?';

function roundsOf(what: What, { lags }: Told) {
  const first = Math.min(...lags.map(([at]) => at));
  return Array.from({ length: SECONDS / 5 }, (_, at) => {
    const some = lags.filter(([time]) => Math.floor((time - first) / 5_000) === at).map(([, ms]) => ms);
    const of = (q: number): number => quantile(some, q);
    return {
      ...{ run: WORDS[what], 'five seconds': at + 1, told: some.length },
      ...{ 'p50, ms': of(0.5), 'p99, ms': of(0.99), 'most, ms': of(1) },
    };
  });
}
