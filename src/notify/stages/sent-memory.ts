/** What this process has sent and not yet recorded, by message and receiver. */
import type { NotificationOutcome, QueuedNotification } from '../../history/port';

type Sent = Extract<NotificationOutcome, { kind: 'sent' }>;
type Key = Pick<QueuedNotification, 'messageId' | 'receiver'>;

export interface SentMemory {
  remember(message: Key, outcome: Sent): void;
  recall(message: Key): Sent | null;
  forget(message: Key): void;
}

/** The oldest go when there are more than `most`: a record that never succeeds must not fill the memory. */
export function createSentMemory(most = 10_000): SentMemory {
  const kept = new Map<string, Sent>();
  const keyOf = ({ messageId, receiver }: Key): string => `${messageId} ${receiver}`;
  return {
    remember(message, outcome) {
      kept.set(keyOf(message), outcome);
      if (kept.size > most) kept.delete(kept.keys().next().value!);
    },
    recall: (message) => kept.get(keyOf(message)) ?? null,
    forget: (message) => void kept.delete(keyOf(message)),
  };
}
