/**
 * Windows: 1,000 rules of one kind over 10,000 series with a sample a second, evaluated every second, beside a real
 * Prometheus that is given the same rules and the same samples. What evaluating costs is told apart from what bringing
 * samples in costs, and the sum of both stands beside them; the alerts of both sides have to be the same.
 *
 * Prometheus' cost of evaluating is its CPU time with the rules less that without any, while the same samples come in. Ours
 * is counted in the process: every sample's way into its windows, and the evaluations.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../src/domain/errors';
import { compressionType } from '../src/stream/compression';
import { createKafka, type Kafka } from '../src/stream/kafka';
import { ensureTopics } from '../src/stream/topics';
import { startChild } from './child';
import { followSeconds } from './feed';
import {
  cpuSecondsOf,
  residentMib,
  rounded,
  type BenchResult,
  type BenchStage,
  type Figure,
  type Ratio,
} from './measure';
import { prometheusProgram, startPrometheus, type Prometheus, type PrometheusProgram } from './prometheus';
import { remoteWrite, writeRequest } from './remote-write';
import { KIND_WORDS, RULE_KINDS, RULES, ruleTexts, type RuleKind } from './rules';
import { messageAt, SERIES } from './series';
import { removeTopics } from './system';
import type { EvaluatedFor } from './windows-process';

/** Prometheus takes long enough for one evaluation that fewer would count none. */
const PROMETHEUS_SECONDS = 15;
const SECONDS = 10;
/** Windows are full from the first evaluation on. */
const HISTORY_SECONDS = 310;
const PROMETHEUS_SETTLES_MS = 5_000;
const IDLE_SECONDS = 8;
const AIMS: Record<RuleKind, number> = { plain: 5, average: 50, rates: 50, own: 50 };

/** One side's figures for one kind of rules. */
interface Side {
  readonly evaluations: number;
  readonly missed: number;
  readonly wallSeconds: number;
  readonly evaluationCpu: number;
  readonly totalCpu: number;
  readonly groupSeconds: number;
  readonly residentMib: number;
  readonly firing: readonly Record<string, string>[];
}

interface Ingested {
  /** While as many samples a second come in as there are series. */
  readonly cpuPerSample: number;
  /** Of five minutes at once; null where that was not measured. */
  readonly bulkCpuPerSample: number | null;
}

interface Peer {
  readonly version: string;
  readonly kinds: Readonly<Record<string, Side>>;
  readonly ingest: Ingested;
}

export async function benchWindows(stage: BenchStage): Promise<BenchResult> {
  const peer = await measurePrometheus(stage);
  const ours: Partial<Record<RuleKind, Side & { ingestCpu: number }>> = {};
  for (const kind of RULE_KINDS) {
    ours[kind] = await measureOurs(stage, kind);
    stage.say(`Tocsin, ${KIND_WORDS[kind]}: ${sideText(ours[kind])}`);
  }
  return resultOf(ours as Record<RuleKind, Side & { ingestCpu: number }>, peer);
}

const sideText = ({ evaluations, missed, evaluationCpu, firing }: Side): string =>
  `${rounded((evaluationCpu / evaluations) * 1_000)} CPU ms an evaluation, ${evaluations} evaluations, ${missed} missed, ${firing.length} alerts`;

async function measureOurs(
  { kafka: brokers }: BenchStage,
  kind: RuleKind,
): Promise<Side & { ingestCpu: number }> {
  const instance = `b${randomBytes(5).toString('hex')}`;
  const topic = `${instance}.gds.metrics.postgresql.production`;
  const kafka = createKafka({ brokers: [...brokers], clientId: instance });
  await ensureTopics(kafka, instance, [topic]);
  const from = Math.floor(Date.now() / 1_000);
  const origin = from - HISTORY_SECONDS;
  const child = await startChild(require.resolve('./windows-process'), [
    ...[brokers[0]!, instance, kind, String(origin), String(from)],
  ]);
  const producer = await producing(kafka, topic, origin);
  const feed = followSeconds(from, producer.send);
  try {
    const run = await Promise.race([child.ask<EvaluatedFor>({ seconds: SECONDS }), child.lost, feed.failed]);
    const ingestCpu = (run.totalCpu - run.evaluationCpu) / run.samples;
    return { ...run, groupSeconds: run.meanMs / 1_000, ingestCpu };
  } finally {
    await feed.stop();
    await producer.close();
    await child.stop();
    await removeTopics(kafka, instance);
  }
}

const MESSAGES_A_SEND = 2_500;

async function producing(kafka: Kafka, topic: string, origin: number) {
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  return {
    async send(second: number) {
      for (let at = 0; at < SERIES; at += MESSAGES_A_SEND) {
        const messages = Array.from({ length: MESSAGES_A_SEND }, (_, i) => messageAt(at + i, second, origin));
        await producer.send({ topic, messages, compression: compressionType('lz4') });
      }
    },
    close: () => producer.disconnect(),
  };
}

