/** A measured evaluator: reads its share of the metric topics until it is stopped, and tells when it had read and sent what. */
import { once } from 'node:events';
import { createKafka } from '../src/stream/kafka';
import { consumeMetrics } from '../src/stream/metric-consumer';
import { followOpenAlerts } from '../src/stream/open-alerts';
import { createTransitionPublisher } from '../src/stream/publishers';
import { createStreamHost, type PlainRules } from './rules';

/** Where the process stood after a batch. */
export interface Progress {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly messages: number;
  readonly cpuSeconds: number;
}

export interface StreamReport {
  /** When partitions were given to it the last time; null before the first. */
  readonly assignedAt: number | null;
  readonly progress: readonly Progress[];
  /** The firing transitions that Kafka has acknowledged, by the sample's correlation id, and when. */
  readonly fired: readonly (readonly [correlationId: string, at: number])[];
}

async function main([broker, instance, pool, rules]: string[]): Promise<void> {
  const kafka = createKafka({ brokers: [broker!], clientId: 'measured' });
  const publisher = createTransitionPublisher({ kafka, instance: instance! });
  const openAlerts = followOpenAlerts({ kafka, instance: instance! });
  let assignedAt: number | null = null;
  let messages = 0;
  const progress: Progress[] = [];
  const fired: [string, number][] = [];
  const host = createStreamHost({
    ...{ rules: rules as PlainRules, openAlerts, publisher },
    onEvent(event) {
      if (event.kind === 'transition' && event.transition === 'firing')
        fired.push([event.correlationId, Date.now()]);
    },
  });
  const consumer = consumeMetrics({
    ...{ kafka, instance: instance!, pool: pool!, sink: host },
    onEvent(event) {
      if (event.kind === 'assigned') assignedAt = Date.now();
      if (event.kind !== 'batch') return;
      messages += event.messages;
      const { user, system } = process.cpuUsage();
      progress.push({ at: Date.now(), messages, cpuSeconds: (user + system) / 1e6 });
    },
  });
  process.send!({ ready: true });
  for (;;) {
    const [request] = (await once(process, 'message')) as [{ stop?: true }];
    if (request.stop === true) break;
    process.send!({ assignedAt, progress, fired } satisfies StreamReport);
  }
  await consumer.stop();
  await openAlerts.close();
  await publisher.close();
  process.exit(0);
}

if (require.main === module) void main(process.argv.slice(2));
