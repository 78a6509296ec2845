/** The command against evaluators as processes on real Kafka: all of them, one that hangs, one that is dead, one that took over. */
import { spawn, type ChildProcess } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../../../src/config/load';
import { parseExpr } from '../../../src/promql/parse';
import { query, type QueryResult } from '../../../src/query/query';
import { createBrokerClock } from '../../../src/stream/broker-clock';
import { consumeMetrics } from '../../../src/stream/metric-consumer';
import { createMetricPublisher } from '../../../src/stream/publishers';
import type { MetricPublisher } from '../../../src/stream/port';
import { partitionOfKey } from '../../../src/stream/topics';
import { openEvaluators } from '../../../workers/query';
import { buildCommand, runCommand, type Finished } from '../cli/built-command';
import { startHttpCatcher } from '../../harness/http-catcher';
import { waitFor } from '../../harness/wait-for';
import { metric, openBench, until, type Bench } from '../stream/kafka-harness';

const INSTANCES = Array.from({ length: 24 }, (_, at) => `db-${at}`);
const RULES = {
  groups: [
    {
      ...{ name: 'fleet', interval: '1s' },
      rules: [{ record: 'fleet:used:sum', expr: 'sum(connections_used)' }],
    },
    {
      ...{ name: 'instances', interval: '1s' },
      rules: [
        { alert: 'High', expr: 'connections_used > 20', labels: { severity: 'warning' } },
        { alert: 'Busy', expr: 'sessions > 1000', labels: { severity: 'warning' } },
      ],
    },
  ],
};

let bench: Bench;
let built: ReturnType<typeof buildCommand>;
let config: string;
let publisher: MetricPublisher & { close(): Promise<void> };
const running = new Set<ChildProcess>();

beforeAll(async () => {
  bench = await openBench();
  built = buildCommand();
  const rules = join(built.folder, 'rules.yaml');
  config = join(built.folder, 'tocsin.yaml');
  writeFileSync(rules, JSON.stringify(RULES));
  const { instance, broker } = bench;
  writeFileSync(
    config,
    JSON.stringify({ instance, kafka: { brokers: [broker] }, http: { port: 0 }, rule_files: [rules] }),
  );
  publisher = createMetricPublisher({ kafka: bench.kafka, instance, onEvent: bench.onEvent, lingerMs: 0 });
});

async function killAll(): Promise<void> {
  for (const child of running) child.kill('SIGKILL');
  await waitFor(() => running.size === 0, { what: 'the evaluators to have ended' });
}

afterAll(async () => {
  await killAll();
  await publisher.close();
  await bench.close();
  rmSync(built.folder, { recursive: true, force: true });
});

function startEvaluator(): ChildProcess {
  const child = spawn(process.execPath, [built.entry, 'start', 'evaluator', '--config', config], {
    env: { PATH: process.env.PATH },
    stdio: 'ignore',
  });
  running.add(child);
  child.once('close', () => running.delete(child));
  return child;
}

const tocsin = (expr: string, ...more: string[]): Promise<Finished> =>
  runCommand(built.entry, ['query', expr, '--config', config, ...more]);

interface Told {
  readonly complete: boolean;
  readonly result: readonly { readonly labels: Record<string, string>; readonly value: number }[];
  readonly missing_partitions: readonly number[];
  readonly evaluators: readonly { readonly answered: boolean; readonly partitions: readonly number[] }[];
}

async function asked(expr: string, ...more: string[]): Promise<Told & { code: number | null; err: string }> {
  const { code, out, err } = await tocsin(expr, '--json', ...more);
  if (out === '') throw new Error(err);
  return { ...(JSON.parse(out) as Told), code, err };
}

/** Evaluators are behind and in motion for a while; the answer says so each time. */
const wholeAnswer = (expr: string, evaluators: number): Promise<Told> =>
  until(
    `a whole answer of ${evaluators}`,
    async () => {
      const told = await asked(expr).catch(() => null);
      return told?.complete === true && told.evaluators.length === evaluators ? told : null;
    },
    60_000,
  );

/** In this process: before the group finds out that a member is gone, which takes it 3 s. */
const sumNow = (): Promise<QueryResult> =>
  query(parseExpr('sum(sessions)'), {
    evaluators: openEvaluators(loadConfig(config, {}), 1_000),
    ...{ timeMs: null, now: Date.now, stepMs: 15_000 },
  });

/** Rules across instances have the one in one place, of the other each evaluator has its part alone. */
const METRICS = ['connections_used', 'sessions'];
const publishAll = (): Promise<void> =>
  publisher.publish(
    METRICS.flatMap((metric_name) =>
      INSTANCES.map((instance_id, i) => metric({ metric_name, instance_id, value: i })),
    ),
  );

