/**
 * `tocsin send`: metrics of one's own, as JSON lines, into the metric topics. A line leaves within 100 ms of being read,
 * so that a program may write into a pipe for as long as it runs.
 */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { formatDuration } from '../../domain/duration';
import { messageOf } from '../../domain/errors';
import type { Metric } from '../../domain/metric';
import { decodeMetric } from '../../stream/codec';
import { eventTimeMs } from '../../stream/metric-message';
import { serverConfig, type ConfigOption } from '../configuration';
import type { Context } from '../context';
import { EXIT, usage, type ExitCode } from '../failures';
import type { MetricSink } from '../port';
import { counted, createProgress } from '../progress';

/** On their way to Kafka at a time; a file is read no faster. */
const MOST_WAITING = 1_000;
/** More lines that are no metrics are only counted. */
const MOST_TOLD = 20;

export async function send(context: Context, file: string, options: ConfigOption): Promise<ExitCode> {
  const config = serverConfig(context, options);
  const { maxLateMs } = config.evaluate;
  const outbox = createOutbox(await context.wiring.openPublisher(config));
  const progress = createProgress(context);
  let [line, sent, invalid, late] = [0, 0, 0, 0];
  try {
    for await (const text of linesOf(file)) {
      line += 1;
      if (text === '') continue;
      const metric = metricIn(text);
      if (typeof metric === 'string') {
        invalid += 1;
        if (invalid <= MOST_TOLD) context.complain(`${file === '-' ? 'stdin' : file}:${line}: ${metric}`);
        continue;
      }
      await outbox.put(metric);
      sent += 1;
      if (context.now() - eventTimeMs(metric.timestamp) > maxLateMs) late += 1;
      progress(() => `${counted(sent, 'metric', 'metrics')} …`);
    }
  } finally {
    await outbox.close();
  }
  context.complain(`${counted(sent, 'metric is', 'metrics are')} in Kafka`);
  if (invalid > 0) context.complain(`${counted(invalid, 'line is', 'lines are')} no metric: left out`);
  if (late > 0) {
    const age = formatDuration(maxLateMs);
    context.complain(
      `${late.toLocaleString('en')} of ${age} or more ago: late for rules (evaluate.max_late)`,
    );
  }
  return invalid > 0 || sent === 0 ? EXIT.failed : EXIT.ok;
}

/** Without the white space around them. */
async function* linesOf(file: string): AsyncGenerator<string> {
  const input = file === '-' ? process.stdin : createReadStream(file);
  const lines = createInterface({ input, crlfDelay: Infinity })[Symbol.asyncIterator]();
  for (;;) {
    const { done, value } = await lines.next().catch((error: unknown) => {
      throw usage(`cannot read ${file}: ${messageOf(error)}`);
    });
    if (done === true) return;
    yield value.trim();
  }
}

/** The metric of a line, or why it is none. */
function metricIn(text: string): Metric | string {
  if (!text.startsWith('{')) return 'is no JSON object';
  const decoded = decodeMetric(Buffer.from(text));
  return decoded.ok ? decoded.value : decoded.problems.join('; ');
}

interface Outbox {
  /** Resolves when there is room for more. Throws what an earlier metric has failed with. */
  put(metric: Metric): Promise<void>;
  /** Resolves when Kafka has them all; throws where it has not. */
  close(): Promise<void>;
}

function createOutbox(sink: MetricSink): Outbox {
  let waiting: Promise<void>[] = [];
  let failure: { readonly error: unknown } | null = null;

  async function settle(): Promise<void> {
    await Promise.all(waiting);
    waiting = [];
    if (failure !== null) throw failure.error;
  }

  return {
    async put(metric) {
      if (failure !== null) throw failure.error;
      waiting.push(
        sink.publish([metric]).catch((error: unknown) => {
          failure ??= { error };
        }),
      );
      if (waiting.length >= MOST_WAITING) await settle();
    },
    close: () => settle().finally(() => sink.close()),
  };
}
