/**
 * Writes the outcome down. While Postgres is away it keeps trying, since a message that was sent and is not recorded
 * would be sent again by whoever takes its row next.
 */
import { TocsinError } from '../../domain/errors';
import type { NotificationQueue } from '../../history/port';
import type { SentMemory } from './sent-memory';
import type { Notification, Stage, StageContext } from './stage';

export interface RecordOptions {
  readonly queue: Pick<NotificationQueue, 'finish'>;
  readonly sent: SentMemory;
  readonly onRecorded: (notification: Notification) => void;
}

const RETRY_MS = 250;

export function recordStage(options: RecordOptions): Stage {
  return {
    name: 'record',
    async exec(context, notification) {
      const { queued, outcome } = notification;
      if (outcome === null) throw new Error(`message ${queued.messageId} left the stages without an outcome`);
      await untilThere(context, () => options.queue.finish(queued.id, outcome));
      options.sent.forget(queued);
      options.onRecorded(notification);
      return notification;
    },
  };
}

async function untilThere({ signal }: StageContext, write: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await write();
    } catch (error) {
      const away = error instanceof TocsinError && error.code === 'TOC_DEPENDENCY_AWAY';
      if (!away || signal.aborted) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
