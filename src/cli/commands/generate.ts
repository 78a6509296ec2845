/**
 * `tocsin generate`: synthetic metrics, the same ones for the same seed, as JSON lines or to Kafka. Faults can be put into
 * them. What the metrics look like is the affair of `src/collect/synthetic.ts`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { serverConfig, type ConfigOption } from '../configuration';
import type { Context } from '../context';
import { EXIT, usage, type ExitCode } from '../failures';
import { lazy } from '../lazy';
import type { Fault, MetricSink, SyntheticOptions } from '../port';
import { countOf, durationOf, wordOf } from '../words';

export interface GenerateOptions extends ConfigOption {
  readonly seed: string;
  readonly instances: string;
  readonly interval: string;
  readonly for: string;
  readonly start?: string;
  readonly environment: string;
  readonly fault: readonly string[];
  /** At the pace of the clock instead of at once. */
  readonly live?: boolean;
  readonly kafka?: boolean;
}

const MOST_TICKS = 1_000_000;

export async function generate(context: Context, options: GenerateOptions): Promise<ExitCode> {
  const { FAULTS, syntheticTicks } = lazy.synthetic();
  const plan = planOf(context, options, FAULTS);
  const sink = options.kafka === true ? await kafkaSink(context, options) : lineSink(context);
  let written = 0;
  try {
    for (const { atMs, metrics } of syntheticTicks(plan)) {
      if (options.live === true) await sleep(Math.max(0, atMs - context.now()));
      await sink.publish(metrics);
      written += metrics.length;
    }
  } finally {
    await sink.close();
  }
  if (options.kafka === true) context.complain(`${written} metrics are in Kafka`);
  return EXIT.ok;
}

function planOf(context: Context, options: GenerateOptions, faults: readonly string[]): SyntheticOptions {
  const intervalMs = durationOf('--interval', options.interval);
  const lengthMs = durationOf('--for', options.for);
  const ticks = Math.max(1, Math.floor(lengthMs / intervalMs));
  if (ticks > MOST_TICKS) {
    throw usage(
      `--for ${options.for} at --interval ${options.interval} are ${ticks} ticks; at most ${MOST_TICKS}`,
    );
  }
  const instances = countOf('--instances', options.instances, 1, 10_000);
  return {
    seed: countOf('--seed', options.seed, 0, 0xffff_ffff),
    instances,
    environment: options.environment,
    startMs: startOf(context, options, ticks * intervalMs),
    intervalMs,
    ticks,
    faults: options.fault.map((text) => {
      const fault = faultOf(text, faults, instances);
      if (fault.fromMs < ticks * intervalMs) return fault;
      throw usage(
        `--fault: ${JSON.stringify(text)} begins when the series is over: it is ${options.for} long`,
      );
    }),
  };
}

/** Live metrics begin now; others end now, because Tocsin refuses samples from the future. */
function startOf(context: Context, { start, live }: GenerateOptions, lengthMs: number): number {
  if (start === undefined) return live === true ? context.now() : context.now() - lengthMs;
  const at = Date.parse(start);
  if (!Number.isNaN(at)) return at;
  throw usage(`--start: ${JSON.stringify(start)} is no time; give ISO 8601, such as 2026-11-21T12:00:00Z`);
}

const FAULT = /^(?<kind>[A-Za-z_-]+)(?::(?<instance>\d+))?(?:@(?<from>[^+]+))?(?:\+(?<length>.+))?$/;

/** `kind`, `kind:instance`, each with `@from` and `+length`: `connections:2@5m+1m`. */
function faultOf(text: string, kinds: readonly string[], instances: number): Fault {
  const found = FAULT.exec(text)?.groups;
  if (found === undefined) {
    const form = `kind[:instance][@from][+length], such as ${kinds[0]}:1@5m+2m`;
    throw usage(`--fault: ${JSON.stringify(text)} is not accepted; give ${form}`);
  }
  const { kind, instance, from, length } = found;
  return {
    kind: wordOf('fault', kind!, kinds),
    instance: instance === undefined ? null : countOf('--fault: the instance', instance, 1, instances),
    fromMs: from === undefined || /^0+(ms|s|m|h|d)?$/.test(from) ? 0 : durationOf('--fault', from),
    lengthMs: length === undefined ? null : durationOf('--fault', length),
  };
}

function lineSink({ print, drained }: Context): MetricSink {
  return {
    async publish(metrics) {
      for (const metric of metrics) print(JSON.stringify(metric));
      await drained();
    },
    close: async () => undefined,
  };
}

function kafkaSink(context: Context, options: ConfigOption): Promise<MetricSink> {
  return context.wiring.openPublisher(serverConfig(context, options));
}
