/** A channel for each receiver of tocsin.yaml. Secrets go as they are: a channel reveals them when it sends. */
import type { Config, ReceiverConfig } from '../src/config/config';
import type { AlertLists } from '../src/history/port';
import { createEmailChannel } from '../src/notify/channels/email';
import { createIncidentRoomChannel } from '../src/notify/channels/incident-room';
import { createNotificationServiceChannel } from '../src/notify/channels/notification-service';
import { createPagerdutyChannel } from '../src/notify/channels/pagerduty';
import { createSlackChannel } from '../src/notify/channels/slack';
import { createSmsChannel, createVoiceChannel } from '../src/notify/channels/twilio';
import { createWebhookChannel } from '../src/notify/channels/webhook';
import type { Channel } from '../src/notify/port';
import { addressOf } from './callbacks';

export function channelOf(
  receiver: ReceiverConfig,
  config: Config,
  lists: Pick<AlertLists, 'timeline'>,
): Channel {
  const { instance, callbacks } = config;
  const { networks } = config.notify;
  switch (receiver.type) {
    case 'notification_service':
      return createNotificationServiceChannel({ ...receiver, networks });
    case 'webhook':
      return createWebhookChannel({ ...receiver, networks });
    case 'email':
      return createEmailChannel({ ...receiver.smtp, from: receiver.from, to: receiver.to });
    case 'pagerduty':
      return createPagerdutyChannel({ ...receiver, instance, clientUrl: config.externalUrl, networks });
    case 'slack':
      return createSlackChannel({ ...botOf(receiver, config), channel: receiver.channel });
    case 'incident_room': {
      const { prefix, groupBy, isPrivate, invite } = receiver;
      const members = Object.fromEntries(
        config.onCall.people.flatMap(({ name, slack }) => (slack === undefined ? [] : [[name, slack]])),
      );
      const room = { instance, prefix, groupBy, isPrivate, invite, members };
      return createIncidentRoomChannel({ ...botOf(receiver, config), ...room, timeline: lists.timeline });
    }
    case 'sms':
      return createSmsChannel({ ...receiver, url: receiver.apiUrl, networks }, callbacks !== null);
    case 'voice':
      return createVoiceChannel({
        ...receiver,
        url: receiver.apiUrl,
        networks,
        keysTo: addressOf(callbacks, 'twilio', receiver.name, 'voice'),
      });
  }
}

function botOf(
  { token, apiUrl, signingSecrets }: Extract<ReceiverConfig, { type: 'slack' | 'incident_room' }>,
  { callbacks, notify: { networks } }: Config,
) {
  return { token, url: apiUrl, networks, interactive: callbacks !== null && signingSecrets.length > 0 };
}
