/**
 * Who evaluates: the members of an evaluator pool's group, as Kafka knows them, with what each says of itself and which
 * partitions it has been given. Whether they are alive is for whoever asks them: a process that was killed is a member until
 * its session ends.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { AssignerProtocol, type Admin, type GroupDescription, type MemberDescription } from 'kafkajs';
import { COPARTITION } from './assigner';
import { decodeNote } from './evaluator-note';
import { withAdmin, type Kafka } from './kafka';
import { alertingGroup } from './metric-consumer';
import type { EvaluatorMember, EvaluatorPool } from './port';
import { isMetricTopic } from './topics';

export interface EvaluatorsOptions {
  readonly kafka: Kafka;
  readonly instance: string;
  readonly pool: string;
  /** While the group shares its partitions out, it is asked again for so long. */
  readonly settleMs: number;
}

const ASK_AGAIN_MS = 250;

/** Throws TOC_DEPENDENCY_AWAY when Kafka cannot be reached. */
export async function findEvaluators(options: EvaluatorsOptions): Promise<EvaluatorPool> {
  const { kafka, instance, pool, settleMs } = options;
  const group = alertingGroup(instance, pool);
  const until = Date.now() + settleMs;
  return withAdmin(kafka, async (admin) => {
    const widths = await widthsOf(admin, instance);
    for (;;) {
      const { groups } = await admin.describeGroups([group]);
      const found = poolOf(group, groups[0]!, widths);
      if (found.state !== 'rebalancing' || Date.now() >= until) return found;
      await delay(ASK_AGAIN_MS);
    }
  });
}

/**
 * Whether no other pool has evaluated here: Kafka knows a pool's group for a week after its last process. Groups that this
 * process may not see are not counted. Throws TOC_DEPENDENCY_AWAY.
 */
export async function isOnlyPool(
  kafka: Kafka,
  { instance, pool }: Pick<EvaluatorsOptions, 'instance' | 'pool'>,
): Promise<boolean> {
  const { groups } = await withAdmin(kafka, (admin) => admin.listGroups());
  const others = groups.filter(({ groupId }) => groupId.startsWith(alertingGroup(instance, '')));
  return others.every(({ groupId }) => groupId === alertingGroup(instance, pool));
}

/** How many partitions each topic has that evaluators read. */
async function widthsOf(admin: Admin, instance: string): Promise<Map<string, number>> {
  const topics = (await admin.listTopics()).filter((topic) => isMetricTopic(instance, topic));
  if (topics.length === 0) return new Map();
  const described = await admin.fetchTopicMetadata({ topics });
  return new Map(described.topics.map(({ name, partitions }) => [name, partitions.length]));
}

export function poolOf(
  group: string,
  { state, protocol, members }: Pick<GroupDescription, 'state' | 'protocol' | 'members'>,
  widths: ReadonlyMap<string, number>,
): EvaluatorPool {
  const partitions = Math.max(0, ...widths.values());
  if (members.length === 0) return { group, state: 'empty', partitions, members: [], unread: [] };
  if (state !== 'Stable' || protocol !== COPARTITION)
    return { group, state: 'rebalancing', partitions, members: [], unread: [] };
  const assignments = members.map(assignmentOf);
  const unread = [...widths].flatMap(([topic, width]) => {
    const read = new Set(assignments.flatMap((assignment) => assignment[topic] ?? []));
    const left = numbersTo(width).filter((partition) => !read.has(partition));
    return left.length === 0 ? [] : [{ topic, partitions: left }];
  });
  return {
    ...{ group, state: 'stable', partitions, unread },
    members: members.map((member, i) => memberOf(member, assignments[i]!)),
  };
}

function memberOf(member: MemberDescription, assignment: Record<string, number[]>): EvaluatorMember {
  const numbers = new Set(Object.values(assignment).flat());
  return {
    // Kafka writes `/10.0.0.5`, or a name before it.
    host: member.clientHost.replace(/^.*\//, ''),
    note: noteOf(member),
    partitions: [...numbers].sort((a, b) => a - b),
  };
}

function assignmentOf({ memberAssignment }: MemberDescription): Record<string, number[]> {
  try {
    return AssignerProtocol.MemberAssignment.decode(memberAssignment)?.assignment ?? {};
  } catch {
    return {};
  }
}

function noteOf({ memberMetadata }: MemberDescription): EvaluatorMember['note'] {
  try {
    return decodeNote(AssignerProtocol.MemberMetadata.decode(memberMetadata)?.userData ?? Buffer.alloc(0));
  } catch {
    return null;
  }
}

const numbersTo = (end: number): number[] => Array.from({ length: end }, (_, number) => number);
