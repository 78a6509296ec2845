/**
 * The form of a question and of its answer over HTTP: parameters there, lines of JSON here. The first line says who answers
 * and for what, the last how much there was, so that an answer that was cut off is known as such. Both ends read strictly what
 * they need, and let pass what later versions add.
 */
import { z } from 'zod';
import { messageOf, TocsinError } from '../domain/errors';
import { areAffordable } from '../domain/matchers';
import type { Answer, AnswerHead, Piece, Question } from './port';

export const SERIES_PATH = '/api/v1/series';
/** A server takes 16 KiB of a request's line and headers. */
export const MAX_QUESTION_LENGTH = 12_000;

/** A list of 200 hosts has 3,000. How many characters they may be held against is bounded where series are matched. */
const MOST_STEPS = 5_000;
const MATCHERS = z
  .array(z.object({ name: z.string(), op: z.enum(['=', '!=', '=~', '!~']), value: z.string() }))
  .min(1)
  .max(100);

/** Throws TOC_USAGE where the selector is too long for a request. */
export function questionText({ matchers, sinceMs }: Question): string {
  const asked = matchers.map(({ name, op, value }) => ({ name, op, value }));
  const text = `matchers=${encodeURIComponent(JSON.stringify(asked))}&since=${sinceMs}`;
  if (text.length > MAX_QUESTION_LENGTH)
    throw new TocsinError(
      'TOC_USAGE',
      `a selector takes ${text.length} characters of a request, and at most ${MAX_QUESTION_LENGTH} are accepted; shorten its matchers`,
    );
  return text;
}

/** Throws TOC_USAGE with what is accepted. */
export function parseQuestion(query: URLSearchParams): Question {
  const since = query.get('since') ?? '';
  if (!/^-?\d{1,16}(\.\d+)?$/.test(since)) throw refused('since', 'milliseconds since 1970');
  try {
    const matchers = MATCHERS.parse(JSON.parse(query.get('matchers') ?? ''));
    if (!areAffordable(matchers, MOST_STEPS))
      throw new RangeError('its regular expressions would take too long: shorten them, or repeat less');
    return { matchers, sinceMs: Number(since) };
  } catch (error) {
    if (error instanceof RangeError) throw refused('matchers', messageOf(error));
    throw refused('matchers', 'JSON such as [{"name":"__name__","op":"=","value":"up"}], 1 to 100 of them');
  }
}

const refused = (parameter: string, accepted: string): TocsinError =>
  new TocsinError('TOC_USAGE', `the parameter ${parameter} is not accepted: ${accepted}`);

const time = z.number();
const part = z.object({ number: z.int().min(0), reached: time.nullable() });
const kept = z.number().nullable();
const HEAD = z.object({
  v: z.literal(1),
  id: z.string(),
  instance: z.string(),
  pool: z.string(),
  partitions: z.array(part),
  slots: z.array(part),
  planned_slots: z.array(z.int()),
  coverage: z.object({
    partitions_ms: kept,
    slots_ms: kept,
    made_in_partitions: z.boolean(),
    made_in_slots: z.boolean(),
    asked: z.array(z.string()),
  }),
  lacks: z.array(z.string()).default([]),
});
const NAMED_VALUES: ReadonlySet<unknown> = new Set(['NaN', '+Inf', '-Inf', 'stale']);
const END = z.object({ end: z.object({ pieces: z.int() }) });

export function headLine(head: AnswerHead): string {
  const { id, instance, pool, partitions, slots, plannedSlots, coverage, lacks } = head;
  return JSON.stringify({
    ...{ v: 1, id, instance, pool, partitions, slots, planned_slots: plannedSlots },
    coverage: {
      partitions_ms: coverage.partitionsMs,
      slots_ms: coverage.slotsMs,
      made_in_partitions: coverage.madeInPartitions,
      made_in_slots: coverage.madeInSlots,
      asked: coverage.asked,
    },
    lacks,
  });
}

export const pieceLine = ({ labels, times, values }: Piece): string =>
  JSON.stringify({ labels, times, values });

export const endLine = (pieces: number): string => JSON.stringify({ end: { pieces } });

/** Takes an answer's lines; throws an Error that says what is wrong with one. */
export function createAnswerReader(): { take(line: string): void; answer(): Answer } {
  let head: AnswerHead | null = null;
  const pieces: Piece[] = [];
  let hasEnded = false;
  return {
    take(line) {
      const value = valueOf(line);
      if (head === null) head = headOf(value);
      else if (hasEnded) throw new Error('its answer goes on after its end');
      else if (isPiece(value)) pieces.push(value);
      else if (END.safeParse(value).data?.end.pieces !== pieces.length)
        throw new Error('its answer is not whole, or has what cannot be read');
      else hasEnded = true;
    },
    answer() {
      if (head === null || !hasEnded) throw new Error('its answer was cut off');
      return { head, pieces };
    },
  };
}

function valueOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new Error('its answer is no JSON');
  }
}

function headOf(value: unknown): AnswerHead {
  const parsed = HEAD.safeParse(value);
  if (!parsed.success) throw new Error('its answer is none of an evaluator, or of another version');
  const { v: _, planned_slots: plannedSlots, coverage, ...head } = parsed.data;
  return {
    ...{ ...head, plannedSlots },
    coverage: {
      partitionsMs: coverage.partitions_ms,
      slotsMs: coverage.slots_ms,
      madeInPartitions: coverage.made_in_partitions,
      madeInSlots: coverage.made_in_slots,
      asked: coverage.asked,
    },
  };
}

/** Written out: there are many, and a schema takes as long as everything else together. */
function isPiece(value: unknown): value is Piece {
  const { labels, times, values } = (value ?? {}) as Partial<Record<string, unknown>>;
  return (
    Array.isArray(times) &&
    Array.isArray(values) &&
    times.length === values.length &&
    times.every((each) => typeof each === 'number') &&
    values.every((each) => typeof each === 'number' || NAMED_VALUES.has(each)) &&
    typeof labels === 'object' &&
    labels !== null &&
    Object.values(labels).every((each) => typeof each === 'string')
  );
}
