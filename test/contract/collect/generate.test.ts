/** `tocsin generate` and `tocsin send`: lines for pipes, and real messages on Kafka's metric topics. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processContext } from '../../../src/cli/context';
import { runCli } from '../../../src/cli/program';
import type { Metric } from '../../../src/domain/metric';
import { decodeMetric } from '../../../src/stream/codec';
import { withAdmin } from '../../../src/stream/kafka';
import { listMetricTopics } from '../../../src/stream/topics';
import { waitFor } from '../../harness/wait-for';
import { openBench, type Bench } from '../stream/kafka-harness';

describe('tocsin generate', () => {
  let bench: Bench;
  let folder: string;
  beforeAll(async () => {
    bench = await openBench();
    folder = mkdtempSync(join(tmpdir(), 'tocsin-generate-'));
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await bench.close();
  });

  const run = (...args: string[]) => tocsin('generate', ...args);
  const tocsin = async (...args: string[]) => {
    const [out, err] = [[] as string[], [] as string[]];
    const context = {
      ...processContext(),
      print: (line: string) => void out.push(line),
      complain: (line: string) => void err.push(line),
      drained: async () => undefined,
    };
    const code = await runCli(args, context);
    return { code, out, err: err.join('\n') };
  };
  const scenario = ['--seed', '7', '--instances', '4', '--for', '1m', '--start', '2026-01-01T00:00:00Z'];
  const config = (): string => {
    const file = join(folder, 'tocsin.yaml');
    writeFileSync(
      file,
      JSON.stringify({
        environment: 'development',
        instance: bench.instance,
        kafka: { brokers: [bench.broker], development: true },
        temporal: { address: '127.0.0.1:1' },
        postgres: { url: 'postgres://127.0.0.1:1/none' },
      }),
    );
    return file;
  };

  it('prints a metric a line, the same ones for the same seed', async () => {
    const first = await run(...scenario, '--fault', 'connections:1@30s');
    const metrics = first.out.map((line) => decodeMetric(Buffer.from(line)));
    expect(metrics.every(({ ok }) => ok)).toBe(true);
    expect(metrics.length).toBeGreaterThan(1_000);
    expect((await run(...scenario, '--fault', 'connections:1@30s')).out).toEqual(first.out);
    expect([first.code, first.err]).toEqual([0, '']);
  });

  it('publishes all of them, each under its instance in the topic of its database', async () => {
    const { out } = await run(...scenario);
    const { code, err } = await run(...scenario, '--kafka', '--config', config());
    expect([code, err]).toEqual([0, `${out.length} metrics are in Kafka`]);
    const topics = await listMetricTopics(bench.kafka, bench.instance);
    const types = ['host', 'mongodb', 'mssql', 'postgresql', 'snowflake'];
    expect(topics).toEqual(
      expect.arrayContaining(types.map((type) => `${bench.instance}.gds.metrics.${type}.development`)),
    );

    const consumer = bench.kafka.consumer({ groupId: `${bench.instance}-reader`, sessionTimeout: 6_000 });
    bench.after(() => consumer.disconnect());
    await consumer.connect();
    await consumer.subscribe({ topics, fromBeginning: true });
    // By their place: a group that is put together anew reads some again.
    const received = new Map<string, string>();
    const astray: string[] = [];
    await consumer.run({
      eachMessage: async ({ topic, partition, message }) => {
        const text = message.value!.toString();
        const metric = JSON.parse(text) as Metric;
        received.set(`${topic} ${partition} ${message.offset}`, text);
        if (!topic.endsWith(`.${metric.database_type}.development`)) astray.push(text);
        if (message.key?.toString() !== metric.instance_id) astray.push(text);
      },
    });
    await waitFor(() => received.size >= out.length, { what: 'all messages', timeoutMs: 30_000 });
    expect([...received.values()].sort()).toEqual([...out].sort());
    expect(astray).toEqual([]);
  });

  it('sends metrics of any source, and makes their topic', async () => {
    const file = join(folder, 'metrics.jsonl');
    const lines = Array.from({ length: 1_500 }, (_, i) => ({
      timestamp: new Date().toISOString(),
      database_type: 'app',
      instance_id: `orders-${i % 40}`,
      metric_name: 'queue_length',
      value: i,
      tags: {},
    }));
    writeFileSync(file, lines.map((line) => JSON.stringify(line)).join('\n'));
    const { code, err } = await tocsin('send', file, '--config', config());
    expect([code, err]).toEqual([0, '1,500 metrics are in Kafka']);
    const topic = `${bench.instance}.gds.metrics.app.default`;
    const offsets = await withAdmin(bench.kafka, (admin) => admin.fetchTopicOffsets(topic));
    expect(offsets.filter(({ high }) => Number(high) > 0).length).toBeGreaterThan(6);
    expect(offsets.reduce((sum, { high }) => sum + Number(high), 0)).toBe(1_500);
    expect(offsets).toHaveLength(12);
  });

  it('Kafka away: 1 and the reason', async () => {
    const file = config();
    const away = JSON.stringify({
      environment: 'development',
      kafka: { brokers: ['127.0.0.1:1'], development: true },
      temporal: { address: '127.0.0.1:1' },
      postgres: { url: 'postgres://127.0.0.1:1/none' },
    });
    writeFileSync(file, away);
    const { code, err, out } = await run(...scenario, '--kafka', '--config', file);
    expect([code, out]).toEqual([1, []]);
    expect(err).toContain('tocsin generate: ');
  });
});
