/** A backtest over what Kafka holds finds the alerts that evaluators have told, at the same times. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processContext } from '../../../src/cli/context';
import { runCli } from '../../../src/cli/program';
import { loadConfig } from '../../../src/config/load';
import { withAdmin } from '../../../src/stream/kafka';
import { createMetricPublisher } from '../../../src/stream/publishers';
import { decodeShared } from '../../../src/stream/slot-topic';
import { ensureTopics, METRIC_PARTITIONS, metricTopic, sharedTopic } from '../../../src/stream/topics';
import { startRoles } from '../../../workers/roles';
import { metric, openBench, readAll, readTransitions, until, type Bench } from '../stream/kafka-harness';

const RULES = `
groups:
  - name: fleet
    interval: 1s
    rules:
      - { record: 'fleet:locks:sum', expr: sum by (environment) (locks) }
      - { alert: FleetFull, expr: 'fleet:locks:sum > 100', for: 2s, labels: { severity: critical } }
`;

let bench: Bench;
let folder: string;
beforeAll(async () => {
  bench = await openBench();
  folder = await mkdtemp(join(tmpdir(), 'tocsin-backtest-'));
});
afterAll(async () => {
  await bench.close();
  await rm(folder, { recursive: true });
});

async function configure(): Promise<string> {
  const file = join(folder, 'tocsin.yaml');
  await writeFile(join(folder, 'fleet.yml'), RULES);
  const config = {
    ...{ instance: bench.instance, environment: 'production', kafka: { brokers: [bench.broker] } },
    ...{ temporal: { address: '127.0.0.1:1' }, postgres: { url: 'postgres://a@127.0.0.1:1/c' } },
    ...{ http: { port: 0 }, log: { level: 'error' }, rule_files: ['fleet.yml'] },
    rules: [
      { name: 'LocksHigh', metric: 'locks', threshold: 50, severity: 'warning' },
      { name: 'LocksLow', metric: 'locks', operator: '<', threshold: 10, severity: 'low', mode: 'off' },
    ],
  };
  await writeFile(file, JSON.stringify(config));
  return file;
}

interface Found {
  readonly fingerprint: string;
  readonly starts_at: string;
  readonly ends_at: string | null;
}

async function backtest(file: string, ...args: string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const context = {
    ...{ ...processContext(), env: {}, runningDev: () => null, width: null, colour: false },
    ...{ print: (line: string) => void out.push(line), complain: (line: string) => void err.push(line) },
  };
  const code = await runCli(['backtest', '--config', file, ...args], context);
  return { code, out: out.join('\\n'), err: err.join('\\n') };
}

/** As evaluators have told them. */
async function told(): Promise<Found[]> {
  const byEpisode = new Map<string, Found>();
  for (const { fingerprint, starts_at, ends_at } of await readTransitions(bench))
    byEpisode.set(`${fingerprint} ${starts_at}`, { fingerprint, starts_at, ends_at });
  return [...byEpisode.values()];
}

/** Rules across instances begin where the last partition does; a backtest begins before. */
async function hasBegun(): Promise<boolean> {
  const records = await readAll(bench, sharedTopic(bench.instance, 'default'));
  const begun = records
    .map(({ partition, value }) => decodeShared(partition, value))
    .filter((record) => record !== null && record.time !== null);
  return new Set(begun.map((record) => record!.from)).size === METRIC_PARTITIONS;
}

/** Not near an evaluation: whether it sees the sample is then the affair of milliseconds. */
const betweenEvaluations = () =>
  until('the middle of a second', () => Date.now() % 1_000 > 200 && Date.now() % 1_000 < 600);

const inOrder = (alerts: readonly Found[]): Found[] =>
  alerts
    .map(({ fingerprint, starts_at, ends_at }) => ({
      ...{ fingerprint, starts_at: new Date(starts_at).toISOString() },
      ends_at: ends_at === null ? null : new Date(ends_at).toISOString(),
    }))
    .sort((a, b) => (a.starts_at + a.fingerprint < b.starts_at + b.fingerprint ? -1 : 1));

test('also of a rule across instances, and of metrics that come late or from a clock ahead', async () => {
  const { kafka, instance } = bench;
  const file = await configure();
  const mysql = { database_type: 'mysql', metric_name: 'locks' };
  await ensureTopics(kafka, instance, [metricTopic(instance, metric(mysql))]);
  const running = await startRoles(loadConfig(file, {}), ['evaluator']);
  const publisher = createMetricPublisher({ kafka, instance, lingerMs: 0 });
  const locks = (instance_id: string, value: number, agoMs = 0) =>
    metric({
      ...{ metric_name: 'locks', instance_id, value, timestamp: new Date(Date.now() - agoMs).toISOString() },
      ...(instance_id === 'db-2' && mysql),
    });
  try {
    await until('time to pass in all partitions', hasBegun);
    await betweenEvaluations();
    await publisher.publish([locks('db-1', 60), locks('db-2', 60)]);
    // Ten minutes late is evaluated, two hours is not; a clock that is ahead goes by the record time.
    await publisher.publish([locks('db-3', 55, 600_000), locks('db-4', 99, 7_200_000)]);
    await publisher.publish([locks('db-5', 4, -600_000)]);
    await until('the alert across instances', async () => (await told()).length === 4, 30_000);
    await betweenEvaluations();
    await publisher.publish([locks('db-2', 20)]);
    await until('its end', async () => (await told()).filter(({ ends_at }) => ends_at !== null).length === 2);
  } finally {
    await publisher.close();
    await running.stop();
  }

  const { code, out, err } = await backtest(file, '--from', '1h', '--json');
  const { alerts, kafka: reading } = JSON.parse(out) as { alerts: Found[]; kafka: object };
  expect(inOrder(alerts)).toEqual(inOrder(await told()));
  expect(reading).toMatchObject({ late: 1, corrected: 1, invalid: 0, held_since: null });
  expect(code).toBe(0);
  expect(err.split('\\n')).toEqual([
    '1 metric came more than 1h late: left out, as evaluators do',
    '1 metric of a clock that is ahead: evaluated for the record time, as evaluators do',
  ]);

  await writeFile(join(folder, 'stricter.yml'), RULES.replace('> 100', '> 1000'));
  const difference = await backtest(file, '--rules', join(folder, 'stricter.yml'), '--against', 'configured');
  expect(difference.out).toMatch(
    /Only with --against:[^]*FleetFull[^]*0 more, 4 fewer, 0 at another time, 0 the same$/,
  );

  const { groups } = await withAdmin(kafka, (admin) => admin.listGroups());
  const readers = groups.filter(({ groupId }) => groupId.startsWith(`${instance}.gds-read-metrics`));
  expect(readers).toEqual([]);
});
