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
import type { Context } from '../context';
import { usage } from '../failures';
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

const PROGRESS_EVERY_MS = 2_000;

function createProgress(context: Context): (text: () => string) => void {
  let toldAt = context.now();
  return (text) => {
    if (context.now() - toldAt < PROGRESS_EVERY_MS) return;
    toldAt = context.now();
    context.complain(text());
  };
}

const counted = (count: number, one: string, many: string): string =>
  `${count.toLocaleString('en')} ${count === 1 ? one : many}`;

/** A line is a metric, in the order in which they were recorded; `-` is standard input. */
export async function feedFromFile(
  context: Context,
  file: string,
  runs: readonly Backtest[],
): Promise<Feeding> {
  let [lines, refused] = [0, 0];
  const progress = createProgress(context);
  const input = file === '-' ? process.stdin : createReadStream(file);
  try {
    for await (const line of createInterface({ input, crlfDelay: Infinity })) {
      if (line.trim() === '') continue;
      const decoded = decodeMetric(Buffer.from(line));
      lines += 1;
      if (!decoded.ok) refused += 1;
      else {
        const time = eventTimeMs(decoded.value.timestamp);
        for (const run of runs) run.offer(decoded.value, { time, recorded: time });
      }
      progress(() => `${counted(lines, 'metric', 'metrics')} …`);
    }
  } catch (error) {
    throw usage(`cannot read ${file}: ${messageOf(error)}`);
  }
  const remarks = refused === 0 ? [] : [`${refused} lines of ${file} are no metrics and were left out`];
  return { isWhole: true, remarks, kept: {} };
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
