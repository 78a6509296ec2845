/**
 * Sends nothing twice that this process has sent: a message whose record failed comes again when its lease ends, and is
 * then only recorded. Between processes the queue's lease and the message_id do the same.
 */
import { deciding, type Stage } from './stage';
import type { SentMemory } from './sent-memory';

export function dedupStage(sent: SentMemory): Stage {
  return deciding('dedup', async (_, notification) => {
    const outcome = sent.recall(notification.queued);
    return outcome === null ? notification : { ...notification, outcome };
  });
}
