/**
 * Who reads what: partition n of every topic goes to one member, so that all series of an instance, which share a key,
 * meet in one process whatever topic they are in. Members take about equal shares, and a member that comes or goes
 * moves few partitions: each partition has its own order of preference among the members.
 */
import {
  AssignerProtocol,
  type Assigner,
  type Cluster,
  type GroupMember,
  type PartitionAssigner,
} from 'kafkajs';
import { fnv1a64 } from '../domain/labels';

export const COPARTITION = 'tocsin-copartition';
const VERSION = 1;

/** The member of each partition number from 0 to `count` - 1. */
export function sharePartitions(members: readonly string[], count: number): string[] {
  const most = Math.ceil(count / members.length);
  const load = new Map(members.map((member) => [member, 0]));
  return Array.from({ length: count }, (_, partition) => {
    const byPreference = members
      .filter((member) => load.get(member)! < most)
      // The number first: what comes last in FNV hardly moves the high bits, and all would prefer the same member.
      .map((member) => ({ member, rank: fnv1a64(`${partition}|${member}`) }))
      .sort((a, b) => (a.rank < b.rank ? -1 : 1));
    const { member } = byPreference[0]!;
    load.set(member, load.get(member)! + 1);
    return member;
  });
}

/** kafkajs' types leave out the method that its own assigners use. */
type ClusterWithMetadata = Cluster & { findTopicPartitionMetadata(topic: string): { partitionId: number }[] };

function subscriptions(members: readonly GroupMember[]): Map<string, Set<string>> {
  const topicsOf = ({ memberMetadata }: GroupMember) =>
    AssignerProtocol.MemberMetadata.decode(memberMetadata)?.topics;
  return new Map(members.map((member) => [member.memberId, new Set(topicsOf(member) ?? [])]));
}

/**
 * A topic that a member does not know yet is left to nobody else: the member finds it at its next look for topics and
 * joins again, and meanwhile an instance's series stay together. What a member says of itself (`note`) is for whoever describes
 * the group, and does not matter to the shares.
 */
export const copartition =
  (note: Buffer = Buffer.alloc(0)): PartitionAssigner =>
  ({ cluster }): Assigner => ({
    name: COPARTITION,
    version: VERSION,
    async assign({ members, topics }) {
      const known = subscriptions(members);
      const partitionsOf = (topic: string): number[] =>
        (cluster as ClusterWithMetadata)
          .findTopicPartitionMetadata(topic)
          .map(({ partitionId }) => partitionId);
      const widest = Math.max(0, ...topics.map((topic) => Math.max(-1, ...partitionsOf(topic)) + 1));
      const owners = sharePartitions([...known.keys()].sort(), widest);
      return members.map(({ memberId }) => {
        const assignment: Record<string, number[]> = {};
        for (const topic of topics.filter((each) => known.get(memberId)!.has(each))) {
          const mine = partitionsOf(topic).filter((partition) => owners[partition] === memberId);
          if (mine.length > 0) assignment[topic] = mine;
        }
        const encoded = { version: VERSION, assignment, userData: Buffer.alloc(0) };
        return { memberId, memberAssignment: AssignerProtocol.MemberAssignment.encode(encoded) };
      });
    },
    protocol({ topics }) {
      const said = { version: VERSION, topics, userData: note };
      return { name: COPARTITION, metadata: AssignerProtocol.MemberMetadata.encode(said) };
    },
  });
