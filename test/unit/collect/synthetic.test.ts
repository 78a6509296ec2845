/** Synthetic metrics: the same for the same seed, metrics of the catalogue, and disturbed by faults for their time only. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Type } from 'avsc';
import type { Synthetic } from '../../../src/cli/port';
import { CATALOGUE } from '../../../src/collect/catalogue';
import { TARGET_TYPES, type TargetType } from '../../../src/collect/port';
import * as made from '../../../src/collect/synthetic';
import { labelsText } from '../../../src/domain/labels';
import { numberOf, type Metric } from '../../../src/domain/metric';
import { decodeMetric, encodeAvro, encodeJson } from '../../../src/stream/codec';

const synthetic: Synthetic = made;
const START = Date.parse('2026-01-01T00:00:00Z');
const OPTIONS = {
  seed: 7,
  instances: 4,
  environment: 'test',
  startMs: START,
  intervalMs: 15_000,
  ticks: 20,
  faults: [],
};
const MINUTE = 60_000;

type Changes = Partial<Parameters<Synthetic['syntheticTicks']>[0]>;
const ticksOf = (changes: Changes = {}) => [...synthetic.syntheticTicks({ ...OPTIONS, ...changes })];
const allOf = (changes: Changes = {}): Metric[] => ticksOf(changes).flatMap(({ metrics }) => [...metrics]);

const seriesOf = (metric: Metric): string =>
  `${metric.instance_id} ${metric.metric_name} ${labelsText(metric.tags)}`;
const idOf = (metric: Metric): string => `${metric.timestamp} ${seriesOf(metric)}`;

/** The messages that differ between two streams, missing and added ones included. */
function changed(before: readonly Metric[], after: readonly Metric[]): Metric[] {
  const known = new Map(before.map((metric) => [idOf(metric), metric]));
  const others = after.filter((metric) => known.get(idOf(metric))?.value !== metric.value);
  const present = new Set(after.map(idOf));
  return [...others, ...before.filter((metric) => !present.has(idOf(metric)))];
}

const secondsOf = ({ timestamp }: Metric): number => (Date.parse(timestamp) - START) / 1_000;

describe('the stream', () => {
  it('is the same for the same seed, to the byte, and another for another', () => {
    const stream = JSON.stringify(ticksOf());
    expect(JSON.stringify(ticksOf())).toBe(stream);
    expect(JSON.stringify(ticksOf({ seed: 8 }))).not.toBe(stream);
  });

  it('has the same values whenever it begins', () => {
    const values = (changes: Changes): unknown[] => allOf(changes).map(({ value }) => value);
    expect(values({ startMs: START + 7 * MINUTE })).toEqual(values({}));
  });

  it('keeps an instance as it is when there are more of them', () => {
    const two = allOf({ instances: 2 });
    const names = new Set(two.map(({ instance_id: name }) => name));
    expect([...names]).toEqual([
      'synthetic-postgresql-1',
      'synthetic-host-1',
      'synthetic-mongodb-2',
      'synthetic-host-2',
    ]);
    expect(allOf({ instances: 5 }).filter(({ instance_id: name }) => names.has(name))).toEqual(two);
  });

  it('has a tick at each interval, each with the same series', () => {
    const ticks = ticksOf({ ticks: 3, intervalMs: 500 });
    expect(ticks.map(({ atMs }) => atMs - START)).toEqual([0, 500, 1_000]);
    const [first, ...others] = ticks.map(({ metrics }) => metrics.map(seriesOf));
    for (const series of others) expect(series).toEqual(first);
    expect(new Set(first).size).toBe(first!.length);
  });

  it('moves', () => {
    const values = allOf()
      .filter(
        ({ instance_id: name, metric_name: metric }) =>
          name === 'synthetic-host-1' && metric === 'cpu_usage_percent',
      )
      .map(({ value }) => value);
    expect(new Set(values).size).toBeGreaterThan(15);
  });
});

/** What only a replica has; the synthetic databases are primaries. */
const OF_REPLICAS = ['replica_replay_lag_bytes', 'replica_replay_lag_seconds', 'replica_receiving'];

