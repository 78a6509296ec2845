/**
 * The notation of samples in Prometheus' rule tests: `1 2 _ stale 3+2x4`, one step apart. `a+bxn` is a, then n times b
 * more; `axn` is a and n more of it; `_xn` are n missing samples.
 */

/** null: no sample. */
export type NotedSample = { readonly value: number } | { readonly stale: true } | null;

const NUMBER = '[+-]?(?:(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][+-]?\\d+)?|[iI][nN][fF]|[nN][aA][nN])';
const ITEM = new RegExp(`^(?:(_)|(stale)|(${NUMBER})(?:(${NUMBER.replace('?', '')}))?)(?:x(\\d+))?$`);
/** Somebody's mistake rather than a test. */
const MAX_SAMPLES = 1_000_000;

/** Throws a RangeError that names the item. */
export function parseSamples(text: string): NotedSample[] {
  const samples: NotedSample[] = [];
  for (const item of text.split(/\s+/).filter(Boolean)) {
    append(samples, item);
    if (samples.length > MAX_SAMPLES) throw new RangeError(`more than ${MAX_SAMPLES} samples: ${item}`);
  }
  return samples;
}

function append(samples: NotedSample[], item: string): void {
  if (item.startsWith('{{')) throw new RangeError(`native histograms are not supported: ${item}`);
  const match = ITEM.exec(item);
  if (match === null) throw new RangeError(`${item} is no sample such as 1, _, stale, 1+2x3 or 5x10`);
  const [, missing, stale, number, step, times] = match;
  if (step !== undefined && times === undefined)
    throw new RangeError(`${item} does not say how often: 1+2x3`);
  const repeats = times === undefined ? 0 : Math.min(Number(times), MAX_SAMPLES);
  if (missing !== undefined) {
    for (let i = 0; i < Math.max(times === undefined ? 1 : 0, repeats); i++) samples.push(null);
    return;
  }
  let value = stale === undefined ? numberOf(number!) : NaN;
  for (let i = 0; i <= repeats; i++) {
    samples.push(stale === undefined ? { value } : { stale: true });
    if (step !== undefined) value += numberOf(step);
  }
}

function numberOf(text: string): number {
  const magnitude = text.replace(/^[+-]/, '').toLowerCase();
  const value = magnitude === 'inf' ? Infinity : magnitude === 'nan' ? NaN : Number(magnitude);
  return text.startsWith('-') ? -value : value;
}
