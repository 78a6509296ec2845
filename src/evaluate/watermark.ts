/**
 * How far all partitions have come that give samples to a global group: its time is that of the slowest. A partition of
 * which nothing is heard holds it up, for its series are not gone because their reader is. Only what was given by
 * the same plan counts: a process with other rules may have left out what is needed here. And it begins where the last of them
 * began to give: of times before, not all is known.
 */
export interface Watermark {
  heard(from: number, time: number, plan: string): void;
  /** -Infinity until all have been heard of, and have come to where the last one began. */
  time(): number;
  /** The partition that holds up the others. */
  slowest(): number;
  save(): SavedWatermark;
}

/** Of the same plan, and so of as many partitions. */
export interface SavedWatermark {
  readonly times: readonly number[];
  readonly began: number;
}

export function createWatermark(partitions: number, plan: string, saved?: SavedWatermark): Watermark {
  const times = Float64Array.from({ length: partitions }, (_, from) => saved?.times[from] ?? -Infinity);
  let began = saved?.began ?? -Infinity;
  return {
    heard(from, time, by) {
      if (by !== plan || from >= partitions) return;
      if (times[from] === -Infinity) began = Math.max(began, time);
      times[from] = Math.max(times[from]!, time);
    },
    time() {
      const least = Math.min(...times);
      return least >= began ? least : -Infinity;
    },
    slowest: () => times.indexOf(Math.min(...times)),
    save: () => ({ times: [...times], began }),
  };
}
