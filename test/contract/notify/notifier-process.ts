/**
 * A notifier in a process of its own, to be killed or frozen: POSTGRES, INSTANCE, RECEIVER, and `never` when it is to
 * hang between a receiver's answer and the record of it; then a fatigue limit, as JSON. Prints SENT before each record and RECORDED after it.
 */
import type { FatigueLimit } from '../../../src/domain/fatigue';
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

type Arguments = [url: string, instance: string, receiver: string, record?: string, limit?: string];

async function main(): Promise<void> {
  const [url, instance, receiverUrl, record, limit] = process.argv.slice(2) as Arguments;
  const history = await openHistory({ url, instance });
  const channel = createNotificationServiceChannel({ url: receiverUrl, token: null });
  const notifier = createNotifier({
    queue: telling(history.queue, record !== 'never'),
    mutes: createMutes(history.silences),
    receivers: [{ name: 'ops', channel, routingKey: null, timeoutMs: 60_000, fallback: null }],
    now: () => new Date(),
    log: silentLogger(),
    leaseMs: 1_000,
    fatigueLimit: limit === undefined ? null : (JSON.parse(limit) as FatigueLimit),
  });
  await notifier.start();
}

void main();
