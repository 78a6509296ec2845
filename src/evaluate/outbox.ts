/**
 * What the rules of a partition have decided and Kafka has not acknowledged yet, in its order. Promise: what was put in
 * arrives at least once, or is refused for good, and then that is said; one that is refused holds up none of the others.
 */
import { handOverInParts } from '../domain/in-parts';
import type { Transition } from '../domain/transition';
import type { TransitionPublisher } from '../stream/port';

/** Where transitions go, and who hears what became of them. */
export interface Lane {
  readonly publisher: TransitionPublisher;
  /** Kafka has it. */
  readonly onTold: (transition: Transition) => void;
  readonly onRefused: (transition: Transition, problem: string) => void;
}

/** Throws where it cannot be known what has arrived: then all of them have to come again. */
export async function handOver(
  transitions: readonly Transition[],
  { publisher, onTold, onRefused }: Lane,
): Promise<void> {
  if (transitions.length === 0) return;
  const refused = await handOverInParts(transitions, publisher.publish);
  const left = new Set(refused.map(({ item }) => item));
  for (const transition of transitions) if (!left.has(transition)) onTold(transition);
  for (const { item, problem } of refused) onRefused(item, problem);
}

export interface Outbox {
  put(transition: Transition): void;
  /** What a rule on trial would have told. */
  putTrial(transition: Transition): void;
  unsent(): number;
  /** Resolves when nothing is left; rejects when sending fails, and the next call sends it. */
  flush(): Promise<void>;
  /** Sends what nobody waits for: what could not be sent is tried again at the next call. */
  nudge(): void;
}

/** `trials` is null where nothing is on trial. */
export function createOutbox(alerts: Lane, trials: Lane | null): Outbox {
  const waiting: Transition[] = [];
  const onTrial: Transition[] = [];
  let flushing: Promise<void> | null = null;

  const unsent = (): number => waiting.length + onTrial.length;

  async function flush(): Promise<void> {
    if (unsent() === 0) return;
    // Batches of several topics share the outbox of their partition number; one at a time keeps the order.
    await flushing?.catch(() => undefined);
    if (unsent() === 0) return;
    flushing ??= sendOut().finally(() => (flushing = null));
    await flushing;
  }

  /** Alerts first: what is on trial holds nobody's page up. */
  async function sendOut(): Promise<void> {
    while (unsent() > 0) {
      await send(waiting, alerts);
      if (waiting.length === 0 && trials !== null) await send(onTrial, trials);
    }
  }

  async function send(from: Transition[], lane: Lane): Promise<void> {
    const sending = from.slice();
    await handOver(sending, lane);
    from.splice(0, sending.length);
  }

  return {
    put: (transition) => void waiting.push(transition),
    putTrial: (transition) => void onTrial.push(transition),
    unsent,
    flush,
    nudge() {
      if (flushing === null && unsent() > 0) void flush().catch(() => undefined);
    },
  };
}
