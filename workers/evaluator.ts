/** The evaluator: reads metrics, decides by the rules, and writes transitions to `gds.alerts`. */
import { createEvaluatorHost } from '../src/evaluate/host';
import type { StreamEvent } from '../src/stream/events';
import { consumeMetrics } from '../src/stream/metric-consumer';
import { followOpenAlerts } from '../src/stream/open-alerts';
import { createTransitionPublisher } from '../src/stream/publishers';
import { METRIC_PARTITIONS, partitionOfKey } from '../src/stream/topics';
import type { Shared } from './compose';
import { evaluateObserver, streamObserver } from './observers';

export async function startEvaluator(shared: Shared): Promise<void> {
  const { config, metrics, parts, health } = shared;
  const kafka = await shared.kafka();
  const { instance } = config;
  const onEvent = streamObserver(shared);
  const onMetrics = (event: StreamEvent): void => {
    if (event.kind === 'batch') metrics.samplesConsumed.inc(event.messages);
    onEvent(event);
  };
  const openAlerts = followOpenAlerts({ kafka, instance, onEvent });
  const publisher = createTransitionPublisher({ kafka, instance, onEvent });
  const host = createEvaluatorHost({
    groups: config.ruleGroups,
    intervalMs: config.evaluate.intervalMs,
    openAlerts,
    publisher,
    partitionOf: (instanceId) => partitionOfKey('gds.metrics', instanceId, METRIC_PARTITIONS),
    onEvent: evaluateObserver(shared),
  });
  const consumer = consumeMetrics({
    kafka,
    instance,
    pool: config.evaluate.pool,
    sink: host,
    maxSkewMs: config.evaluate.maxSkewMs,
    onEvent: onMetrics,
  });
  const inGroups = config.ruleGroups.reduce((sum, { rules }) => sum + rules.length, 0);
  metrics.rulesLoaded.set(inGroups);
  health.register('metric consumer', async () => {
    if (!consumer.joined()) throw new Error('it has not joined its group');
    const { series, partitions, unsent } = host.stats();
    return `${partitions} partitions, ${series} series, ${unsent} transitions to send`;
  });
  parts.push(
    { name: 'open alerts', stop: () => openAlerts.close() },
    { name: 'transition publisher', stop: () => publisher.close() },
    { name: 'metric consumer', stop: () => consumer.stop() },
  );
}
