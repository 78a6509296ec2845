/** Where Temporal is, and the one error that says that it is not there. */
import { TocsinError, messageOf } from '../domain/errors';

export interface TemporalOptions {
  readonly address: string;
  readonly namespace: string;
}

export async function reach<T>(address: string, connect: () => Promise<T>): Promise<T> {
  try {
    return await connect();
  } catch (cause) {
    throw new TocsinError(
      'TOC_DEPENDENCY_AWAY',
      `Temporal at ${address} does not answer: ${messageOf(cause)}`,
      { cause },
    );
  }
}
