/**
 * Scale: two evaluators that share the partitions of a backlog, against one. Counted while all of them are at work: from
 * when the last has its partitions until the first has nothing left. On a machine whose cores they share with the broker,
 * only the rate per CPU second tells what more machines would bring.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createKafka } from '../src/stream/kafka';
import { ensureTopics } from '../src/stream/topics';
import { startChild, type Child } from './child';
import { fill, topicOf } from './evaluate';
import { median, ratioOf, rounded, type BenchResult, type BenchStage } from './measure';
import { RULES } from './rules';
import type { Progress, StreamReport } from './stream-process';
import { removeTopics } from './system';

const MESSAGES = 1_000_000;
const ROUNDS = 2;
const POLL_MS = 200;

interface Run {
  readonly processes: number;
  readonly round: number;
  readonly messages: number;
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
}

export async function benchScale({ kafka: brokers, say }: BenchStage): Promise<BenchResult> {
  const instance = `b${randomBytes(5).toString('hex')}`;
  const kafka = createKafka({ brokers: [...brokers], clientId: instance });
  const runs: Run[] = [];
  try {
    await ensureTopics(kafka, instance, [topicOf(instance)]);
    say(`writing ${MESSAGES} messages`);
    await fill(kafka, instance, MESSAGES, 'lz4');
    for (let round = 1; round <= ROUNDS; round++)
      for (const processes of [1, 2]) {
        const run = { processes, round, ...(await measured(brokers[0]!, instance, processes)) };
        runs.push(run);
        say(
          `round ${round}, ${processes}: ${rounded(perWall(run))} messages/s, ${rounded(perCpu(run))} a CPU s`,
        );
      }
  } finally {
    await removeTopics(kafka, instance);
  }
  return resultOf(runs);
}

async function measured(broker: string, instance: string, processes: number) {
  const pool = randomBytes(4).toString('hex');
  const start = (): Promise<Child> =>
    startChild(require.resolve('./stream-process'), [broker, instance, pool, 'one']);
  const children = await Promise.all(Array.from({ length: processes }, start));
  try {
    return togetherIn(await untilRead(children));
  } finally {
    await Promise.all(children.map((child) => child.stop()));
  }
}

async function untilRead(children: readonly Child[]): Promise<StreamReport[]> {
  for (;;) {
    const reports = await Promise.all(
      children.map((child) => Promise.race([child.ask<StreamReport>({}), child.lost])),
    );
    const read = reports.reduce((sum, { progress }) => sum + (progress.at(-1)?.messages ?? 0), 0);
    if (read >= MESSAGES) return reports;
    await sleep(POLL_MS);
  }
}

/** What all did while all were at work. */
function togetherIn(reports: readonly StreamReport[]) {
  const from = Math.max(...reports.map(({ assignedAt }) => assignedAt!));
  const until = Math.min(...reports.map(({ progress }) => progress.at(-1)!.at));
  const spans = reports.map(({ progress }) => spanOf(progress, from, until));
  const sum = (of: (span: Span) => number): number => spans.reduce((total, span) => total + of(span), 0);
  return {
    messages: sum(({ messages }) => messages),
    wallSeconds: sum(({ wallSeconds }) => wallSeconds) / spans.length,
    cpuSeconds: sum(({ cpuSeconds }) => cpuSeconds),
  };
}

interface Span {
  readonly messages: number;
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
}

function spanOf(progress: readonly Progress[], from: number, until: number): Span {
  const within = progress.filter(({ at }) => at >= from && at <= until);
  const [first, last] = [within[0]!, within.at(-1)!];
  return {
    messages: last.messages - first.messages,
    wallSeconds: (last.at - first.at) / 1_000,
    cpuSeconds: last.cpuSeconds - first.cpuSeconds,
  };
}

const perWall = ({ messages, wallSeconds }: Run): number => messages / wallSeconds;
const perCpu = ({ messages, cpuSeconds }: Run): number => messages / cpuSeconds;

function resultOf(runs: readonly Run[]): BenchResult {
  const of = (processes: number, figure: (run: Run) => number): number =>
    median(runs.filter((run) => run.processes === processes).map(figure));
  const line = (name: string, unit: string, figure: (run: Run) => number) =>
    ratioOf({ name, unit, ours: of(2, figure), reference: of(1, figure), aim: null });
  return {
    name: 'Scale',
    method:
      `${MESSAGES.toLocaleString('en')} messages are read by one evaluator, and by two of one pool that share the partitions, with ${RULES.toLocaleString('en')} rules on one series each. Counted from when the last has its ` +
      `partitions until the first has none left to read; the reference is one evaluator.`,
    ratios: [
      line('two evaluators', 'messages/s', perWall),
      line('two evaluators, per CPU second', 'messages/CPU s', perCpu),
    ],
    figures: [],
    notes: [
      'Two evaluators and the broker want more than two cores: per CPU second a ratio of 1 means that nothing is lost by sharing.',
    ],
    rounds: runs.map((run) => ({
      round: run.round,
      evaluators: run.processes,
      'messages/s': Math.round(perWall(run)),
      'messages/CPU s': Math.round(perCpu(run)),
      'messages counted': run.messages,
    })),
  };
}
