/** `tocsin query`: an expression over what the running evaluators keep, and what is missing in its answer. */
import { messageOf } from '../../domain/errors';
import { metricValue } from '../../domain/metric';
import type { Expr } from '../../promql/ast';
import { floatText } from '../../promql/float-text';
import type { LabelSet } from '../../promql/label-set';
import { parseExpr } from '../../promql/parse';
import type { Value } from '../../promql/values';
import type { Gap } from '../../query/gaps';
import type { AskedEvaluator } from '../../query/port';
import { evaluatorText, query as ask, type QueryResult } from '../../query/query';
import { serverConfig, type ConfigOption } from '../configuration';
import type { Context } from '../context';
import { EXIT, usage, type ExitCode } from '../failures';
import { oneLine } from '../plain';
import { paint, span, tableOf, type Column } from '../show';
import { durationOf, timeOf } from '../words';
import { timeText } from './would-be-alerts';

export interface QueryOptions extends ConfigOption {
  readonly time?: string;
  readonly timeout: string;
  readonly json?: boolean;
}

/** Ends with 1 where something is missing in the answer. */
export async function query(context: Context, text: string, options: QueryOptions): Promise<ExitCode> {
  const expr = parsed(text);
  const timeMs = options.time === undefined ? null : timeOf('--time', options.time, context.now());
  const timeoutMs = durationOf('--timeout', options.timeout);
  const config = serverConfig(context, options);
  const evaluators = context.wiring.openEvaluators(config, timeoutMs);
  const { intervalMs: stepMs } = config.evaluate;
  const result = await ask(expr, { evaluators, timeMs, stepMs, now: context.now });
  if (options.json) context.print(JSON.stringify(toJson(text, result), null, 2));
  else tell(context, result);
  for (const problem of problemsOf(result, context.now()))
    context.complain(paint(context, 'yellow', problem));
  return isComplete(result) ? EXIT.ok : EXIT.failed;
}

function parsed(text: string): Expr {
  try {
    return parseExpr(text);
  } catch (error) {
    throw usage(messageOf(error));
  }
}

const isComplete = ({ gaps, shortfalls }: QueryResult): boolean =>
  gaps.length === 0 && shortfalls.length === 0;

interface Row {
  readonly series: string;
  readonly at: string;
  readonly value: string;
}

const SERIES: Column<Row> = { title: 'SERIES', value: ({ series }) => series, flexible: true };
const TIME: Column<Row> = { title: 'TIME', value: ({ at }) => at };
const VALUE: Column<Row> = { title: 'VALUE', value: ({ value }) => value };
/** More are for programs. */
const MOST_ROWS = 1_000;

function tell(context: Context, result: QueryResult): void {
  const { value } = result;
  if (value.type === 'scalar') context.print(floatText(value.value));
  else if (value.type === 'string') context.print(value.value);
  else {
    const rows = rowsOf(value);
    const columns = value.type === 'matrix' ? [SERIES, TIME, VALUE] : [SERIES, VALUE];
    if (rows.length === 0) context.print('Nothing.');
    else context.print(tableOf(context, columns, rows.slice(0, MOST_ROWS)));
    if (rows.length > MOST_ROWS)
      context.print(`… and ${rows.length - MOST_ROWS} more; --json tells all of them`);
  }
  // Beside the numbers, and not only among the warnings: a sum of a part looks like any other.
  if (!isComplete(result)) context.print(paint(context, 'red', partialText(result)));
}

function partialText({ partitions, missingPartitions: missing }: QueryResult): string {
  const of = missing.length === 0 ? '' : ` (${missing.length} of ${partitions} partitions are missing)`;
  return `PARTIAL: not all that was asked for is in this answer${of}.`;
}

function rowsOf(value: Exclude<Value, { type: 'scalar' | 'string' }>): Row[] {
  if (value.type === 'vector') {
    const { labels, values } = value.vector;
    return labels.map((each, i) => ({ series: seriesText(each), at: '', value: floatText(values[i]!) }));
  }
  return value.series.flatMap(({ labels, points }) =>
    points.map(([at, each], i) => ({
      series: i === 0 ? seriesText(labels) : '',
      at: timeText(at),
      value: floatText(each),
    })),
  );
}

const seriesText = (labels: LabelSet): string => labels.toString();

function problemsOf(result: QueryResult, nowMs: number): string[] {
  return [
    ...result.gaps.map((gap) => gapText(gap, nowMs)),
    ...result.shortfalls.map(({ reason }) => reason),
  ].map((problem) => oneLine(`tocsin query: ${problem}`));
}

function gapText(gap: Gap, nowMs: number): string {
  switch (gap.kind) {
    case 'evaluator':
      return `${evaluatorText(gap.member)}: ${gap.reason}${elsewhere(gap.member)}; ${withoutText(gap.partitions)}`;
    case 'moving':
      return `${partitionsText(gap.partitions)} on the way from one evaluator to another; ask again in a few seconds`;
    case 'unread':
      return `nobody reads ${gap.partitions.join(', ')} of the partitions of ${gap.topic}`;
    case 'behind':
      return gap.reached === null
        ? `${partitionsText(gap.partitions)} not read yet: the evaluator has just started, or reads again what was before`
        : `${partitionsText(gap.partitions)} read up to ${timeText(gap.reached)}, ${span(nowMs - gap.reached)} ago: what was recorded since is missing`;
  }
}

/** On a machine of its own, an address that only leads to itself is nobody else's. */
function elsewhere({ note, host }: AskedEvaluator['member']): string {
  const leadsToItself = (address: string): boolean => /^(localhost|127\.|\[?::1\]?$|\[::1\]:)/.test(address);
  if (note === null || !leadsToItself(note.http) || leadsToItself(host)) return '';
  return ` (it listens on its own machine alone, ${host}: ask there, or set its http.host)`;
}

const withoutText = (partitions: readonly number[]): string =>
  `without partition${partitions.length === 1 ? '' : 's'} ${partitions.join(', ')}`;

const partitionsText = (partitions: readonly number[]): string =>
  partitions.length === 1 ? `partition ${partitions[0]} is` : `partitions ${partitions.join(', ')} are`;

function toJson(expr: string, result: QueryResult): object {
  const { value, timeMs, evaluators, gaps, shortfalls, partitions, missingPartitions } = result;
  return {
    ...{ expr, time: timeText(timeMs), complete: isComplete(result) },
    ...{ type: value.type, result: resultJson(value) },
    ...{ partitions, missing_partitions: missingPartitions },
    evaluators: evaluators.map(({ member: { host, note, partitions: own }, reason }) => ({
      ...{ address: note?.http ?? null, host, partitions: own, answered: reason === null, reason },
    })),
    behind: gaps.flatMap((gap) =>
      gap.kind === 'behind'
        ? [
            {
              partitions: gap.partitions,
              reached: gap.reached === null ? null : timeText(gap.reached),
            },
          ]
        : [],
    ),
    unread: gaps.flatMap((gap) =>
      gap.kind === 'unread' ? [{ topic: gap.topic, partitions: gap.partitions }] : [],
    ),
    not_kept: shortfalls,
  };
}

function resultJson(value: Value): unknown {
  switch (value.type) {
    case 'scalar':
      return metricValue(value.value);
    case 'string':
      return value.value;
    case 'vector':
      return value.vector.labels.map((labels, i) => ({
        labels: labels.toLabels(),
        value: metricValue(value.vector.values[i]!),
      }));
    case 'matrix':
      return value.series.map(({ labels, points }) => ({
        labels: labels.toLabels(),
        values: points.map(([at, each]) => ({ time: timeText(at), value: metricValue(each) })),
      }));
  }
}
