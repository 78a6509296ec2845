/** How far consumer groups have come in `gds.alerts`, by what they have committed. */
import type { AlertsProgress } from '../audit/port';
import { groupName } from '../domain/identity';
import { withAdmin, type Kafka } from './kafka';
import { alertsTopic } from './topics';

export interface AlertsProgressOptions {
  readonly kafka: Kafka;
  readonly instance: string;
  /** `pages`, `lives`; the instance is put before it. */
  readonly groupIds: readonly string[];
}

export function createAlertsProgress({ kafka, instance, groupIds }: AlertsProgressOptions): AlertsProgress {
  const topic = alertsTopic(instance);
  return {
    async end() {
      const ends = await withAdmin(kafka, (admin) => admin.fetchTopicOffsets(topic));
      // What is not kept any more nobody waits for, nor commits.
      return new Map(
        ends.filter(({ low, high }) => low !== high).map(({ partition, high }) => [partition, BigInt(high)]),
      );
    },
    reached: (positions) =>
      withAdmin(kafka, async (admin) => {
        for (const groupId of groupIds) {
          const answer = await admin.fetchOffsets({ groupId: groupName(instance, groupId), topics: [topic] });
          const committed = new Map(
            answer.flatMap(({ partitions }) =>
              partitions.map(({ partition, offset }) => [partition, BigInt(offset)] as const),
            ),
          );
          for (const [partition, end] of positions) if ((committed.get(partition) ?? -1n) < end) return false;
        }
        return true;
      }),
  };
}
