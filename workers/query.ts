/** The running evaluators, for the command line. */
import type { Config } from '../src/config/config';
import { askEvaluator } from '../src/query/ask';
import type { Evaluators } from '../src/query/port';
import { findEvaluators } from '../src/stream/evaluators';
import { openKafkaClient } from './compose';

/** `timeoutMs`: for each answer, and for a group that shares its partitions out. */
export function openEvaluators(config: Config, timeoutMs: number): Evaluators {
  const { instance } = config;
  const { pool } = config.evaluate;
  return {
    find: () => findEvaluators({ kafka: openKafkaClient(config), instance, pool, settleMs: timeoutMs }),
    async ask({ note }, question) {
      if (note === null) throw new Error('it is of a version that does not say where it answers');
      const expected = { id: note.id, instance, pool };
      return askEvaluator({ address: note.http, expected, timeoutMs }, question);
    },
  };
}
