/** What a command that takes long says on the way, and the counts in it. */
import type { Context } from './context';

const PROGRESS_EVERY_MS = 2_000;

/** Complains at most every two seconds, and not before the first two are over. */
export function createProgress(context: Context): (text: () => string) => void {
  let toldAt = context.now();
  return (text) => {
    if (context.now() - toldAt < PROGRESS_EVERY_MS) return;
    toldAt = context.now();
    context.complain(text());
  };
}

export const counted = (count: number, one: string, many: string): string =>
  `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