const ALL = Array.from({ length: 12 }, (_, partition) => partition);
const SUM = (24 * 23) / 2;

test('no evaluator is no answer', async () => {
  const { code, out, err } = await tocsin('sum(connections_used)');
  expect(err).toMatch(/no evaluator runs: the group .*gds-alerting-default has no members\. Start one/);
  expect([code, out]).toEqual([1, '']);
}, 60_000);

test('two evaluators answer as one; what hangs or dies is said to be missing until the other has taken over', async () => {
  const [first, second] = [startEvaluator(), startEvaluator()];
  await wholeAnswer('sum(connections_used)', 2);
  await publishAll();

  const told = await until('all samples', async () => {
    const answer = await wholeAnswer('connections_used', 2);
    return answer.result.length === INSTANCES.length ? answer : null;
  });
  expect(told.result.map(({ labels }) => labels.instance_id).sort()).toEqual([...INSTANCES].sort());
  expect(told.evaluators.map(({ partitions }) => partitions.length)).toEqual([6, 6]);
  expect((await wholeAnswer('sum(connections_used)', 2)).result).toEqual([{ labels: {}, value: SUM }]);

  // What rules make, across instances and not, also where no rule reads it.
  await until('what rules make', async () => (await asked('fleet:used:sum')).result[0]?.value === SUM);
  // The topic of what rules make is new: its partitions have just been given out anew.
  // Each partition shows its alerts with its own next evaluation.
  await until('all three alerts', async () => {
    const { complete, result } = await asked('count(ALERTS{alertstate="firing"})');
    return complete && result[0]?.value === 3;
  });

  const unknown = await asked('sum(nobody_asks)');
  expect(unknown).toMatchObject({ code: 1, complete: false, result: [] });
  expect(unknown.err).toContain('no rule asks for nobody_asks');
  const far = await asked('avg_over_time(connections_used[6h])');
  expect(far.code).toBe(1);
  expect(far.err).toContain('connections_used is kept for');

  // Hung: the group takes it for a member until its session ends.
  second.kill('SIGSTOP');
  const hung = await sumNow();
  second.kill('SIGCONT');
  expect(hung.gaps).toMatchObject([{ kind: 'evaluator', reason: 'no answer within 1 s' }]);
  const mine = hung.evaluators.find(({ reason }) => reason === null)!.member.partitions;
  expect(hung.missingPartitions).toEqual(ALL.filter((partition) => !mine.includes(partition)));
  const left = INSTANCES.map((instance, i) => [partitionOfKey('', instance, 12), i] as const)
    .filter(([partition]) => mine.includes(partition))
    .reduce((sum, [, value]) => sum + value, 0);
  expect(hung.value).toMatchObject({ vector: { values: [left] } });
  expect(left).not.toBe(SUM);

  await wholeAnswer('sum(connections_used)', 2);
  second.kill('SIGKILL');
  await waitFor(() => second.signalCode !== null, { what: 'its end' });
  const dead = await sumNow();
  expect(dead.gaps).toMatchObject([
    { kind: 'evaluator', reason: expect.stringMatching(/connect ECONNREFUSED 127/) as string },
  ]);
  expect(dead.missingPartitions).toHaveLength(6);
  expect((await wholeAnswer('sum(sessions)', 1)).result).toEqual([{ labels: {}, value: SUM }]);
  expect(first.exitCode).toBeNull();
}, 240_000);

test('members that say nothing, or lead to somebody else, are said to be missing', async () => {
  const catcher = await startHttpCatcher();
  bench.after(() => catcher.close());
  catcher.answerAlways({ status: 200, body: { status: 'alive' } });
  const sink = {
    ...{ lookbackMs: 0, assigned: async () => undefined, offer: () => undefined },
    ...{ reached: () => true, flush: async () => undefined },
  };
  const { kafka, instance, onEvent } = bench;
  const clock = createBrokerClock({ kafka, instance, onEvent });
  bench.after(() => clock.close());
  const member = (says?: { id: string; http: string }) =>
    consumeMetrics({ kafka, instance, pool: 'default', sink, clock, onEvent, says });
  await killAll();
  startEvaluator();
  const others = [member(), member({ id: 'x', http: `127.0.0.1:${catcher.port}` })];
  for (const other of others) bench.after(() => other.stop());
  const told = await until(
    'three members, and the answer of the one that is an evaluator',
    async () => {
      const answer = await asked('sum(connections_used)').catch(() => null);
      return answer?.evaluators.length === 3 && answer.missing_partitions.length === 8 ? answer : null;
    },
    60_000,
  );
  expect(told).toMatchObject({ code: 1, complete: false });
  expect(told.err).toContain('it is of a version that does not say where it answers');
  expect(told.err).toContain(`evaluator 127.0.0.1:${catcher.port}: its answer is none of an evaluator`);
}, 120_000);
