/**
 * The transition message, version 1: what is accepted from `gds.alerts`. Later writers of version 1 only add optional
 * fields, and a reader ignores the ones that it does not know: while processes are upgraded one by one, an older
 * dispatcher must not take a newer evaluator's firing for poison. Everything that is known is validBytes strictly.
 */
import { z } from 'zod';
import { TocsinError } from '../domain/errors';
import { OPERATORS } from '../domain/rule';
import { toStorable } from '../domain/storable';
import { MAX_COOLDOWN_MS, MAX_RECENT, TRANSITION_KINDS, type Transition } from '../domain/transition';
import { problemsOf, YEAR_10000_MS } from './metric-message';
import { MAX_TRANSITION_BYTES, written, type Written } from './transition-size';

/** Postgres takes neither an offset that is used nowhere on Earth nor any number of fractional digits. */
const PLAIN_TIME = /^[^.]{19}(?:\.\d{1,9})?(?:Z|[+-](?:0\d|1[0-4]):\d\d)$/;

const TOO_LONG = `message: is longer than ${MAX_TRANSITION_BYTES} bytes`;

const time = z.iso
  .datetime({ offset: true })
  .refine(isUsual, 'has to lie in the years 1970 to 9999, with an offset of at most 14 hours');
const labels = z.record(z.string(), z.string());
const value = z.union([z.number(), z.enum(['NaN', '+Inf', '-Inf', 'stale'])]);

const transitionSchema: z.ZodType<Transition> = z.object({
  version: z.literal(1),
  transition_id: z.string().min(1),
  kind: z.enum(TRANSITION_KINDS),
  source: z.string().min(1),
  fingerprint: z.string().regex(/^[0-9a-f]{16}$/, 'has to be 16 hex digits'),
  labels,
  annotations: labels,
  starts_at: time,
  ends_at: time.nullable(),
  value: value.nullable(),
  threshold: z.number().nullable(),
  event_time: time,
  rule: z
    .object({
      group: z.string(),
      name: z.string(),
      hash: z.string(),
      unit: z.string().optional(),
      partition: z.int().nonnegative().optional(),
      pool: z.string().optional(),
    })
    .nullable(),
  recent: z.array(z.tuple([z.number(), value])).max(MAX_RECENT),
  correlation_id: z.string(),
  condition: z
    .object({
      metric: z.string(),
      series: labels,
      operator: z.enum(OPERATORS),
      threshold: z.number(),
      recovery_threshold: z.number().nullable(),
      window_ms: z.number().positive().optional(),
    })
    .optional(),
  kept_since: time.optional(),
  cooldown_ms: z.number().nonnegative().max(MAX_COOLDOWN_MS).optional(),
  runbook: z.string().optional(),
  receivers: z.array(z.string()).optional(),
  expires_at: time.optional(),
  timed_out: z.boolean().optional(),
  told_again: z.boolean().optional(),
  generator_url: z.string().optional(),
});

function isUsual(text: string): boolean {
  const ms = Date.parse(text);
  return ms >= 0 && ms < YEAR_10000_MS && PLAIN_TIME.test(text);
}

export type Decoded<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problems: readonly string[] };

export function decodeTransition(bytes: Buffer | null): Decoded<Transition> {
  if (bytes === null || bytes.length === 0) return { ok: false, problems: ['message: is empty'] };
  if (bytes.length > MAX_TRANSITION_BYTES) return { ok: false, problems: [TOO_LONG] };
  let parsed: unknown;
  try {
    parsed = JSON.parse(bytes.toString(), mayHaveUnstorable(bytes) ? storable : undefined);
  } catch (error) {
    return { ok: false, problems: [`message: is not JSON (${(error as Error).message})`] };
  }
  const result = transitionSchema.safeParse(parsed);
  return result.success
    ? { ok: true, value: result.data }
    : { ok: false, problems: problemsOf(result.error) };
}

/** As JSON writes them. */
const UNSTORABLE = ['\\u0000', '\\ud', '\\uD'].map((escape) => Buffer.from(escape));
const mayHaveUnstorable = (bytes: Buffer): boolean => UNSTORABLE.some((escape) => bytes.includes(escape));

/** Before anything is decided from them: an alert's groups go by the labels that its row has. */
function storable(_key: string, parsed: unknown): unknown {
  if (typeof parsed === 'string') return toStorable(parsed);
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return parsed;
  return Object.fromEntries(Object.entries(parsed).map(([name, each]) => [toStorable(name), each]));
}

/** Throws TOC_MESSAGE_INVALID for a transition that a reader would refuse, so that none is ever written. */
export const encodeTransition = (transition: Transition): Buffer => validBytes(written(transition));

/** The same of one that is written already. */
export function validBytes({ transition, bytes }: Written): Buffer {
  const result = transitionSchema.safeParse(transition);
  if (result.success && bytes.length <= MAX_TRANSITION_BYTES) return bytes;
  const problems = result.success ? [TOO_LONG] : problemsOf(result.error);
  const reason = `transition ${transition.transition_id}: ${problems.join('; ')}`;
  throw new TocsinError('TOC_MESSAGE_INVALID', reason);
}
