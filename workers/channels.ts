/** The channel of each kind of receiver that tocsin.yaml knows. Secrets go as they are: a channel reveals them when it sends. */
import type { ReceiverConfig } from '../src/config/config';
import { createEmailChannel } from '../src/notify/channels/email';
import { createNotificationServiceChannel } from '../src/notify/channels/notification-service';
import { createWebhookChannel } from '../src/notify/channels/webhook';
import type { Channel } from '../src/notify/port';

export function channelOf(receiver: ReceiverConfig): Channel {
  switch (receiver.type) {
    case 'notification_service':
      return createNotificationServiceChannel(receiver);
    case 'webhook':
      return createWebhookChannel(receiver);
    case 'email':
      return createEmailChannel({ ...receiver.smtp, from: receiver.from, to: receiver.to });
  }
}
