/**
 * Names for groups that exist only because kafkajs reads through groups: they commit nothing and are deleted by whoever
 * made them. Kafka forgets the ones that a killed process leaves behind, because they hold no offsets.
 */
import { randomUUID } from 'node:crypto';
import { groupName } from '../domain/identity';
import { withAdmin, type Kafka } from './kafka';

export const readerGroup = (instance: string, purpose: string): string =>
  groupName(instance, `gds-read-${purpose}-${randomUUID()}`);

/** Best effort: a group that stays behind does no harm. */
export async function deleteGroup(kafka: Kafka, group: string): Promise<void> {
  await withAdmin(kafka, (admin) => admin.deleteGroups([group])).catch(() => undefined);
}
