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
const TIME_FORM = 'an ISO 8601 time with a zone, such as 2025-01-15T10:30:00Z';

const text = z.string().min(1);
const metricSchema = z.object({
  timestamp: z.string().refine((time) => !Number.isNaN(eventTimeMs(time)), `has to be ${TIME_FORM}`),
  database_type: text,
  instance_id: text,
  metric_name: text,
  value: z.custom<MetricValue>(
    (value) => Number.isFinite(value) || NAMED_VALUES.has(value),
    `has to be ${VALUE_FORM}`,
  ),
  tags: z.record(z.string(), z.string()),
  metadata: z
    .object({
      collection_duration_ms: z.number().optional(),
      version: z.string().optional(),
      correlation_id: z.string().optional(),
    })
    .catchall(z.union([z.string(), z.number(), z.boolean(), z.null()]))
    .optional(),
  collection_method: z.string().nullish(),
  collector_version: z.string().nullish(),
});

const ZONED = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)$/;

let lastDay = '';
let lastDayMs = NaN;

/** Milliseconds since 1970 of an ISO 8601 time with a zone; NaN for anything else. */
export function eventTimeMs(time: string): number {
  if (time.length === 24 && time.charCodeAt(23) === 0x5a) {
    // Nearly every time has exactly this form, and nearly every one the day of the one before.
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

/**
 * Whether a decoded value is a metric, its timestamp's form excepted: that is read once, by `eventTimeMs`, and NaN
 * there refuses the message too.
 */
export function looksLikeMetric(value: unknown): value is Metric {
  if (typeof value !== 'object' || value === null) return false;
  const metric = value as Record<string, unknown>;
  if (typeof metric.timestamp !== 'string' || !isText(metric.metric_name) || !isText(metric.instance_id))
    return false;
  if (!isText(metric.database_type)) return false;
  if (!Number.isFinite(metric.value) && !NAMED_VALUES.has(metric.value)) return false;
  return tagsFit(metric.tags) && metadataFits(metric.metadata) && addedFieldsFit(metric);
}

function tagsFit(tags: unknown): boolean {
  if (typeof tags !== 'object' || tags === null || Array.isArray(tags)) return false;
  for (const name in tags) if (typeof (tags as Record<string, unknown>)[name] !== 'string') return false;
  return true;
}

function metadataFits(metadata: unknown): boolean {
  if (metadata === undefined) return true;
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) return false;
  const fields = metadata as Record<string, unknown>;
  for (const name in fields) if (typeof fields[name] === 'object' && fields[name] !== null) return false;
  return (
    optionally('number', fields.collection_duration_ms) &&
    optionally('string', fields.version) &&
    optionally('string', fields.correlation_id)
  );
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

/** Every problem of a value that is no metric, each with its path. Empty for a metric. */
export function metricProblems(value: unknown): string[] {
  const result = metricSchema.safeParse(value);
  return result.success ? [] : problemsOf(result.error);
}

export function problemsOf(error: z.ZodError): string[] {
  return error.issues.map(
    ({ path, message }) => `${path.length === 0 ? 'message' : path.join('.')}: ${message}`,
  );
}