it.each(TARGET_TYPES)('%s: exactly the metrics of the catalogue, with its labels', (type: TargetType) => {
  const tags = ['environment', 'region', 'service'];
  const described = (name: string, labels: readonly string[]): string =>
    `${name}(${[...labels].sort().join()})`;
  const inCatalogue = CATALOGUE.filter((each) => each.type === type)
    .filter(({ name }) => !OF_REPLICAS.includes(name))
    .map(({ name, labels }) => described(name, labels));
  const generated = allOf({ ticks: 1 })
    .filter((metric) => metric.database_type === type)
    .map((metric) =>
      described(
        metric.metric_name,
        Object.keys(metric.tags).filter((label) => !tags.includes(label)),
      ),
    );
  expect([...new Set(generated)].sort()).toEqual([...new Set(inCatalogue)].sort());
});

it.each(TARGET_TYPES)('%s: collection_success of every group of the catalogue', (type: TargetType) => {
  const groups = CATALOGUE.filter((each) => each.type === type)
    .map(({ group }) => group)
    .filter((group) => group !== null && group !== 'availability');
  const told = allOf({ ticks: 1 })
    .filter((metric) => metric.database_type === type && metric.metric_name === 'collection_success')
    .map(({ tags }) => tags['group']);
  expect([...new Set(told)].sort()).toEqual([...new Set(groups)].sort());
});

it('every message is a metric, as JSON and by the Avro schema, under every fault', () => {
  const schema = JSON.parse(
    readFileSync(join(__dirname, '../../../schemas/metrics-value.avsc'), 'utf8'),
  ) as Parameters<typeof Type.forSchema>[0];
  const avro = Type.forSchema(schema);
  const faults = synthetic.FAULTS.map((kind) => ({ kind, instance: null, fromMs: 0, lengthMs: null }));
  const streams = [[], ...faults.map((fault) => [fault])].map((each) => allOf({ faults: each, ticks: 2 }));
  const wrong = streams.flat().filter((metric) => {
    const read = avro.fromBuffer(encodeAvro(metric)) as { value: number; metric_name: string };
    return !Object.is(read.value, numberOf(metric.value)) || !decodeMetric(encodeJson(metric)).ok;
  });
  expect(wrong).toEqual([]);
  expect(streams.flat().length).toBeGreaterThan(4_000);
});

/** Fault, the database it is put into, a series it has to move, and what that series has to reach. */
const REACHED: ReadonlyArray<
  readonly [kind: string, instance: number, metric: string, reached: (value: number) => boolean]
> = [
  ['connections', 1, 'connections_used_percent', (value) => value === 100],
  ['connections', 4, 'warehouse_queued_queries', (value) => value >= 80],
  ['idle-in-transaction', 1, 'idle_in_transaction_longest_seconds', (value) => value >= 100],
  ['idle-in-transaction', 3, 'idle_in_transaction_sessions', (value) => value >= 20],
  ['blocked', 1, 'locks_waiting', (value) => value >= 10],
  ['blocked', 2, 'blocked_operations', (value) => value >= 10],
  ['deadlocks', 1, 'deadlocks_new', (value) => value === 2],
  ['slow-queries', 1, 'slowest_statement_mean_seconds', (value) => value > 5],
  ['slow-queries', 3, 'longest_query_seconds', (value) => value >= 130],
  ['cache', 1, 'cache_hit_recent_percent', (value) => value < 50],
  ['replication-lag', 1, 'replication_lag_seconds', (value) => value >= 100],
  ['replication-lag', 3, 'replication_synchronized', (value) => value === 0],
  ['cpu', 1, 'cpu_usage_percent', (value) => value > 95],
  ['memory', 2, 'memory_usage_percent', (value) => value > 90],
  ['disk', 1, 'disk_usage_percent', (value) => value > 65],
  ['network', 3, 'network_errors_per_second', (value) => value === 40],
  ['flapping', 1, 'connections_used_percent', (value) => value > 90],
  ['down', 2, 'up', (value) => value === 0],
  ['timeout', 4, 'up_reason', (value) => value === 4],
  ['nan', 1, 'connections_used', Number.isNaN],
];

