/** Where `tocsin backtest` takes metrics from: a file, or what Kafka still holds. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Config } from '../../config/config';
import { formatDuration } from '../../domain/duration';
import { messageOf } from '../../domain/errors';
import type { Backtest } from '../../evaluate/backtest';
import { decodeMetric } from '../../stream/codec';
import type { KeptReading } from '../../stream/kept-metrics';
import { eventTimeMs } from '../../stream/metric-message';
import { METRIC_PARTITIONS, partitionOfKey } from '../../stream/topics';
import type { Context } from '../context';
import { HOW_TO_NAME_RULES, usage } from '../failures';
import { counted, createProgress } from '../progress';
import { timeText } from './would-be-alerts';

export interface Feeding {
  /** False where it was ended before. */
  readonly isWhole: boolean;
  /** The time up to which nothing more comes; undefined: that of the last metric. */
  readonly upTo?: number;
  /** What people should know of what was read. */
  readonly remarks: readonly string[];
  /** The same for programs. */
  readonly kept: object;
}

/** A line is a metric, in the order in which they were recorded; `-` is standard input. Throws TOC_USAGE where none is one. */
export async function feedFromFile(
  context: Context,
  file: string,
  runs: readonly Backtest[],
): Promise<Feeding> {
  let [line, metrics, refused] = [0, 0, 0];
  let firstRefused = 'it is empty';
  const progress = createProgress(context);
  const partitionOf = createPartitioning();
  const input = file === '-' ? process.stdin : createReadStream(file);
  try {
    for await (const text of createInterface({ input, crlfDelay: Infinity })) {
      line += 1;
      if (text.trim() === '') continue;
      const decoded = decodeMetric(Buffer.from(text));
      if (decoded.ok) {
        metrics += 1;
        const time = eventTimeMs(decoded.value.timestamp);
        const partition = partitionOf(decoded.value.instance_id);
        for (const run of runs) run.offer(decoded.value, { time, recorded: time, partition });
      } else {
        refused += 1;
        if (refused === 1) firstRefused = `line ${line}: ${decoded.problems.join(', ')}`;
      }
      progress(() => `${counted(metrics + refused, 'metric', 'metrics')} …`);
    }
  } catch (error) {
    throw usage(`cannot read ${file}: ${messageOf(error)}`);
  }
  if (metrics === 0) throw usage(`${file} holds no metrics: ${firstRefused}${ruleFileHint(file)}`);
  return { isWhole: true, remarks: remarksOnFile(file, runs, refused, firstRefused), kept: {} };
}

const ruleFileHint = (file: string): string =>
  /\.ya?ml$/i.test(file) ? `. It looks like a rule file: ${HOW_TO_NAME_RULES}` : '';

function remarksOnFile(
  file: string,
  runs: readonly Backtest[],
  refused: number,
  firstRefused: string,
): string[] {
  const unordered = Math.max(...runs.map((run) => run.unordered()));
  return [
    ...(refused === 0
      ? []
      : [
          `${counted(refused, 'line', 'lines')} of ${file} ${refused === 1 ? 'is no metric' : 'are no metrics'}: left out; ${firstRefused}`,
        ]),
    ...(unordered === 0
      ? []
      : [
          `${counted(unordered, 'metric', 'metrics')} of ${file} came after one of their series of the same time or later, when rules had been evaluated: sort the lines by time`,
        ]),
  ];
}

/** Where collectors would have written an instance's metrics. */
function createPartitioning(): (instanceId: string) => number {
  const known = new Map<string, number>();
  return (instanceId) => {
    const partition = known.get(instanceId) ?? partitionOfKey('gds.metrics', instanceId, METRIC_PARTITIONS);
    known.set(instanceId, partition);
    return partition;
  };
}

/** Record times, milliseconds since 1970; rules look back so far before the first. */
export interface KeptSpan {
  readonly fromMs: number;
  readonly toMs: number;
  readonly lookbackMs: number;
}

export async function feedFromKafka(
  context: Context,
  config: Config,
  { fromMs, toMs, lookbackMs }: KeptSpan,
  runs: readonly Backtest[],
): Promise<Feeding> {
  const progress = createProgress(context);
  const readFromMs = fromMs - lookbackMs;
  const reading = await context.wiring.readMetrics(
    config,
    { fromMs: readFromMs, toMs },
    ({ metric, ...at }) => runs.forEach((run) => run.offer(metric, at)),
    ({ read, of, upTo }) =>
      progress(() => {
        const share = Math.floor((100 * read) / of);
        return `${share} %: ${read.toLocaleString('en')} of ${counted(of, 'record', 'records')}, up to ${timeText(upTo)}`;
      }),
  );
  const { isWhole, heldSince, records, invalid, late, rejected, corrected } = reading;
  return {
    isWhole,
    // What Kafka does not have yet is not missing.
    upTo: Math.min(toMs, context.now()),
    remarks: remarksOn(reading, config, { fromMs, readFromMs }),
    kept: {
      kafka: {
        ...{ from: timeText(fromMs), to: timeText(toMs), read_from: timeText(readFromMs) },
        held_since: heldSince === null ? null : timeText(heldSince),
        ...{ records, invalid, late, rejected, corrected },
      },
    },
  };
}

function remarksOn(
  { records, invalid, late, rejected, corrected, heldSince }: KeptReading,
  { evaluate }: Config,
  { fromMs, readFromMs }: { readonly fromMs: number; readonly readFromMs: number },
): string[] {
  const of = (count: number, text: string): string[] =>
    count === 0 ? [] : [`${counted(count, 'metric', 'metrics')} ${text}`];
  return [
    ...(records === 0 ? ['Kafka holds no metrics of this time'] : heldText(heldSince, fromMs, readFromMs)),
    ...(invalid === 0
      ? []
      : [`${counted(invalid, 'record is no metric', 'records are no metrics')}: left out`]),
    ...of(late, `came more than ${formatDuration(evaluate.maxLateMs)} late: left out, as evaluators do`),
    ...of(rejected, `of a clock that is ahead: left out, as evaluators do`),
    ...of(corrected, `of a clock that is ahead: evaluated for the record time, as evaluators do`),
  ];
}

function heldText(heldSince: number | null, fromMs: number, readFromMs: number): string[] {
  if (heldSince === null || heldSince <= readFromMs) return [];
  const since = timeText(heldSince);
  if (heldSince > fromMs)
    return [
      `Kafka has deleted what was recorded before ${since}: of the time from ${timeText(fromMs)} to then, not all can be told, and windows were still filling afterwards`,
    ];
  return [
    `Kafka has deleted what was recorded before ${since}: rules look back to ${timeText(readFromMs)}, so their windows were not full at ${timeText(fromMs)}`,
  ];
}
