/**
 * Synthetic metrics: what collectors would publish of databases that do not exist, the same for the same seed. The
 * instances are databases of all types in turn, each with the machine it runs on; faults change what goes on in them,
 * or what is told of it, and are over when their time is.
 *
 * A model of plausible numbers, for trying rules and for load; not of how a database works.
 */
import { fnv1a64 } from '../domain/labels';
import { metricValue, type Metric, type MetricMetadata } from '../domain/metric';
import { AVAILABILITY, probeSamples, successSamples } from './availability';
import type { Sample, TargetType, UpReason } from './port';
import { createConditions, randomOf, type Conditions } from './synthetic/conditions';
import { DISTURBANCES, isTelling, TELLINGS, type Telling } from './synthetic/faults';
import { MEASURED } from './synthetic/measured';

export interface SyntheticFault {
  /** One of `FAULTS`. */
  readonly kind: string;
  /** The instance's number from 1; null: all of them. */
  readonly instance: number | null;
  /** Milliseconds from the beginning of the series. */
  readonly fromMs: number;
  /** Null: to the end. */
  readonly lengthMs: number | null;
}

export interface SyntheticOptions {
  readonly seed: number;
  readonly instances: number;
  readonly environment: string;
  /** Milliseconds since 1970 of the first tick. */
  readonly startMs: number;
  readonly intervalMs: number;
  readonly ticks: number;
  readonly faults: readonly SyntheticFault[];
}

export interface SyntheticTick {
  readonly atMs: number;
  readonly metrics: readonly Metric[];
}

export const FAULTS: readonly string[] = [...Object.keys(DISTURBANCES), ...TELLINGS];

const DATABASES: readonly TargetType[] = ['postgresql', 'mongodb', 'mssql', 'snowflake'];
const VERSION = '1.0';

/** A database or a machine, with the messages' fields that do not change. */
interface Source {
  readonly type: TargetType;
  readonly name: string;
  readonly tags: Metric['tags'];
}

interface Instance {
  readonly database: Source;
  /** Null for a database that is somebody else's machine. */
  readonly machine: Source | null;
  readonly next: () => Conditions;
  readonly random: () => number;
  readonly faults: readonly SyntheticFault[];
}

/** One tick after the other, each with the metrics of all instances. Throws for a fault that is not in `FAULTS`. */
export function* syntheticTicks(options: SyntheticOptions): Generator<SyntheticTick> {
  const unknown = options.faults.find(({ kind }) => !FAULTS.includes(kind));
  if (unknown !== undefined) throw new RangeError(`there is no fault "${unknown.kind}"`);
  const instances = Array.from({ length: options.instances }, (_, i) => instanceOf(i + 1, options));
  for (let tick = 0; tick < options.ticks; tick++) {
    const sinceMs = tick * options.intervalMs;
    const atMs = options.startMs + sinceMs;
    yield { atMs, metrics: instances.flatMap((instance) => metricsOf(instance, atMs, sinceMs)) };
  }
}

function instanceOf(number: number, { seed, environment, intervalMs, faults }: SyntheticOptions): Instance {
  const type = DATABASES[(number - 1) % DATABASES.length]!;
  const tags = { environment, region: 'eu-1', service: 'orders' };
  return {
    database: { type, name: `synthetic-${type}-${number}`, tags },
    machine: type === 'snowflake' ? null : { type: 'host', name: `synthetic-host-${number}`, tags },
    next: createConditions(`${seed}|${number}`, intervalMs / 1_000),
    random: randomOf(`${seed}|${number}|probes`),
    faults: faults.filter((fault) => fault.instance === null || fault.instance === number),
  };
}

function metricsOf(
  { database, machine, next, random, faults }: Instance,
  at: number,
  sinceMs: number,
): Metric[] {
  const now = next();
  const probeSeconds = [0.002 + 0.01 * random(), 0.002 + 0.01 * random()] as const;
  const active = faults.filter((fault) => isActive(fault, sinceMs));
  for (const { kind, fromMs } of active) DISTURBANCES[kind]?.(now, (sinceMs - fromMs) / 1_000);
  const tellings = active.map(({ kind }) => kind).filter(isTelling);
  return [
    ...tell(tellings, database, at, probeSeconds[0], now),
    ...(machine === null ? [] : well(machine, at, probeSeconds[1], now)),
  ];
}

function isActive({ fromMs, lengthMs }: SyntheticFault, sinceMs: number): boolean {
  return sinceMs >= fromMs && (lengthMs === null || sinceMs < fromMs + lengthMs);
}

/** The messages of a database under faults; when several apply, the one that tells least. */
function tell(
  tellings: readonly Telling[],
  source: Source,
  at: number,
  seconds: number,
  now: Conditions,
): Metric[] {
  if (tellings.includes('missing')) return [];
  if (tellings.includes('down')) return unwell(source, at, 'tcp', `connect ECONNREFUSED ${source.name}`);
  if (tellings.includes('timeout')) return unwell(source, at, 'timeout', 'gave no answer within 10000 ms');
  const metrics = well(source, at, seconds, now);
  const told = tellings.includes('nan') ? metrics.map(withoutNumber) : metrics;
  return tellings.includes('duplicates') ? [...told, ...told] : told;
}

function well(source: Source, at: number, probeSeconds: number, now: Conditions): Metric[] {
  const metadata = metadataOf(source, at, Math.round(1_000 * probeSeconds));
  const samples = Object.entries(MEASURED[source.type]).flatMap(([group, read]) => [
    ...(group === AVAILABILITY ? probeSamples(null, probeSeconds) : successSamples(group, true)),
    ...read(now),
  ]);
  return samples.map((sample) => message(source, sample, at, metadata));
}

function unwell(source: Source, at: number, reason: UpReason, error: string): Metric[] {
  const metadata = { ...metadataOf(source, at, 0), reason, error };
  const samples = Object.keys(MEASURED[source.type]).flatMap((group) =>
    group === AVAILABILITY ? probeSamples(reason, 0) : successSamples(group, false),
  );
  return samples.map((sample) => message(source, sample, at, metadata));
}

/** The collector's own figures are numbers at all times. */
const ALWAYS_NUMBERS = new Set(['up', 'up_reason', 'probe_duration_seconds', 'collection_success']);

const withoutNumber = (metric: Metric): Metric =>
  ALWAYS_NUMBERS.has(metric.metric_name) ? metric : { ...metric, value: 'NaN' };

const metadataOf = ({ name }: Source, at: number, durationMs: number): MetricMetadata => ({
  collection_duration_ms: durationMs,
  version: VERSION,
  correlation_id: fnv1a64(`${name}|${at}`),
});

function message({ type, name, tags }: Source, sample: Sample, at: number, metadata: MetricMetadata): Metric {
  return {
    timestamp: new Date(at).toISOString(),
    database_type: type,
    instance_id: name,
    metric_name: sample.name,
    value: metricValue(sample.value),
    tags: sample.labels === undefined ? tags : { ...tags, ...sample.labels },
    metadata,
    collection_method: 'synthetic',
    collector_version: VERSION,
  };
}
