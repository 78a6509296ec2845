/**
 * The measured process of snapshots: the state of twelve partition numbers with 100,000 series, made by samples as they come,
 * taken, written to Kafka, read from there, and gone on with; and the same state made by reading the samples again.
 */
import { deserialize, serialize } from 'node:v8';
import { createRuleEngine, type RuleEngine, type SavedEngine } from '../src/evaluate/rule-engine';
import type { Metric } from '../src/domain/metric';
import { createKafka } from '../src/stream/kafka';
import { createSnapshotTopic, ensureSnapshotTopic } from '../src/stream/snapshot-topic';
import { METRIC_PARTITIONS } from '../src/stream/topics';
import { startMeter, type Metered } from './measure';
import { groupOf, INTERVAL_MS } from './rules';
import { INSTANCES, messageAt, metricName } from './series';

export const SERIES = 100_000;
export const SAMPLES_OF_SERIES = 20;
const SAMPLE_EVERY_SECONDS = 15;
const ORIGIN = 1_800_000_000;
const POOL = 'default';

export interface SnapshotTimes {
  readonly bytes: number;
  /** How long taking each partition number's state holds the process. */
  readonly heldMs: readonly number[];
  readonly write: Metered;
  readonly read: Metered;
  readonly goOn: Metered;
  readonly readAgain: Metered;
}

const RULES = groupOf(
  Array.from({ length: SERIES / INSTANCES }, (_, k) => ({
    name: `Rule${k}`,
    expr: `avg_over_time(${metricName(k)}[5m]) > 1e15`,
  })),
);

const newEngine = (saved?: SavedEngine): RuleEngine =>
  createRuleEngine({ groups: [RULES], defaultIntervalMs: INTERVAL_MS, onAlert: () => undefined, saved });

/** What one partition number has been sent at a time. */
const textsAt = (partition: number, sample: number): string[] =>
  seriesOf(partition).map(
    (series) => messageAt(series, ORIGIN + sample * SAMPLE_EVERY_SECONDS, ORIGIN).value,
  );

const seriesOf = (partition: number): number[] =>
  Array.from({ length: SERIES }, (_, series) => series).filter(
    (series) => (series % INSTANCES) % METRIC_PARTITIONS === partition,
  );

function offerAll(engine: RuleEngine, texts: readonly string[], sample: number): void {
  const time = (ORIGIN + sample * SAMPLE_EVERY_SECONDS) * 1_000;
  for (const text of texts) engine.offer(JSON.parse(text) as Metric, time);
}

async function measure(broker: string, instance: string): Promise<SnapshotTimes> {
  const kafka = createKafka({ brokers: [broker], clientId: instance });
  await ensureSnapshotTopic(kafka, instance, POOL);
  const topic = createSnapshotTopic({ kafka, instance, pool: POOL });
  const numbers = Array.from({ length: METRIC_PARTITIONS }, (_, partition) => partition);
  const heldMs: number[] = [];
  const states: Buffer[] = [];
  const readAgain = { wallSeconds: 0, cpuSeconds: 0, foreignCpuSeconds: null };
  try {
    for (const partition of numbers) {
      const engine = newEngine();
      for (let sample = 0; sample < SAMPLES_OF_SERIES; sample++) {
        const texts = textsAt(partition, sample);
        const end = startMeter();
        offerAll(engine, texts, sample);
        const { wallSeconds, cpuSeconds } = end();
        readAgain.wallSeconds += wallSeconds;
        readAgain.cpuSeconds += cpuSeconds;
      }
      const began = performance.now();
      states.push(serialize(engine.save()));
      heldMs.push(performance.now() - began);
    }
    const written = startMeter();
    for (const partition of numbers) await topic.write(partition, states[partition]!);
    const write = written();
    const got = startMeter();
    const found = await topic.read(numbers);
    const read = got();
    const gone = startMeter();
    const engines = numbers.map((partition) => newEngine(deserialize(found.get(partition)!) as SavedEngine));
    const goOn = gone();
    const series = engines.reduce((sum, engine) => sum + engine.series(), 0);
    if (series !== SERIES) throw new Error(`${series} series came back of ${SERIES}`);
    return {
      bytes: states.reduce((sum, { length }) => sum + length, 0),
      heldMs,
      write,
      read,
      goOn,
      readAgain,
    };
  } finally {
    await topic.close();
  }
}

const [broker, instance] = process.argv.slice(2);
if (require.main === module)
  void measure(broker!, instance!).then((times) => console.log(JSON.stringify(times)));
