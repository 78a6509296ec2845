/** A notifier in a process of its own, to be killed: POSTGRES, INSTANCE, RECEIVER. */
import { openHistory } from '../../../src/history/history';
import { createMutes } from '../../../src/mute/mutes';
import { createNotificationServiceChannel } from '../../../src/notify/channels/notification-service';
import { createNotifier } from '../../../src/notify/notify';
import { silentLogger } from '../../../src/observe/observe';

async function main(): Promise<void> {
  const [url, instance, receiverUrl] = process.argv.slice(2) as [string, string, string];
  const history = await openHistory({ url, instance });
  const channel = createNotificationServiceChannel({ url: receiverUrl, token: null });
  const notifier = createNotifier({
    queue: history.queue,
    mutes: createMutes(history.silences),
    receivers: [{ name: 'ops', channel, routingKey: null, timeoutMs: 60_000, fallback: null }],
    now: () => new Date(),
    log: silentLogger(),
    leaseMs: 1_000,
  });
  await notifier.start();
}

void main();
