/**
 * A pool of evaluators without Kafka: logs of metrics, of shared samples and of alerts, and processes that read them, commit,
 * save what they know, die and take over. Times are seconds.
 */
import type { Metric, MetricValue } from '../../../src/domain/metric';
import type { RuleGroup } from '../../../src/domain/rule-group';
import type { Transition } from '../../../src/domain/transition';
import { createGlobalHost, type GlobalHost } from '../../../src/evaluate/global-host';
import { planGroups } from '../../../src/evaluate/global-groups';
import type { AlertTopic } from '../../../src/evaluate/host';
import type { External } from '../../../src/evaluate/label-texts';
import type { SharedRecord } from '../../../src/stream/port';
import { knowing, SECOND } from './sketches';

export const x = (name: string, instance: string, value: MetricValue, tags: Metric['tags'] = {}): Metric => ({
  ...{ timestamp: '', database_type: 'host', instance_id: instance, metric_name: name, value, tags },
});

interface Log<T> {
  readonly entries: T[];
  committed: number;
  /** Up to when all that time decides was told, as the commit says. */
  told: number;
}

interface Sample {
  readonly metric: Metric;
  readonly at: number;
  readonly recordedAt: number;
}

interface Process {
  readonly host: GlobalHost;
  has: number[];
  /** Of each partition's metrics, and of each slot. */
  readonly offered: number[];
  readonly read: number[];
  /** Up to when what time decides has followed, of each partition's metrics. */
  readonly followed: number[];
}

/** What somebody knew of a partition number, and the offsets from which it goes on. */
interface Snapshot {
  readonly state: unknown;
  readonly offered: number;
  readonly read: number;
}

