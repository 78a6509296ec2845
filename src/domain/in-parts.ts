/** Finds what a taker refuses for good in a batch that it refuses as a whole. */
import { isRefusal, messageOf } from './errors';

export interface Refused<T> {
  readonly item: T;
  readonly problem: string;
}

/**
 * Hands `items` over in their order, by halves of what is refused as a whole (`isRefusal`), and gives those that
 * are refused alone. Any other error is thrown: then nothing is known of the items, and all of them have to come again.
 */
export async function handOverInParts<T>(
  items: readonly T[],
  handOver: (items: readonly T[]) => Promise<void>,
): Promise<Refused<T>[]> {
  try {
    await handOver(items);
    return [];
  } catch (error) {
    if (!isRefusal(error)) throw error;
    if (items.length === 1) return [{ item: items[0]!, problem: messageOf(error) }];
    const half = Math.ceil(items.length / 2);
    const first = await handOverInParts(items.slice(0, half), handOver);
    return [...first, ...(await handOverInParts(items.slice(half), handOver))];
  }
}
