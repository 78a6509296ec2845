/** A loop over what has a due time in Postgres: a turn does what is due and says when the next is, and wake-ups cut the wait short. */

export interface Turns {
  start(): void;
  wake(): void;
  /** Begins no more turns, and resolves when the last has ended. */
  stop(): Promise<void>;
}

export interface TurnsOptions {
  /** Does what is due; answers in how many ms there is more, null when nothing waits. */
  readonly turn: () => Promise<number | null>;
  /** `again`: it is not the first time in a row. */
  readonly onError: (error: unknown, again: boolean) => void;
}

/** Another process may make something due of which no wake-up tells. */
const LONGEST_WAIT_MS = 5_000;
/** Somebody else holds what is due: look again soon, and not in a circle. */
const SHORTEST_WAIT_MS = 5;
const AWAY_MS = 500;

export function createTurns({ turn, onError }: TurnsOptions): Turns {
  let stopping = false;
  let isWoken = false;
  let end = (): void => undefined;
  let running: Promise<void> = Promise.resolve();

  async function wait(ms: number): Promise<void> {
    if (isWoken || stopping) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      end = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async function run(): Promise<void> {
    let failures = 0;
    while (!stopping) {
      isWoken = false;
      try {
        const nextMs = await turn();
        failures = 0;
        await wait(Math.min(LONGEST_WAIT_MS, Math.max(SHORTEST_WAIT_MS, nextMs ?? LONGEST_WAIT_MS)));
      } catch (error) {
        onError(error, failures > 0);
        failures += 1;
        isWoken = false;
        await wait(AWAY_MS);
      }
    }
  }

  const wake = (): void => {
    isWoken = true;
    end();
  };
  return {
    start: () => void (running = run()),
    wake,
    async stop() {
      stopping = true;
      wake();
      await running;
    },
  };
}
