/**
 * How a metric becomes a message's bytes and back. Tocsin writes JSON; Avro is told from it by its first byte, so both
 * may share a topic: JSON begins with `{`, which is no length that an Avro text can have, and Confluent's wire format
 * with the byte 0 and a 4-byte schema id. Other bytes are taken as bare Avro.
 *
 * Avro has no word for a stale marker and a NaN's bits do not survive JavaScript: a stale metric travels as NaN with
 * the metadata entry `stale` = `true`. Metadata is text there; the collection duration becomes a number again.
 */
import { Type } from 'avsc';
import { metricValue, numberOf, type Metric, type MetricMetadata } from '../domain/metric';
import { checkClaims } from './avro-claims';
import { METRIC_AVRO, METRIC_AVRO_V1 } from './avro-schema';
import { looksLikeMetric, MAX_METRIC_BYTES, metricProblems } from './metric-message';
import type { Decoded } from './transition-message';

const OPEN_BRACE = 0x7b;
const CONFLUENT_MAGIC = 0;
const CONFLUENT_HEADER_BYTES = 5;

const avro = Type.forSchema(METRIC_AVRO);
const avroV1 = Type.forSchema(METRIC_AVRO_V1);

interface AvroMetric extends Omit<Metric, 'value' | 'metadata'> {
  readonly value: number;
  readonly metadata: Record<string, string>;
}

export function encodeJson(metric: Metric): Buffer {
  return Buffer.from(JSON.stringify(metric));
}

/** Bare Avro, or with `schemaId` (as a registry has given it out) Confluent's wire format. */
export function encodeAvro(metric: Metric, schemaId?: number): Buffer {
  const body = avro.toBuffer(toAvro(metric));
  if (schemaId === undefined) return body;
  const header = Buffer.alloc(CONFLUENT_HEADER_BYTES);
  header.writeInt32BE(schemaId, 1);
  return Buffer.concat([header, body]);
}

/** What bytes that begin as nearly all JSON does say; null: `decodeValue` knows. */
export function jsonText(bytes: Buffer): string | null {
  return bytes[0] === OPEN_BRACE ? bytes.toString() : null;
}

/**
 * The value that a message's bytes hold, not yet checked to be a metric. Throws where they hold none. Schema ids are
 * not looked up: the writer's schema is version 2 or 1 of ours, whichever takes up the bytes exactly.
 */
export function decodeValue(bytes: Buffer, text = jsonText(bytes)): unknown {
  if (text !== null) return JSON.parse(text);
  if (bytes[0] === CONFLUENT_MAGIC) return fromAvro(bytes.subarray(CONFLUENT_HEADER_BYTES));
  // White space before the brace is rare, and no start of an Avro metric either.
  if (/^\s/.test(bytes.toString('latin1', 0, 1))) return JSON.parse(bytes.toString());
  return fromAvro(bytes);
}

/** What a message holds, not yet checked to be a metric; undefined where there is nothing to decode. */
export function valueIn(bytes: Buffer | null, text?: string | null): unknown {
  if (bytes === null || bytes.length === 0 || bytes.length > MAX_METRIC_BYTES) return undefined;
  try {
    return decodeValue(bytes, text);
  } catch {
    return undefined;
  }
}

/** The metric in a message, or why there is none. For callers off the hot path. */
export function decodeMetric(bytes: Buffer | null): Decoded<Metric> {
  if (bytes === null || bytes.length === 0) return { ok: false, problems: ['message: is empty'] };
  if (bytes.length > MAX_METRIC_BYTES) return { ok: false, problems: [tooLarge(bytes)] };
  let value: unknown;
  try {
    value = decodeValue(bytes);
  } catch (error) {
    return { ok: false, problems: [`message: is neither JSON nor Avro (${(error as Error).message})`] };
  }
  const problems = metricProblems(value);
  return problems.length === 0 && looksLikeMetric(value) ? { ok: true, value } : { ok: false, problems };
}

/** The problem of an encoded metric that has more bytes than one may have. */
export function tooLarge(bytes: Buffer): string {
  return `message: has ${bytes.length} bytes, more than ${MAX_METRIC_BYTES}`;
}

function toAvro(metric: Metric): AvroMetric {
  const metadata: Record<string, string> = metric.value === 'stale' ? { stale: 'true' } : {};
  for (const [name, value] of Object.entries(metric.metadata ?? {})) {
    if (value !== null && value !== undefined) metadata[name] = String(value);
  }
  return {
    timestamp: metric.timestamp,
    database_type: metric.database_type,
    instance_id: metric.instance_id,
    metric_name: metric.metric_name,
    value: numberOf(metric.value),
    tags: metric.tags,
    metadata,
    collection_method: metric.collection_method ?? null,
    collector_version: metric.collector_version ?? null,
  };
}

function fromAvro(bytes: Buffer): Metric {
  const record = readAvro(bytes);
  const { stale, collection_duration_ms: duration, ...texts } = record.metadata;
  const metadata: MetricMetadata =
    duration === undefined ? texts : { ...texts, collection_duration_ms: Number(duration) };
  return {
    ...record,
    value: stale === 'true' ? 'stale' : metricValue(record.value),
    tags: { ...record.tags },
    metadata,
  };
}

function readAvro(bytes: Buffer): AvroMetric {
  checkClaims(bytes);
  try {
    return { ...(avro.fromBuffer(bytes) as AvroMetric) };
  } catch (error) {
    if (avroV1Fits(bytes)) return { ...(avroV1.fromBuffer(bytes) as AvroMetric) };
    throw error;
  }
}

function avroV1Fits(bytes: Buffer): boolean {
  try {
    avroV1.fromBuffer(bytes);
    return true;
  } catch {
    return false;
  }
}
