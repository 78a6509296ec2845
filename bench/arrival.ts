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

export async function benchArrival({ kafka: brokers, say }: BenchStage): Promise<BenchResult> {
  const instance = `b${randomBytes(5).toString('hex')}`;
  const kafka = createKafka({ brokers: [...brokers], clientId: instance });
  const topic = topicOf(instance);
  await ensureTopics(kafka, instance, [topic]);
  const child = await startChild(require.resolve('./stream-process'), [
    brokers[0]!,
    instance,
    'arrival',
    'all',
  ]);
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  try {
    for (;;) {
      if ((await child.ask<StreamReport>({})).assignedAt !== null) break;
      await sleep(100);
    }
    const stop = startMeter();
    const arrived = await Promise.race([send(producer, topic), child.lost]);
    const { foreignCpuSeconds } = stop();
    await sleep(CATCH_UP_MS);
    const { fired } = await child.ask<StreamReport>({});
    const lags = fired
      .filter(([id]) => arrived.has(id))
      .map(([id, at]): [number, number] => [arrived.get(id)!, at - arrived.get(id)!]);
    say(`${lags.length} of ${arrived.size} breaches told`);
    return resultOf(lags, arrived.size, foreignCpuSeconds);
  } finally {
    await producer.disconnect();
    await child.stop();
    await removeTopics(kafka, instance);
  }
}

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

function resultOf(lags: readonly [number, number][], breaches: number, foreign: number | null): BenchResult {
  const all = lags.map(([, lag]) => lag);
  const figure = (q: number, aim: number | null) => ({
    ...{ name: `from the sample's arrival to the acknowledged transition: p${q * 100}`, unit: 'ms' },
    ...{ value: quantile(all, q), aim },
  });
  const first = Math.min(...lags.map(([at]) => at));
  return {
    name: 'Arrival',
    method:
      `${A_SECOND.toLocaleString('en')} messages a second (JSON, ${METRIC_PARTITIONS} partitions, sent every ${TICK_MS} ms) to one evaluator with 20 plain rules for each message, for ${SECONDS} s after ${WARM_UP_SECONDS} s of warm-up; ` +
      `${A_SECOND / ONE_BREACHES_OF} breaches a second, each of another series. The clock runs from the time that the broker gave the sample's record to Kafka's acknowledgement of the transition, in whole milliseconds.`,
    ratios: [],
    figures: [
      figure(0.5, null),
      figure(0.99, AIM_MS),
      { name: 'breaches that nobody was told of', unit: 'breaches', value: breaches - all.length, aim: 0 },
    ],
    notes:
      foreign === null
        ? []
        : [`The rest of the machine, Kafka included, used ${foreign.toFixed(1)} CPU s meanwhile.`],
    rounds: Array.from({ length: SECONDS / 5 }, (_, at) => {
      const some = lags.filter(([time]) => Math.floor((time - first) / 5_000) === at).map(([, lag]) => lag);
      const of = (q: number): number => quantile(some, q);
      return {
        'five seconds': at + 1,
        told: some.length,
        'p50, ms': of(0.5),
        'p99, ms': of(0.99),
        'most, ms': of(1),
      };
    }),
  };
}
