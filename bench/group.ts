/**
 * One group of 1,000 conditions: how long its evaluation takes, and what the series in memory take.
 */
import { inFreshProcess, median, quantile, rounded, type BenchResult, type BenchStage } from './measure';
import { SERIES_IN_MEMORY, type GroupTimes, type MemoryAt } from './group-process';
import { RULES } from './rules';
import { SERIES } from './series';

const ROUNDS = 3;
const MOST_MS = 100;
const MOST_BYTES_OF_SAMPLE = 24;
const MOST_BYTES_OF_SERIES = 1_024;
/** What a rule over five minutes lets its series keep at a sample a second: its range, and the slack for clocks that differ. */
const KEPT_SECONDS = 601;

export async function benchGroup({ say }: BenchStage): Promise<BenchResult> {
  const process = require.resolve('./group-process');
  const times: GroupTimes[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    times.push(await inFreshProcess<GroupTimes>(process, ['time']));
    say(`round ${round}: median ${rounded(median(times.at(-1)!.ms))} ms`);
  }
  const memory = await inFreshProcess<MemoryAt[]>(process, ['memory'], { nodeOptions: ['--expose-gc'] });
  return resultOf(times, memory);
}

function resultOf(times: readonly GroupTimes[], memory: readonly MemoryAt[]): BenchResult {
  const all = times.flatMap(({ ms }) => ms);
  const first = memory[0]!;
  const full = memory.filter(({ samplesOfSeries }) => samplesOfSeries > 1);
  const time = { unit: 'ms', aim: MOST_MS };
  return {
    name: 'Group',
    method:
      `One group of ${RULES.toLocaleString('en')} conditions over ${SERIES.toLocaleString('en')} series with a sample a second and five minutes of samples: plain ones, windows and sums, ratios of two metrics, forecasts, ` +
      `quantiles, absence. Wall time of an evaluation in a process of its own, without Kafka. Memory is JavaScript's heap and its buffers after a collection of garbage, of ${SERIES_IN_MEMORY.toLocaleString('en')} series under ` +
      `avg_over_time(m[5m]): of a series with its first sample; of a sample, the most that any filling of the windows comes to, with the room that is kept ready.`,
    ratios: [],
    figures: [
      { name: '1,000 conditions in one group: an evaluation, median', value: median(all), ...time },
      { name: '1,000 conditions in one group: an evaluation, p99', value: quantile(all, 0.99), ...time },
      {
        name: 'memory of a series with one sample',
        unit: 'bytes',
        value: first.bytes / SERIES_IN_MEMORY,
        aim: MOST_BYTES_OF_SERIES,
      },
      {
        name: 'memory of a sample',
        unit: 'bytes',
        value: Math.max(...full.map((each) => bytesOfSample(each, first))),
        aim: MOST_BYTES_OF_SAMPLE,
      },
    ],
    notes: [
      `Samples are kept for twice as long as a five-minute rule looks at them (${KEPT_SECONDS} s), for clocks that differ: of each sample that it looks at it is twice as much.`,
    ],
    rounds: memory.map((each) => ({
      'samples that came, of a series': each.samplesOfSeries,
      'MiB in all': each.bytes / 2 ** 20,
      'bytes of a series': each.bytes / SERIES_IN_MEMORY,
      'bytes of a sample that is kept': each === first ? null : bytesOfSample(each, first),
    })),
  };
}

function bytesOfSample({ bytes, samplesOfSeries }: MemoryAt, first: MemoryAt): number {
  return (bytes - first.bytes) / (Math.min(samplesOfSeries, KEPT_SECONDS) - 1) / SERIES_IN_MEMORY;
}
