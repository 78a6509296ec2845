/** What the metric topics still hold, for the command line. The first SIGINT or SIGTERM ends the reading in order. */
import type { Config } from '../src/config/config';
import {
  readKeptMetrics,
  type KeptMetric,
  type KeptReading,
  type ReadingProgress,
} from '../src/stream/kept-metrics';
import { openKafkaClient } from './compose';
import { stopSignal } from './run';

export function readMetrics(
  config: Config,
  between: { readonly fromMs: number; readonly toMs: number },
  take: (kept: KeptMetric) => void,
  onProgress: (progress: ReadingProgress) => void,
): Promise<KeptReading> {
  const { instance, evaluate: timing } = config;
  const options = { kafka: openKafkaClient(config), instance, timing, signal: stopSignal(), onProgress };
  return readKeptMetrics(options, between, take);
}
