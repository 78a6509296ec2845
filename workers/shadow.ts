/** What rules on trial would have told, for the command line. */
import type { Config } from '../src/config/config';
import type { Transition } from '../src/domain/transition';
import { readShadow as readTopic } from '../src/stream/shadow-reader';
import { openKafkaClient } from './compose';

export function readShadow(
  config: Config,
  sinceMs: number,
  take: (transition: Transition) => void,
): Promise<void> {
  return readTopic({ kafka: openKafkaClient(config), instance: config.instance }, sinceMs, take);
}
