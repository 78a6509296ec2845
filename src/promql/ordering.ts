/** Orders of numbers that have a place for NaN. */

export function nanFirst(a: number, b: number): number {
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : -1;
  return Number.isNaN(b) ? 1 : a - b || 0;
}

/** Downwards, NaN at the end. */
export const descending = (a: number, b: number): number => -nanFirst(a, b);
/** Upwards, NaN at the end. */
export const ascending = (a: number, b: number): number => -nanFirst(-a, -b);

const RUNS = /\d+|\D+/g;

/** As people order names: runs of digits by their number. */
export function naturally(a: string, b: string): number {
  const [left, right] = [a.match(RUNS) ?? [], b.match(RUNS) ?? []];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const [x, y] = [left[i]!, right[i]!];
    if (x !== y) return Number(x) - Number(y) || inOrder(x, y);
  }
  return left.length - right.length;
}

/** By UTF-16's units. */
export const inOrder = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