export function createPool(
  groups: readonly RuleGroup[],
  partitions: number,
  processes = 2,
  more: Partial<External> & { readonly shadow?: AlertTopic; readonly maxSeriesOfMetric?: number } = {},
) {
  let plan = planGroups(groups, partitions);
  let committedUnder = plan.id;
  const all = Array.from({ length: partitions }, (_, n) => n);
  const logOf = <T>(): Log<T>[] => all.map(() => ({ entries: [], committed: 0, told: -Infinity }));
  const [metrics, shared] = [logOf<Sample>(), logOf<SharedRecord>()];
  const told: Transition[] = [];
  const alerts = knowing([]);
  const derived: Metric[] = [];
  const snapshots = new Map<number, Snapshot>();
  let members: Process[] = [];

  const newProcess = (): Process => ({
    has: [],
    offered: all.map(() => 0),
    read: all.map(() => 0),
    followed: all.map(() => -Infinity),
    host: createGlobalHost({
      ...{ plan, intervalMs: 10 * SECOND, openAlerts: alerts, ...more },
      ...{ isDerived: (topic) => topic === 'derived', partitionOf: (id) => Number(id.slice(1)) % partitions },
      publisher: {
        async publish(transitions) {
          told.push(...transitions);
          transitions.forEach(alerts.take);
        },
      },
      shared: {
        topic: 'shared',
        async publish(records) {
          for (const record of records)
            shared[record.slot]!.entries.push(JSON.parse(JSON.stringify(record)) as SharedRecord);
        },
      },
      derived: { publish: async (made) => void derived.push(...made) },
    }),
  });

  async function assign(): Promise<void> {
    for (const [i, member] of members.entries()) {
      const has = all.filter((partition) => partition % members.length === i);
      const fresh = has.filter((partition) => !member.has.includes(partition));
      member.has = has;
      const saved = savedFor(member, fresh);
      const states = new Map([...saved].map(([partition, { state }]) => [partition, state]));
      await member.host.assigned(has, fresh, committedUnder === plan.id ? [] : fresh, states);
      for (const partition of fresh) {
        const known = saved.get(partition);
        const goesOn = known !== undefined && member.host.worthOf!(known.state) === 'whole';
        member.offered[partition] = goesOn ? known.offered : 0;
        member.read[partition] = goesOn ? known.read : 0;
        member.followed[partition] = -Infinity;
        await readMetrics(member, partition, metrics[partition]!.committed);
      }
    }
  }

  function savedFor({ host }: Process, fresh: readonly number[]): Map<number, Snapshot> {
    const counts = ([partition, { state }]: [number, Snapshot]): boolean =>
      fresh.includes(partition) && committedUnder === plan.id && host.worthOf!(state) !== 'none';
    return new Map([...snapshots].filter(counts));
  }

  /** Up to this offset. */
  async function readMetrics(
    member: Process,
    partition: number,
    until: number,
    isFlushed = true,
  ): Promise<void> {
    const { host, offered } = member;
    const { entries, committed } = metrics[partition]!;
    for (; offered[partition]! < until; offered[partition]! += 1) {
      const { metric, at, recordedAt } = entries[offered[partition]!]!;
      const replayed = offered[partition]! < committed;
      tellReached(member, partition, recordedAt);
      host.offer(metric, at, { topic: 'm', partition, replayed });
    }
    if (isFlushed) await host.flush(partition);
  }

  function tellReached({ host, followed }: Process, partition: number, time: number): void {
    const { told } = metrics[partition]!;
    if (followed[partition]! < told) while (!host.reached(partition, Math.min(time, told), true));
    if (time > told) while (!host.reached(partition, time, false));
    followed[partition] = time;
  }

  async function readShared({ host, has, read }: Process): Promise<void> {
    for (const slot of has) {
      const { entries, committed } = shared[slot]!;
      for (; read[slot]! < entries.length; read[slot]! += 1) {
        const replayed = read[slot]! < committed;
        host.shared!.offer(entries[read[slot]!]!, replayed);
        while (!host.shared!.advance(slot, replayed));
      }
      await host.shared?.flush(slot);
    }
  }

  const memberOf = (partition: number): Process => members.find(({ has }) => has.includes(partition))!;

  return {
    told,
    derived,
    shared,
    async start() {
      members = Array.from({ length: processes }, newProcess);
      await assign();
    },
    /** All that was recorded before has been read, but for partitions that are behind. */
    async reached(second: number, behind: readonly number[] = []) {
      for (const member of members)
        for (const partition of member.has.filter((each) => !behind.includes(each))) {
          await readMetrics(member, partition, metrics[partition]!.entries.length);
          tellReached(member, partition, second * SECOND);
          await member.host.flush(partition);
        }
      for (const member of members) await readShared(member);
    },
    async sample(
      second: number,
      metric: Metric,
      at = second,
      then: 'flushed' | 'unsent' | 'behind' = 'flushed',
    ) {
      const partition = Number(metric.instance_id.slice(1)) % partitions;
      const { entries } = metrics[partition]!;
      entries.push({ metric, at: at * SECOND, recordedAt: second * SECOND });
      if (then !== 'behind')
        await readMetrics(memberOf(partition), partition, entries.length, then === 'flushed');
    },
    commit() {
      committedUnder = plan.id;
      for (const member of members)
        for (const partition of member.has) {
          const log = metrics[partition]!;
          log.committed = member.offered[partition]!;
          log.told = Math.max(log.told, member.followed[partition]!);
          if (member.host.shared !== undefined) shared[partition]!.committed = member.read[partition]!;
        }
    },
    /** Not where something is still read again. */
    async save() {
      for (const { host, has, offered, read } of members)
        for (const partition of has) {
          if (offered[partition]! < metrics[partition]!.committed) continue;
          if (read[partition]! < shared[partition]!.committed) continue;
          const state: unknown = structuredClone(host.save!(partition));
          const at = { offered: offered[partition]!, read: read[partition]! };
          await host.flush(partition);
          await host.shared?.flush(partition);
          snapshots.set(partition, { state, ...at });
        }
    },
    /** All processes are stopped, and others are started with these groups. */
    async restart(others: readonly RuleGroup[]) {
      plan = planGroups(others, partitions);
      members = Array.from({ length: processes }, newProcess);
      await assign();
      for (const member of members) await readShared(member);
    },
    async kill(which: number) {
      members = members.filter((_, i) => i !== which);
      if (members.length === 0) members = [newProcess()];
      await assign();
      for (const member of members) await readShared(member);
    },
    kept: () => members.map(({ host }) => host.kept()),
    slots: () => members.flatMap(({ host }) => host.slots()),
    offerDerived: (metric: Metric, at: number) =>
      members[0]!.host.offer(metric, at * SECOND, { topic: 'derived', partition: 0, replayed: false }),
    lookbackMs: () => members[0]!.host.lookbackMs,
  };
}

export type Pool = ReturnType<typeof createPool>;
