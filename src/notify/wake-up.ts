/** A wait that can be cut short. A wake-up that comes while nobody waits ends the next wait at once. */

export interface WakeUp {
  wake(): void;
  /** Whether the next wait would end at once. */
  woken(): boolean;
  /** Resolves after `ms`, or at a wake-up. */
  wait(ms: number): Promise<void>;
}

export function createWakeUp(): WakeUp {
  let woken = false;
  let end: (() => void) | null = null;
  return {
    wake() {
      woken = true;
      end?.();
    },
    woken: () => woken,
    async wait(ms) {
      if (!woken) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms);
          end = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        end = null;
      }
      woken = false;
    },
  };
}
