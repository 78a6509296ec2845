/**
 * Snapshots: what 100,000 series in twelve partition numbers take to be written down and to be gone on with, against reading
 * their samples again.
 */
import { randomBytes } from 'node:crypto';
import { createKafka } from '../src/stream/kafka';
import { inFreshProcess, median, ratioOf, rounded, type BenchResult, type BenchStage } from './measure';
import { SAMPLES_OF_SERIES, SERIES, type SnapshotTimes } from './snapshot-process';
import { removeTopics } from './system';

const ROUNDS = 3;

export async function benchSnapshot({ kafka: brokers, say }: BenchStage): Promise<BenchResult> {
  const process = require.resolve('./snapshot-process');
  const all: SnapshotTimes[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    const instance = `b${randomBytes(5).toString('hex')}`;
    const kafka = createKafka({ brokers: [...brokers], clientId: instance });
    try {
      all.push(await inFreshProcess<SnapshotTimes>(process, [brokers[0]!, instance]));
    } finally {
      await removeTopics(kafka, instance);
    }
    const { heldMs, read, goOn } = all.at(-1)!;
    say(
      `round ${round}: held ${rounded(Math.max(...heldMs))} ms at most, back in ${rounded(read.wallSeconds + goOn.wallSeconds)} s`,
    );
  }
  return resultOf(all);
}

function resultOf(all: readonly SnapshotTimes[]): BenchResult {
  const mid = (of: (times: SnapshotTimes) => number): number => median(all.map(of));
  const total = (ms: readonly number[]): number => ms.reduce((sum, each) => sum + each, 0);
  return {
    name: 'Snapshot',
    method:
      `The state of ${SERIES.toLocaleString('en')} series with ${SAMPLES_OF_SERIES} samples each (five minutes at one in 15 s) under 500 windows, in twelve partition numbers: taken and encoded, written to Kafka in one go, read from there by another ` +
      `reader, decoded and put into engines that are new. Against it, the same samples parsed and offered again, without Kafka: what a process without snapshots has to do at least, for so short a look-back.`,
    ratios: [
      ratioOf({
        ...{
          name: 'go on with 100,000 series, CPU, against reading their samples again',
          unit: 'CPU s',
          aim: null,
        },
        ours: mid(({ readAgain }) => readAgain.cpuSeconds),
        reference: mid(({ read, goOn }) => read.cpuSeconds + goOn.cpuSeconds),
      }),
    ],
    figures: [
      { name: 'size', unit: 'MiB', value: mid(({ bytes }) => bytes / 2 ** 20), aim: null },
      { name: 'taking all of them', unit: 'ms', value: mid(({ heldMs }) => total(heldMs)), aim: null },
      {
        name: 'taking one holds the process at most',
        unit: 'ms',
        value: mid(({ heldMs }) => Math.max(...heldMs)),
        aim: null,
      },
      { name: 'writing them to Kafka', unit: 's', value: mid(({ write }) => write.wallSeconds), aim: null },
      { name: 'reading them from Kafka', unit: 's', value: mid(({ read }) => read.wallSeconds), aim: null },
      { name: 'going on with them', unit: 's', value: mid(({ goOn }) => goOn.wallSeconds), aim: null },
    ],
    notes: [
      'Reading includes the time in which the reader joins its group: an evaluator has joined long before it takes over.',
    ],
    rounds: all.map(({ bytes, heldMs, write, read, goOn, readAgain }) => ({
      MiB: bytes / 2 ** 20,
      'taken, ms': total(heldMs),
      'held at most, ms': Math.max(...heldMs),
      'written, s': write.wallSeconds,
      'read, s': read.wallSeconds,
      'gone on, s': goOn.wallSeconds,
      'gone on, CPU s': read.cpuSeconds + goOn.cpuSeconds,
      'read again, CPU s': readAgain.cpuSeconds,
    })),
  };
}
