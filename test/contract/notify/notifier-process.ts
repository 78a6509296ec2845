/**
 * A notifier in a process of its own, to be killed or frozen: POSTGRES, INSTANCE, RECEIVER, and `never` when it is to
 * hang between a receiver's answer and the record of it. Prints SENT before each record and RECORDED after it.
 */
import { openHistory } from '../../../src/history/history';
import type { NotificationQueue } from '../../../src/history/port';
import { createMutes } from '../../../src/mute/mutes';
import { createNotificationServiceChannel } from '../../../src/notify/channels/notification-service';
import { createNotifier } from '../../../src/notify/notify';
import { silentLogger } from '../../../src/observe/observe';

function telling(queue: NotificationQueue, records: boolean): NotificationQueue {
  const finish: NotificationQueue['finish'] = async (id, outcome) => {
    process.stdout.write('SENT\n');
    if (!records) return new Promise(() => undefined);
    await queue.finish(id, outcome);
    process.stdout.write('RECORDED\n');
  };
  return { ...queue, finish };
}

async function main(): Promise<void> {
  const [url, instance, receiverUrl, record] = process.argv.slice(2) as [string, string, string, string?];
  const history = await openHistory({ url, instance });
  const channel = createNotificationServiceChannel({ url: receiverUrl, token: null });
  const notifier = createNotifier({
    queue: telling(history.queue, record !== 'never'),
    mutes: createMutes(history.silences),
    receivers: [{ name: 'ops', channel, routingKey: null, timeoutMs: 60_000, fallback: null }],
    now: () => new Date(),
    log: silentLogger(),
    leaseMs: 1_000,
  });
  await notifier.start();
}

void main();