describe('a fault of two minutes', () => {
  const quiet = allOf({ ticks: 20 });
  const kept = new Map<string, Metric[]>();
  const faulty = (kind: string, instance: number): Metric[] => {
    const fault = { kind, instance, fromMs: 2 * MINUTE, lengthMs: 2 * MINUTE };
    const known = kept.get(`${kind}${instance}`) ?? allOf({ faults: [fault], ticks: 20 });
    kept.set(`${kind}${instance}`, known);
    return known;
  };

  it.each(REACHED)('%s in instance %i: %s', (kind, instance, name, reached) => {
    const isIt = ({ metric_name: metric, instance_id: id }: Metric): boolean =>
      metric === name && id.endsWith(`-${instance}`);
    const during = faulty(kind, instance).filter(
      (metric) => isIt(metric) && secondsOf(metric) >= 120 && secondsOf(metric) < 240,
    );
    expect(during.some(({ value }) => reached(numberOf(value)))).toBe(true);
    expect(quiet.filter(isIt).some(({ value }) => reached(numberOf(value)))).toBe(false);
  });

  it.each(synthetic.FAULTS.filter((kind) => kind !== 'duplicates'))(
    '%s: changes its instance alone, in its time alone, and counters go on',
    (kind) => {
      const small = { instances: 2, ticks: 20 };
      const fault = { kind, instance: 1, fromMs: 2 * MINUTE, lengthMs: 2 * MINUTE };
      const [before, after] = [allOf(small), allOf({ ...small, faults: [fault] })];
      const found = changed(before, after);
      expect(found.length).toBeGreaterThan(0);
      const elsewhere = found.filter((metric) => !metric.instance_id.endsWith('-1'));
      const counted = found.filter(({ metric_name: name }) => name !== 'deadlocks_total');
      const outside = counted.filter((metric) => secondsOf(metric) < 120 || secondsOf(metric) >= 240);
      expect([elsewhere, outside]).toEqual([[], []]);
      expect(found.length).toBeLessThan(before.length / 4);
    },
  );

  it('deadlocks stay counted', () => {
    const totals = faulty('deadlocks', 1).filter(
      ({ metric_name: name, instance_id: id }) => name === 'deadlocks_total' && id.endsWith('-1'),
    );
    expect(totals.at(-1)?.value).toBe(16);
  });

  it('missing: not one message of the database, and its machine is told of all the same', () => {
    const during = faulty('missing', 1).filter((metric) => secondsOf(metric) === 180);
    const names = new Set(during.map(({ instance_id: id }) => id));
    expect(names.has('synthetic-postgresql-1')).toBe(false);
    expect(names.has('synthetic-host-1')).toBe(true);
  });

  it('down: up 0 with the reason, every group failed, and no figures', () => {
    const during = faulty('down', 1).filter(
      (metric) => secondsOf(metric) === 180 && metric.instance_id === 'synthetic-postgresql-1',
    );
    expect(new Set(during.map(({ metric_name: name }) => name))).toEqual(
      new Set(['up', 'up_reason', 'collection_success']),
    );
    for (const metric of during) expect(metric.metadata).toMatchObject({ reason: 'tcp' });
  });

  it('duplicates: every message of the database twice', () => {
    const during = faulty('duplicates', 1).filter(
      (metric) => secondsOf(metric) === 180 && metric.instance_id === 'synthetic-postgresql-1',
    );
    expect(during.length).toBe(2 * new Set(during.map(idOf)).size);
  });

  it('without an instance it is in all of them', () => {
    const all = allOf({
      faults: [{ kind: 'cpu', instance: null, fromMs: MINUTE, lengthMs: null }],
      ticks: 20,
    });
    const last = all.filter(
      (metric) => metric.metric_name === 'cpu_usage_percent' && secondsOf(metric) === 285,
    );
    expect(last.map(({ value }) => value)).toEqual([98, 98, 98]);
  });
});

it('refuses a fault that it does not have', () => {
  const faults = [{ kind: 'gremlins', instance: null, fromMs: 0, lengthMs: null }];
  expect(() => ticksOf({ faults })).toThrow('there is no fault "gremlins"');
});
