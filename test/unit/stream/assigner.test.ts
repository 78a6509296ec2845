/** An instance's series meet in one member, members have equal shares, and one that comes or goes moves few partitions. */
import { AssignerProtocol, type Cluster } from 'kafkajs';
import fc from 'fast-check';
import { fnv1a64 } from '../../../src/domain/labels';
import { copartition, sharePartitions } from '../../../src/stream/assigner';

const names = (count: number) => Array.from({ length: count }, (_, at) => `evaluator-${at}`);
const moved = (before: string[], after: string[]) =>
  before.filter((member, at) => member !== after[at]).length;

describe('the shares', () => {
  test('are as equal as they can be', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 9 }),
        fc.nat(40),
        (members, count) => {
          const owners = sharePartitions(members, count);
          const loads = members.map((member) => owners.filter((owner) => owner === member).length);
          expect(owners).toHaveLength(count);
          expect(Math.max(...loads)).toBeLessThanOrEqual(Math.ceil(count / members.length));
        },
      ),
      { seed: 1, numRuns: 200 },
    );
  });

  test('are the same whoever computes them', () => {
    expect(sharePartitions(names(3), 12)).toEqual(sharePartitions(names(3), 12));
    expect([...new Set(sharePartitions(names(3), 12))].sort()).toEqual(names(3));
  });

  test.each([2, 3, 4, 5])('stay for the most part when a member joins %i others', (count) => {
    const moves = Array.from({ length: 100 }, (_, group) => {
      const members = names(count + 1).map((name) => fnv1a64(`${name} of ${group}`));
      return moved(sharePartitions(members.slice(1), 12), sharePartitions(members, 12));
    });
    // Each partition has a member that it prefers: were it the same one for all, about half would move.
    expect(moves.reduce((sum, each) => sum + each, 0) / moves.length).toBeLessThan(4.75);
  });
});

describe('the assignment', () => {
  const cluster = (partitions: Record<string, number>) =>
    ({
      findTopicPartitionMetadata: (topic: string) =>
        Array.from({ length: partitions[topic]! }, (_, partitionId) => ({ partitionId })),
    }) as unknown as Cluster;

  async function assign(partitions: Record<string, number>, members: Record<string, string[]>) {
    const assigner = copartition()({
      cluster: cluster(partitions),
      groupId: 'g',
      logger: undefined as never,
    });
    const given = await assigner.assign({
      topics: Object.keys(partitions),
      members: Object.entries(members).map(([memberId, topics]) => ({
        memberId,
        memberMetadata: assigner.protocol({ topics }).metadata,
      })),
    });
    return Object.fromEntries(
      given.map(({ memberId, memberAssignment }) => [
        memberId,
        AssignerProtocol.MemberAssignment.decode(memberAssignment)!.assignment,
      ]),
    );
  }

  test('gives the same partition of every topic to one member', async () => {
    const topics = ['gds.metrics.a', 'gds.metrics.b'];
    const given = await assign({ [topics[0]!]: 12, [topics[1]!]: 12 }, { one: topics, two: topics });
    for (const assignment of Object.values(given))
      expect(assignment[topics[0]!]).toEqual(assignment[topics[1]!]);
    const all = Object.values(given).flatMap((assignment) => assignment[topics[0]!]!);
    expect(all.sort((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, at) => at));
  });

  test('reaches all partitions of topics of different widths', async () => {
    const given = await assign({ a: 3, b: 7 }, { one: ['a', 'b'], two: ['a', 'b'] });
    const of = (topic: string) => Object.values(given).flatMap((assignment) => assignment[topic] ?? []);
    expect(of('a').sort()).toEqual([0, 1, 2]);
    expect(of('b').sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  test('gives a topic that a member does not know yet to nobody in its place', async () => {
    const given = await assign({ a: 12, b: 12 }, { one: ['a', 'b'], two: ['a'] });
    expect(given.two!.b).toBeUndefined();
    expect(given.one!.b).toEqual(given.one!.a);
    expect(given.two!.a!.length).toBeGreaterThan(0);
  });

  test('leaves a member without partitions idle', async () => {
    const given = await assign({ a: 1 }, { one: ['a'], two: ['a'] });
    expect(
      Object.values(given)
        .map((assignment) => assignment.a ?? [])
        .flat(),
    ).toEqual([0]);
  });
});
