/** The receiver of a storm's pages, seen from the measuring process. */
import { setTimeout as sleep } from 'node:timers/promises';
import { startChild } from './child';
import type { Received, ReceiverRequest } from './receiver-process';

export interface Receiver {
  readonly url: string;
  counts(details?: true): Promise<Received>;
  reset(): Promise<void>;
  /** Until so many different alerts have come, or the time is over. */
  untilTold(many: number, timeoutMs: number): Promise<Received>;
  close(): Promise<void>;
}

const LOOK_EVERY_MS = 10;

export async function startReceiver(): Promise<Receiver> {
  const child = await startChild(require.resolve('./receiver-process'), []);
  const ask = (request: ReceiverRequest): Promise<Received> => child.ask<Received>(request);
  return {
    url: (await ask({})).url,
    counts: (details) => ask({ details }),
    reset: async () => void (await ask({ reset: true })),
    async untilTold(many, timeoutMs) {
      for (const deadline = Date.now() + timeoutMs; ; await sleep(LOOK_EVERY_MS)) {
        const counts = await ask({});
        if (counts.told >= many || Date.now() > deadline) return counts;
      }
    },
    close: () => child.stop(),
  };
}
