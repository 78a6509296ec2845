/** Sums that do not lose small terms beside large ones: Kahan's summation with Neumaier's change, as in Prometheus. */
export class KahanSum {
  sum = 0;
  compensation = 0;

  add(term: number): void {
    const { sum } = this;
    const next = sum + term;
    if (next === Infinity || next === -Infinity) this.compensation = 0;
    else if (Math.abs(sum) >= Math.abs(term)) this.compensation += sum - next + term;
    else this.compensation += term - next + sum;
    this.sum = next;
  }

  get total(): number {
    return Number.isFinite(this.sum) || Number.isNaN(this.sum) ? this.sum + this.compensation : this.sum;
  }
}

/**
 * The mean of the values in [from, to). A sum that overflows goes on as a running mean, which does not. In plain numbers:
 * an object's fields would be written to memory for every sample.
 */
export function mean(values: ArrayLike<number>, from: number, to: number): number {
  let sum = values[from]!;
  let compensation = 0;
  for (let i = from + 1; i < to; i++) {
    const term = values[i]!;
    const next = sum + term;
    if (next === Infinity || next === -Infinity) return runningMean(sum, compensation, values, from, i, to);
    if (Math.abs(sum) >= Math.abs(term)) compensation += sum - next + term;
    else compensation += term - next + sum;
    sum = next;
  }
  return sum / (to - from) + compensation / (to - from);
}

/** Goes on at `at` from the sum of what is before. */
function runningMean(
  sum: number,
  compensation: number,
  values: ArrayLike<number>,
  from: number,
  at: number,
  to: number,
): number {
  const average = new KahanSum();
  average.sum = sum / (at - from);
  average.compensation = compensation / (at - from);
  for (let i = at; i < to; i++) {
    const count = i - from;
    const share = count / (count + 1);
    average.sum *= share;
    average.compensation *= share;
    average.add(values[i]! / (count + 1));
  }
  return average.sum + average.compensation;
}
