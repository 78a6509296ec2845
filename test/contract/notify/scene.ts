/** What every story of the notifier plays on: a history, a receiver over HTTP, and notifiers that are stopped at the end. */
import type { NotificationPayload } from '../../../src/domain/notification';
import type { History } from '../../../src/history/history';
import type { PagesChange } from '../../../src/history/port';
import { createMutes } from '../../../src/mute/mutes';
import { createNotificationServiceChannel } from '../../../src/notify/channels/notification-service';
import { createNotifier, type Notifier, type NotifierOptions } from '../../../src/notify/notify';
import type { Channel, NotifierEvent, Receiver } from '../../../src/notify/port';
import { silentLogger } from '../../../src/observe/observe';
import { startHttpCatcher, type CaughtRequest, type HttpCatcher } from '../../harness/http-catcher';
import { waitFor } from '../../harness/wait-for';
import { alertRow } from '../history/test-alerts';
import { testHistory, type TestHistory } from '../history/test-history';

export const row = alertRow();
export const payload = (request: CaughtRequest | undefined) => request!.json as NotificationPayload;

/** A scene for each test of the file. */
export function useScene() {
  let first: TestHistory;
  let catcher: HttpCatcher;
  const channels: Channel[] = [];
  const notifiers: Notifier[] = [];

  beforeEach(async () => {
    first = await testHistory();
    catcher = await startHttpCatcher();
  });
  afterEach(async () => {
    await Promise.all(notifiers.splice(0).map((notifier) => notifier.stop()));
    await Promise.all(channels.splice(0).map((channel) => channel.close()));
    await catcher.close();
    await first.close();
  });

  const states = async () =>
    (await first.history.lists.notifications(row.fingerprint)).map(({ step, state }) => `${step} ${state}`);

  return {
    first: () => first,
    catcher: () => catcher,
    states,

    /** Closed when the test ends. */
    keep<T extends Channel>(channel: T): T {
      channels.push(channel);
      return channel;
    },

    service(name: string, url = catcher.url, more: Partial<Receiver> = {}): Receiver {
      const channel = createNotificationServiceChannel({ url, token: null });
      channels.push(channel);
      return { name, channel, routingKey: null, timeoutMs: 5_000, fallback: null, ...more };
    },

    async notifier(
      receivers: readonly Receiver[],
      more: Partial<NotifierOptions> = {},
      history: History = first.history,
    ) {
      const events: NotifierEvent[] = [];
      const made = createNotifier({
        queue: history.queue,
        mutes: createMutes(history.silences),
        receivers,
        now: () => new Date(),
        log: silentLogger(),
        onEvent: (event) => events.push(event),
        retry: { baseMs: 20 },
        ...more,
      });
      notifiers.push(made);
      await made.start();
      return { notifier: made, events };
    },

    apply: (what: PagesChange, history = first.history) => history.pages.apply([row.fingerprint], () => what),
    steps: () => catcher.requests.map((request) => payload(request).message_id.split(':')[2]),
    allDone: () =>
      waitFor(async () => (await states()).every((line) => !line.endsWith('pending')), {
        what: 'all messages to be decided',
      }),
    /** What the alert's timeline says of its messages. */
    told: async () =>
      (await first.history.lists.timeline(row.fingerprint))
        .filter(({ actor }) => actor === 'notifier')
        .map(({ text }) => text),
  };
}
