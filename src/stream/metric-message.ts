/**
 * The metric message: what is accepted from a topic as a metric. A hand-written check stands on the hot path, because
 * a schema library costs more than the rest of the evaluation; what it refuses goes through the schema, which names
 * every problem. A test holds the two together.
 *
 * Fields that this version does not know are ignored, so that a newer collector can add some.
 */
import { z } from 'zod';
import type { Metric, MetricValue } from '../domain/metric';

const NAMED_VALUES: ReadonlySet<unknown> = new Set(['NaN', '+Inf', '-Inf', 'stale']);

const VALUE_FORM = 'a finite number, or one of "NaN", "+Inf", "-Inf", "stale"';
const TIME_FORM = 'an ISO 8601 time with a zone, from 1970 to 9999, such as 2025-01-15T10:30:00Z';
/** An object takes it for its prototype, not for a tag, wherever labels are copied; the schema does so with metadata. */
export const NO_NAME = '__proto__';

/**
 * A metric's bytes, at most. A transition holds its tags twice, each byte of Avro may be six of JSON, and Kafka takes a
 * record of one MiB: a larger metric could be read and what follows from it could never be written.
 */
export const MAX_METRIC_BYTES = 65_536;
/** That many problems tell what is wrong; a message may have thousands. */
const MAX_PROBLEMS = 20;
const MAX_PROBLEM_LENGTH = 300;

const text = z.string().min(1);
const named = z.custom(
  (value) => !isObject(value) || !Object.hasOwn(value, NO_NAME),
  `must not have the name ${NO_NAME}`,
);
const metricSchema = z.object({
  timestamp: z.string().refine((time) => !Number.isNaN(eventTimeMs(time)), `has to be ${TIME_FORM}`),
  database_type: text,
  instance_id: text,
  metric_name: text,
  value: z.custom<MetricValue>(
    (value) => Number.isFinite(value) || NAMED_VALUES.has(value),
    `has to be ${VALUE_FORM}`,
  ),
  tags: named.pipe(z.record(z.string(), z.string())),
  metadata: named
    .pipe(
      z
        .object({
          collection_duration_ms: z.number().optional(),
          version: z.string().optional(),
          correlation_id: z.string().optional(),
        })
        .catchall(z.union([z.string(), z.number(), z.boolean(), z.null()])),
    )
    .optional(),
  collection_method: z.string().nullish(),
  collector_version: z.string().nullish(),
});

export const YEAR_10000_MS = 253_402_300_800_000;
const ZONED = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)$/;

/** A collector gives what it reads together the same time, and nearly every time has the day of the one before. */
let lastText = '';
let lastMs = NaN;
let lastDay = '';
let lastDayMs = NaN;

/** Milliseconds since 1970 of an ISO 8601 time with a zone; NaN for anything else, before that, and after 9999. */
export function eventTimeMs(time: string): number {
  if (time === lastText) return lastMs;
  const ms = anyTimeMs(time);
  lastText = time;
  lastMs = ms >= 0 && ms < YEAR_10000_MS ? ms : NaN;
  return lastMs;
}

function anyTimeMs(time: string): number {
  if (time.length === 24 && time.charCodeAt(23) === 0x5a) {
    // Nearly every time has exactly this form.
    const ms = clockMs(time);
    if (ms >= 0) return dayMs(time) + ms;
  }
  return ZONED.test(time) ? Date.parse(time) : NaN;
}

function dayMs(time: string): number {
  const day = time.slice(0, 10);
  if (day !== lastDay) {
    lastDayMs = /^\d{4}-\d\d-\d\d$/.test(day) ? Date.parse(`${day}T00:00:00Z`) : NaN;
    lastDay = day;
  }
  return lastDayMs;
}

/** The milliseconds since midnight of `…THH:MM:SS.mmmZ`, or -1 when the text has another form. */
function clockMs(time: string): number {
  if (time.charCodeAt(10) !== 0x54 || time.charCodeAt(13) !== 0x3a) return -1;
  if (time.charCodeAt(16) !== 0x3a || time.charCodeAt(19) !== 0x2e) return -1;
  const hours = digits(time, 11, 2);
  const minutes = digits(time, 14, 2);
  const seconds = digits(time, 17, 2);
  const millis = digits(time, 20, 3);
  if (!(hours <= 23 && minutes <= 59 && seconds <= 59 && millis <= 999)) return -1;
  return hours * 3_600_000 + minutes * 60_000 + seconds * 1_000 + millis;
}

function digits(text: string, from: number, count: number): number {
  let value = 0;
  for (let at = from; at < from + count; at++) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return NaN;
    value = value * 10 + digit;
  }
  return value;
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Whether a decoded value is a metric, its timestamp's form excepted: that is read once, by `eventTimeMs`, and NaN
 * there refuses the message too.
 */
export function looksLikeMetric(value: unknown): value is Metric {
  if (!isObject(value)) return false;
  const metric = value;
  if (typeof metric.timestamp !== 'string' || !isText(metric.metric_name) || !isText(metric.instance_id))
    return false;
  if (!isText(metric.database_type)) return false;
  if (!Number.isFinite(metric.value) && !NAMED_VALUES.has(metric.value)) return false;
  return tagsFit(metric.tags) && metadataFits(metric.metadata) && addedFieldsFit(metric);
}

function tagsFit(tags: unknown): boolean {
  if (!isObject(tags)) return false;
  for (const name in tags) if (typeof tags[name] !== 'string' || name === NO_NAME) return false;
  return true;
}

function metadataFits(metadata: unknown): boolean {
  if (metadata === undefined) return true;
  if (!isObject(metadata)) return false;
  for (const name in metadata) if (!isPlain(metadata[name]) || name === NO_NAME) return false;
  return (
    optionally('number', metadata.collection_duration_ms) &&
    optionally('string', metadata.version) &&
    optionally('string', metadata.correlation_id)
  );
}

/** A number too large for JavaScript is read as infinite, and would be written as null. */
function isPlain(value: unknown): boolean {
  return value === null || (typeof value === 'number' ? Number.isFinite(value) : typeof value !== 'object');
}

function optionally(type: 'number' | 'string', value: unknown): boolean {
  return value === undefined || typeof value === type;
}

function addedFieldsFit({
  collection_method: method,
  collector_version: version,
}: Record<string, unknown>): boolean {
  return (
    (method === null || optionally('string', method)) && (version === null || optionally('string', version))
  );
}

/** The first problems of a value that is no metric, each with its path. Empty for a metric. */
export function metricProblems(value: unknown): string[] {
  const result = metricSchema.safeParse(value);
  return result.success ? [] : problemsOf(result.error);
}

export function problemsOf(error: z.ZodError): string[] {
  const { issues } = error;
  const told = issues.slice(0, MAX_PROBLEMS).map(({ path, message }) => {
    const place = path.length === 0 ? 'message' : path.join('.');
    return `${place}: ${message}`.slice(0, MAX_PROBLEM_LENGTH);
  });
  return issues.length > told.length ? [...told, `${issues.length - told.length} more`] : told;
}
