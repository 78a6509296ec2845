/** Sends what each second has when it has come, one second after the other; a feeder that falls behind catches up. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface Feed {
  /** Rejects when a second could not be sent. */
  readonly failed: Promise<never>;
  /** Resolves when what is on its way has been sent. */
  stop(): Promise<void>;
}

export function followSeconds(from: number, send: (second: number) => Promise<void>): Feed {
  let stopped = false;
  const run = async (): Promise<void> => {
    for (let second = from; !stopped; second++) {
      await sleep(Math.max(0, second * 1_000 - Date.now()));
      await send(second);
    }
  };
  const running = run();
  const failed = running.then(() => new Promise<never>(() => undefined));
  failed.catch(() => undefined);
  return {
    failed,
    async stop() {
      stopped = true;
      await running.catch(() => undefined);
    },
  };
}
