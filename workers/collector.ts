/** The collector: ticks shards of targets, each as a long activity that a Schedule begins anew every five minutes. */
import { createCollectionActivities } from '../activities/collection';
import { createShardRunner, type ShardStatus } from '../src/collect/shard';
import { createMetricPublisher } from '../src/stream/publishers';
import { ensureCollectionSchedules } from '../src/temporal/schedules';
import { targetOf, type Shared } from './compose';
import { shardObserver, streamObserver } from './observers';
import { startWorker, workflowBundle } from './temporal';

const RUN_MS = 300_000;

export async function startCollector(shared: Shared): Promise<void> {
  const { config, log, metrics, parts } = shared;
  const [kafka, temporal, bundle] = await Promise.all([shared.kafka(), shared.temporal(), workflowBundle()]);
  const { instance } = config;
  const publisher = createMetricPublisher({
    kafka,
    instance,
    development: config.kafka.development,
    onEvent: streamObserver(shared),
  });
  parts.push({ name: 'metric publisher', stop: () => publisher.close() });
  const runner = createShardRunner({
    limits: config.collect.limits,
    onCollected: ({ name, type }, group, { outcome, durationMs, error }) => {
      metrics.collections.inc({ kind: type, group, outcome });
      metrics.collectionSeconds.observe({ kind: type, group }, durationMs / 1_000);
      if (outcome !== 'ok' && outcome !== 'aborted')
        log.warn(
          { target: name, group, outcome, err: error },
          `${name}: ${group} was not collected: ${outcome}`,
        );
    },
  });
  parts.push({ name: 'shard runner', stop: () => runner.close() });

  const runShard = async (shard: string, signal: AbortSignal, beat: () => void): Promise<void> => {
    const targets = config.targets.filter((target) => target.shard === shard).map(targetOf);
    const observe = shardObserver(shared, shard);
    const heartbeat = (status: ShardStatus): void => {
      observe(status);
      beat();
    };
    observe(await runner.run({ targets, publisher, signal, heartbeat }));
  };
  await startWorker(shared, 'collection', {
    workflowBundle: bundle,
    activities: createCollectionActivities({ runShard }),
    // A run would last for minutes yet: it is told to end at once.
    shutdownGraceTime: 0,
  });
  const shards = [...new Set(config.targets.map((target) => target.shard))];
  await ensureCollectionSchedules(temporal.client, { instance, shards, everyMs: RUN_MS });
}
