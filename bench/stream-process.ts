/** A measured evaluator: reads its share of the metric topics until it is stopped, and tells when it had read and sent what. */
import { once } from 'node:events';
import { createBrokerClock } from '../src/stream/broker-clock';
import { createKafka, type Kafka } from '../src/stream/kafka';
import { consumeMetrics } from '../src/stream/metric-consumer';
import { followOpenAlerts } from '../src/stream/open-alerts';
import { createTransitionPublisher } from '../src/stream/publishers';
import { runBareStream } from './bare-stream';
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

/** What a process has done so far. */
class Account {
  private assignedAt: number | null = null;
  private messages = 0;
  private readonly progress: Progress[] = [];
  private readonly fired: [string, number][] = [];

  assigned(): void {
    this.assignedAt = Date.now();
  }

  read(messages: number): void {
    this.messages += messages;
    const { user, system } = process.cpuUsage();
    this.progress.push({ at: Date.now(), messages: this.messages, cpuSeconds: (user + system) / 1e6 });
  }

  told(correlationId: string): void {
    this.fired.push([correlationId, Date.now()]);
  }

  report(): StreamReport {
    return { assignedAt: this.assignedAt, progress: this.progress, fired: this.fired };
  }
}

type Stop = () => Promise<void>;

function evaluate(kafka: Kafka, instance: string, pool: string, rules: PlainRules, account: Account): Stop {
  const publisher = createTransitionPublisher({ kafka, instance });
  const openAlerts = followOpenAlerts({ kafka, instance });
  const clock = createBrokerClock({ kafka, instance });
  const host = createStreamHost({
    ...{ rules, openAlerts, publisher },
    onEvent(event) {
      if (event.kind === 'transition' && event.transition === 'firing') account.told(event.correlationId);
    },
  });
  const consumer = consumeMetrics({
    ...{ kafka, instance, pool, sink: host, clock },
    onEvent(event) {
      if (event.kind === 'assigned') account.assigned();
      if (event.kind === 'batch') account.read(event.messages);
    },
  });
  return async () => {
    await consumer.stop();
    await clock.close();
    await openAlerts.close();
    await publisher.close();
  };
}

/** `bare`: without rules, for comparison. */
async function main([broker, instance, pool, rules]: string[]): Promise<void> {
  const kafka = createKafka({ brokers: [broker!], clientId: 'measured' });
  const account = new Account();
  const bare = { onAssigned: () => account.assigned(), onTold: (id: string) => account.told(id) };
  const stop =
    rules === 'bare'
      ? await runBareStream({
          ...bare,
          kafka,
          instance: instance!,
          groupId: `${instance}.${pool}`,
          above: 90,
        })
      : evaluate(kafka, instance!, pool!, rules as PlainRules, account);
  process.send!({ ready: true });
  for (;;) {
    const [request] = (await once(process, 'message')) as [{ stop?: true }];
    if (request.stop === true) break;
    process.send!(account.report());
  }
  await stop();
  process.exit(0);
}

if (require.main === module) void main(process.argv.slice(2));
