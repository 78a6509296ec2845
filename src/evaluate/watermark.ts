/**
 * How far all partitions have come that give samples to a global group: its time is that of the slowest. A partition of
 * which nothing is heard holds it up, for its series are not gone because their reader is. Only what was given by
 * the same plan counts: a process with other rules may have left out what is needed here.
 */
export interface Watermark {
  heard(from: number, time: number, plan: string): void;
  /** -Infinity until all have been heard of. */
  time(): number;
  /** The partition that holds up the others. */
  slowest(): number;
}

export function createWatermark(partitions: number, plan: string): Watermark {
  const times = new Float64Array(partitions).fill(-Infinity);
  return {
    heard(from, time, by) {
      if (by === plan && from < partitions) times[from] = Math.max(times[from]!, time);
    },
    time: () => Math.min(...times),
    slowest: () => times.indexOf(Math.min(...times)),
  };
}
