/** One evaluator as the tests run it: the host under a metric consumer, with everything that it needs. */
import { createEvaluatorHost, type EvaluateEvent, type HostStats } from '../../../src/evaluate/host';
import type { AlertRule } from '../../../src/domain/rule-group';
import { createBrokerClock } from '../../../src/stream/broker-clock';
import type { EventTiming } from '../../../src/stream/event-time';
import type { OnStreamEvent } from '../../../src/stream/events';
import type { Kafka } from '../../../src/stream/kafka';
import { consumeMetrics } from '../../../src/stream/metric-consumer';
import { followOpenAlerts } from '../../../src/stream/open-alerts';
import { createTransitionPublisher } from '../../../src/stream/publishers';
import type { TransitionPublisher } from '../../../src/stream/port';
import { METRIC_PARTITIONS, partitionOfKey } from '../../../src/stream/topics';
import { groupOf } from '../../builders/rules';

export interface RunningEvaluator {
  stop(): Promise<void>;
  joined(): boolean;
  stats(): HostStats;
  readonly events: EvaluateEvent[];
}

export function startEvaluator(options: {
  kafka: Kafka;
  instance: string;
  rules: readonly AlertRule[];
  pool?: string;
  /** Default: samples of the past alone decide, as no evaluation is due before 2033. */
  intervalMs?: number;
  onEvent?: OnStreamEvent;
  timing?: EventTiming;
  publisher?: (real: TransitionPublisher) => TransitionPublisher;
  commitEveryMs?: number;
  commitEveryMessages?: number;
  sessionTimeoutMs?: number;
}): RunningEvaluator {
  const { kafka, instance, rules, pool = 'default', onEvent } = options;
  const events: EvaluateEvent[] = [];
  const real = createTransitionPublisher({ kafka, instance, onEvent });
  const openAlerts = followOpenAlerts({ kafka, instance, onEvent });
  const host = createEvaluatorHost({
    intervalMs: 15_000,
    groups: [groupOf(rules, { intervalMs: options.intervalMs ?? 1e12 })],
    openAlerts,
    publisher: options.publisher?.(real) ?? real,
    partitionOf: (instanceId) => partitionOfKey('', instanceId, METRIC_PARTITIONS),
    pool,
    onEvent: (event) => void events.push(event),
  });
  const clock = createBrokerClock({ kafka, instance, onEvent });
  const consumer = consumeMetrics({ ...options, clock, pool, sink: host, topicPollMs: 1_000 });
  return {
    events,
    stats: host.stats,
    joined: () => consumer.joined() && events.some(({ kind }) => kind === 'assigned'),
    async stop() {
      await consumer.stop();
      await clock.close();
      await openAlerts.close();
      await real.close();
    },
  };
}