/** Null, with the reason told, where there is no Prometheus to be had: what is ours can be measured all the same. */
async function measurePrometheus(stage: BenchStage): Promise<Peer | null> {
  let program: PrometheusProgram;
  try {
    program = await prometheusProgram(stage.say);
  } catch (error) {
    stage.say(`no Prometheus: ${messageOf(error)}`);
    return null;
  }
  const from = Math.floor(Date.now() / 1_000);
  const origin = from - HISTORY_SECONDS;
  const prometheus = await startPrometheus(program);
  const feed = { stop: () => Promise.resolve(), failed: new Promise<never>(() => undefined) };
  try {
    const bulkCpuPerSample = await fillPrometheus(prometheus, origin, from);
    Object.assign(
      feed,
      followSeconds(from, (second) => remoteWrite(prometheus.url, writeRequest([second], origin))),
    );
    return await Promise.race([peerOf(stage, program, prometheus, bulkCpuPerSample), feed.failed]);
  } finally {
    await feed.stop();
    await prometheus.close();
  }
}

async function peerOf(
  { say }: BenchStage,
  { version }: PrometheusProgram,
  prometheus: Prometheus,
  bulkCpuPerSample: number,
): Promise<Peer> {
  await sleep(PROMETHEUS_SETTLES_MS);
  const idle = await idleCpu(prometheus);
  const kinds: Record<string, Side> = {};
  // With a range of its own each, nothing is other for Prometheus, which shares nothing: the figures of `average` stand.
  for (const kind of RULE_KINDS.filter((each) => each !== 'own')) {
    kinds[kind] = await measureKind(prometheus, kind, idle);
    say(`Prometheus ${version}, ${KIND_WORDS[kind]}: ${sideText(kinds[kind])}`);
  }
  return { version, kinds, ingest: { cpuPerSample: idle / SERIES, bulkCpuPerSample } };
}

/** CPU seconds of each sample. */
async function fillPrometheus({ pid, url }: Prometheus, origin: number, from: number): Promise<number> {
  const seconds = Array.from({ length: from - origin }, (_, i) => origin + i);
  const bodies: Buffer[] = [];
  for (let at = 0; at < seconds.length; at += 10)
    bodies.push(writeRequest(seconds.slice(at, at + 10), origin));
  const before = cpuSecondsOf(pid)!;
  for (const body of bodies) await remoteWrite(url, body);
  return (cpuSecondsOf(pid)! - before) / (seconds.length * SERIES);
}

/** CPU seconds a second with samples coming in, the same polling, and no rules. */
async function idleCpu({ pid, iterations }: Prometheus): Promise<number> {
  const [before, began] = [cpuSecondsOf(pid)!, performance.now()];
  while (performance.now() - began < IDLE_SECONDS * 1_000) {
    await sleep(POLL_MS);
    await iterations();
  }
  return (cpuSecondsOf(pid)! - before) / ((performance.now() - began) / 1_000);
}

const POLL_MS = 250;

/** Whole evaluations only: from the end of one to the end of another. */
async function measureKind(prometheus: Prometheus, kind: RuleKind, idle: number): Promise<Side> {
  await prometheus.load(ruleTexts(kind));
  await sleep(PROMETHEUS_SETTLES_MS);
  const first = await edgeOf(prometheus);
  const [before, began] = [cpuSecondsOf(prometheus.pid)!, performance.now()];
  let last = first;
  while (performance.now() - began < PROMETHEUS_SECONDS * 1_000) last = await edgeOf(prometheus);
  const wallSeconds = (performance.now() - began) / 1_000;
  const totalCpu = cpuSecondsOf(prometheus.pid)! - before;
  const evaluations = last.evaluations - first.evaluations;
  return {
    evaluations,
    missed: last.missed - first.missed,
    wallSeconds,
    totalCpu,
    evaluationCpu: totalCpu - idle * wallSeconds,
    groupSeconds: (last.seconds - first.seconds) / evaluations,
    residentMib: residentMib(prometheus.pid),
    firing: await prometheus.firing(),
  };
}

async function edgeOf({ iterations }: Prometheus) {
  const before = await iterations();
  for (;;) {
    await sleep(POLL_MS);
    const now = await iterations();
    if (now.evaluations !== before.evaluations) return now;
  }
}

const perEvaluation = ({ evaluationCpu, evaluations }: Side): number => evaluationCpu / evaluations;
const wholePerEvaluation = ({ totalCpu, evaluations }: Side): number => totalCpu / evaluations;

type Ours = Record<RuleKind, Side & { ingestCpu: number }>;
const peerOfKind = (peer: Peer, kind: RuleKind): Side => peer.kinds[kind === 'own' ? 'average' : kind]!;

