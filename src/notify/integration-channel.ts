/**
 * An integration of alertmanager.yml as a way for messages of one alert, as escalations and incidents have them: each is told as a
 * group of that alert alone, which has all its labels. Whoever has read the file closes it.
 */
import { episodeRef } from '../domain/identity';
import { fnv1a64 } from '../domain/labels';
import type { NotificationPayload } from '../domain/notification';
import type { AlertRow } from '../history/port';
import type {
  Channel,
  GroupAlert,
  GroupMessage,
  Integration,
  NotificationReason,
  OutgoingMessage,
} from './port';

export function integrationChannel(integration: Integration, now: () => number): Channel {
  const { kind, destination } = integration;
  return {
    ...{ kind, destination },
    send: (message, signal) => integration.notify(groupOf(message, integration, now()), signal),
    close: async () => undefined,
  };
}

function groupOf(message: OutgoingMessage, { receiver, kind, index }: Integration, at: number): GroupMessage {
  const { payload, fingerprint, episode, memory } = message;
  const alerts = message.alerts.map((row) => shown(row, payload));
  return {
    key: fnv1a64(`${payload.message_id} ${receiver}/${kind}/${index}`),
    // What a service has opened for the episode it also closes for it, and for nothing else.
    groupKey: `{}/{episode="${episodeRef(fingerprint, episode)}"}:{alertname="${payload.alert_name}"}`,
    ...{ receiver, groupLabels: alerts[0]!.labels, routeLabels: {}, alerts, at, memory },
    reason: reasonOf(message),
  };
}

function reasonOf({ step, memory }: OutgoingMessage): NotificationReason {
  if (step === 'resolved') return 'all alerts resolved';
  return Object.keys(memory).length === 0 ? 'first notification' : 'repeat interval elapsed';
}

function shown(row: AlertRow, payload: NotificationPayload): GroupAlert {
  const { fingerprint, startsAt } = row;
  const isOver = row.state === 'RESOLVED';
  return {
    ...{ fingerprint, status: isOver ? 'resolved' : 'firing', startsAt, ...saidOf(row, payload) },
    endsAt: isOver ? (row.endsAt ?? row.expiresAt) : null,
    generatorUrl: row.generatorUrl,
  };
}

/** An incident has neither a name among its labels nor words of its own: templates show what other messages say of it. */
function saidOf({ labels, annotations }: AlertRow, payload: NotificationPayload) {
  const { alert_name: alertname, subject: summary, body_text: description, incident } = payload;
  if (incident === undefined) return { labels, annotations };
  return { labels: { ...labels, alertname }, annotations: { ...annotations, summary, description } };
}
