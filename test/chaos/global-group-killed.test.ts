/** A rule over the instances of several partitions: what a SIGKILL of its owner must not change, and how soon another goes on. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Consumer } from 'kafkajs';
import { readRuleGroups } from '../../src/config/rule-groups';
import type { Metric } from '../../src/domain/metric';
import { planGroups } from '../../src/evaluate/global-groups';
import { METRIC_PARTITIONS, derivedTopic, ensureTopics, partitionOfKey } from '../../src/stream/topics';
import { testServers } from '../harness/servers';
import { startSystem, type Role, type System } from '../harness/system';
import { waitFor } from '../harness/wait-for';

const STORY_MS = 180_000;
const RULES = join(__dirname, '..', 'fixtures', 'rules', 'across.yml');
const SLOT = planGroups(readRuleGroups(readFileSync(RULES, 'utf8'), RULES).groups, METRIC_PARTITIONS)
  .slots[0]!.slot;
const WITHIN_MS = 5_000;

let system: System;
let consumer: Consumer;

beforeAll(async () => {
  const more = { rules: [], rule_files: [RULES], log: { level: 'debug' } };
  system = await startSystem({ servers: testServers(), more });
});

afterAll(async () => {
  await consumer?.disconnect();
  await system.close();
});

/** An evaluation of the global group, as what it recorded shows it. */
interface Evaluation {
  readonly of: number;
  readonly recordedAt: number;
  readonly value: Metric['value'];
}

async function followEvaluations(): Promise<Evaluation[]> {
  const { kafka, instance } = system;
  const topic = derivedTopic(instance, { tags: { environment: 'test' } });
  await ensureTopics(kafka, instance, [topic], { development: true });
  const found: Evaluation[] = [];
  consumer = kafka.consumer({ groupId: `${instance}.test-evaluations` });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }) => {
      const metric = JSON.parse(message.value!.toString()) as Metric;
      if (metric.metric_name !== 'fleet:used:sum') return;
      found.push({
        of: Date.parse(metric.timestamp),
        recordedAt: Number(message.timestamp),
        value: metric.value,
      });
    },
  });
  return found;
}

/** The partition numbers that an evaluator has told to have. */
function partitionsOf(role: Role): number[] {
  const told = role
    .output()
    .split('\n')
    .filter((line) => line.includes('evaluate: assigned'));
  return told.length === 0 ? [] : (JSON.parse(told.at(-1)!) as { partitions: number[] }).partitions;
}

test(
  'its alert neither ends nor fires again, no evaluation is left out, and the next comes within five seconds',
  async () => {
    expect(partitionOfKey('', 'db-1', METRIC_PARTITIONS)).not.toBe(
      partitionOfKey('', 'db-2', METRIC_PARTITIONS),
    );
    const evaluations = await followEvaluations();
    await system.start('dispatcher effects');
    const both = [await system.start('evaluator'), await system.start('evaluator')];
    await waitFor(() => both.every((role) => partitionsOf(role).length === METRIC_PARTITIONS / 2), {
      what: 'half of the partitions each',
      timeoutMs: 30_000,
    });
    await system.sample('db-1', 60);
    await system.sample('db-2', 60);
    await waitFor(() => system.told().length === 1, { what: 'the alert', timeoutMs: 30_000 });

    const owner = both.find((role) => partitionsOf(role).includes(SLOT))!;
    const killedAt = Date.now();
    await owner.kill();
    const next = await waitFor(() => evaluations.find(({ of }) => of >= killedAt), {
      what: 'an evaluation of a time after the death',
      timeoutMs: 30_000,
    });
    expect(next.recordedAt - killedAt).toBeLessThan(WITHIN_MS);
    expect(next.value).toBe(120);

    await system.sample('db-2', 20);
    await waitFor(() => system.told().length === 2, { what: 'the end', timeoutMs: 30_000 });
    expect(system.told()).toEqual(['hook fire ', 'hook resolved ']);
    const [row] = await system.history.lists.list({});
    expect(row).toMatchObject({ state: 'RESOLVED', fireCount: 1 });

    const times = [...new Set(evaluations.map(({ of }) => of))].sort((a, b) => a - b);
    expect(times).toEqual(times.map((_, i) => times[0]! + i * 1_000));
  },
  STORY_MS,
);