function resultOf(ours: Ours, peer: Peer | null): BenchResult {
  return {
    name: 'Windows',
    method:
      `${RULES.toLocaleString('en')} alerting rules in one group, evaluated every second, over ${SERIES.toLocaleString('en')} series (200 instances × 50 metrics) with a sample a second and ` +
      `five minutes of samples before the first evaluation; one rule in a hundred fires, for some of its series. Ours: one process reads the topic as an evaluator does and hands ` +
      `all partitions to one rule engine; evaluating is every sample's way into its windows and all that follows, fetching, decoding and committing stand apart. Prometheus ` +
      `${peer?.version ?? 3}: samples by remote write; evaluating is its CPU time less that of taking in the same samples without rules. Each in turn, ${SECONDS} s a kind (Prometheus ${PROMETHEUS_SECONDS} s), whole ` +
      `evaluations only. Prometheus leaves out evaluations that it misses; ours are made late: missed are those that had not ended when the next was due; the broker's CPU time is not in it. A ratio of 50 is a fiftieth of the CPU time.`,
    ratios: peer === null ? [] : ratiosOf(ours, peer),
    figures: figuresOf(ours, peer),
    notes: [
      ...(peer === null
        ? ['There was no Prometheus to be had: ratios are missing.']
        : [ingestText(ours, peer)]),
      'A rule that is written as another shares its window: 20 rules read each of 50. With a range of its own each, nothing is shared; Prometheus shares nothing either way.',
    ],
    rounds: RULE_KINDS.flatMap((kind) => [
      ...(peer === null ? [] : [roundOf(`Prometheus ${peer.version}`, kind, peerOfKind(peer, kind))]),
      roundOf('Tocsin', kind, ours[kind]),
    ]),
  };
}

/** More is better: evaluations that a CPU second suffices for. */
function ratiosOf(ours: Ours, peer: Peer): Ratio[] {
  return RULE_KINDS.flatMap((kind) => {
    const line = (name: string, of: (side: Side) => number, aim: number | null): Ratio => {
      const [own, other] = [1 / of(ours[kind]), 1 / of(peerOfKind(peer, kind))];
      return { name, unit: 'evaluations/CPU s', ours: own, reference: other, ratio: own / other, aim };
    };
    return [
      line(KIND_WORDS[kind], perEvaluation, AIMS[kind]),
      line(`${KIND_WORDS[kind]}: with fetching and decoding`, wholePerEvaluation, null),
    ];
  });
}

function figuresOf(ours: Ours, peer: Peer | null): Figure[] {
  const of = (kind: RuleKind): Figure[] => {
    const missed = { unit: 'evaluations', value: ours[kind].missed, aim: 0 };
    const here = { name: `${KIND_WORDS[kind]}: missed`, ...missed };
    if (peer === null || kind === 'own') return [here];
    const value = differing(ours[kind].firing, peerOfKind(peer, kind).firing);
    return [here, { name: `${KIND_WORDS[kind]}: fires on one side only`, unit: 'alerts', value, aim: 0 }];
  };
  return RULE_KINDS.flatMap(of);
}

/** How many label sets only one of the two has. */
function differing(one: Side['firing'], other: Side['firing']): number {
  const textOf = (labels: Record<string, string>): string =>
    JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
  const [a, b] = [new Set(one.map(textOf)), new Set(other.map(textOf))];
  return [...a].filter((each) => !b.has(each)).length + [...b].filter((each) => !a.has(each)).length;
}

function ingestText(ours: Ours, { ingest }: Peer): string {
  const micros = (seconds: number): string => `${rounded(seconds * 1e6)} µs`;
  const own = RULE_KINDS.map((kind) => ours[kind].ingestCpu).sort((a, b) => a - b)[1]!;
  return (
    `Taking samples in, apart: ${micros(own)} of CPU a sample for JSON over Kafka at ${SERIES.toLocaleString('en')} a second, against ${micros(ingest.cpuPerSample)} for remote write ` +
    `(${micros(ingest.bulkCpuPerSample!)} when five minutes of samples come at once): Prometheus is ${rounded(own / ingest.cpuPerSample)} times as good at it.`
  );
}

function roundOf(side: string, kind: RuleKind, of: Side) {
  return {
    rules: KIND_WORDS[kind],
    side,
    evaluations: of.evaluations,
    missed: of.missed,
    'wall ms of one': of.groupSeconds * 1_000,
    'CPU ms of one': perEvaluation(of) * 1_000,
    'with samples coming in': wholePerEvaluation(of) * 1_000,
    'CPU s a second, all': of.totalCpu / of.wallSeconds,
    'resident, MiB': Math.round(of.residentMib),
    alerts: of.firing.length,
  };
}
