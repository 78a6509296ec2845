/** Goes through the ways to come by a server in their order, and remembers why each failed. */
import { messageOf, TocsinError } from '../domain/errors';

export interface Way<T> {
  /** What is tried, for people. */
  readonly what: string;
  /** Rejects with the reason when it cannot be had this way. */
  take(): Promise<T>;
}

/**
 * The first way that works.
 * @throws TOC_SERVER_MISSING which names every way with its reason, and what to install. A TOC_USAGE ends the search: the
 * server could be had, the caller asked for something impossible.
 */
export async function firstWay<T>(
  subject: string,
  ways: readonly Way<T>[],
  advice: string,
  progress: (text: string) => void,
): Promise<T> {
  const tried: string[] = [];
  for (const way of ways) {
    try {
      return await way.take();
    } catch (error) {
      if (error instanceof TocsinError && error.code === 'TOC_USAGE') throw error;
      tried.push(`${way.what}: ${messageOf(error)}`);
      if (!(error instanceof NotHere)) progress(`${subject}: ${tried.at(-1)}`);
    }
  }
  throw new TocsinError(
    'TOC_SERVER_MISSING',
    `${subject} could not be had. Tried:\n${listed(tried)}\n${advice}`,
  );
}

/** The way leads nowhere on this machine, which is no trouble worth a line of progress. */
export class NotHere extends Error {}

function listed(lines: readonly string[]): string {
  return lines.map((line) => `  - ${line.replaceAll('\n', '\n    ')}`).join('\n');
}
