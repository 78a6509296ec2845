/**
 * The measured process of groups and memory: one rule engine in memory, without Kafka, over simulated seconds as fast as
 * they go. `time`: how long an evaluation of 1,000 conditions takes. `memory`: what a series and a sample take, counted after
 * a collection of garbage.
 */
import { createEvaluating, groupOf, mixedTexts, type Evaluating } from './rules';
import { METRICS, metricName, SERIES, sampleAt } from './series';

export interface GroupTimes {
  /** Wall time of each evaluation, samples not included. */
  readonly ms: readonly number[];
}

export interface MemoryAt {
  readonly samplesOfSeries: number;
  readonly bytes: number;
}

const HISTORY_SECONDS = 310;
const WARM_UP_SECONDS = 15;
const MEASURED_SECONDS = 40;
const ORIGIN = 1_800_000_000;

function offerSecond({ engine }: Evaluating, second: number, count = SERIES): void {
  for (let series = 0; series < count; series++)
    engine.offer(sampleAt(series, second, ORIGIN), second * 1_000);
}

function timeGroup(): GroupTimes {
  const evaluating = createEvaluating(groupOf(mixedTexts()));
  for (let second = 0; second < HISTORY_SECONDS; second++) offerSecond(evaluating, ORIGIN + second);
  const ms: number[] = [];
  for (let at = 0; at < WARM_UP_SECONDS + MEASURED_SECONDS; at++) {
    const second = ORIGIN + HISTORY_SECONDS + at;
    offerSecond(evaluating, second);
    const began = performance.now();
    evaluating.engine.advance(second * 1_000);
    if (at >= WARM_UP_SECONDS) ms.push(performance.now() - began);
  }
  return { ms };
}

export const SERIES_IN_MEMORY = 2_000;
/** Where memory is looked at: the last two are beyond what rules look back to, where old samples make room for new ones. */
const LOOK_AT = [1, 100, 300, 600, 900, 1_200];

function useOfMemory(): MemoryAt[] {
  const rules = Array.from({ length: METRICS }, (_, k) => ({
    name: `Rule${k}`,
    expr: `avg_over_time(${metricName(k)}[5m]) > 1e15`,
  }));
  const evaluating = createEvaluating(groupOf(rules));
  const before = used();
  const looked: MemoryAt[] = [];
  for (let second = 1; second <= LOOK_AT.at(-1)!; second++) {
    offerSecond(evaluating, ORIGIN + second, SERIES_IN_MEMORY);
    if (LOOK_AT.includes(second)) looked.push({ samplesOfSeries: second, bytes: used() - before });
  }
  return looked;
}

function used(): number {
  globalThis.gc!();
  globalThis.gc!();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

if (require.main === module)
  console.log(JSON.stringify(process.argv[2] === 'memory' ? useOfMemory() : timeGroup()));
