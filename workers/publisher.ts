/** Publishes metrics from the command line, such as synthetic ones. */
import type { Config } from '../src/config/config';
import type { MetricPublisher } from '../src/stream/port';
import { createMetricPublisher, type Closable } from '../src/stream/publishers';
import { openKafkaClient } from './compose';

export async function openPublisher(config: Config): Promise<MetricPublisher & Closable> {
  const kafka = openKafkaClient(config);
  return createMetricPublisher({ kafka, instance: config.instance, development: config.kafka.development });
}
