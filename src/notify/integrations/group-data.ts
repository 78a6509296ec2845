/** A group's message as Alertmanager's templates and webhooks have it. */
import { commonLabels, type Labels } from '../../domain/labels';
import type { AlertData, NotificationData } from '../../template/alertmanager/data';
import type { GroupAlert, GroupMessage } from '../port';

/** What Go's time without a value is in JSON: a firing alert's end is not known. */
const NEVER = '0001-01-01T00:00:00Z';

export function notificationData(message: GroupMessage, externalUrl: string): NotificationData {
  const { alerts } = message;
  return {
    receiver: withEscapedSigns(message.receiver),
    status: isFiring(message) ? 'firing' : 'resolved',
    alerts: alerts.map(alertData),
    notification_reason: message.reason,
    groupLabels: inOrder(message.groupLabels),
    commonLabels: common(alerts.map(({ labels }) => labels)),
    commonAnnotations: common(alerts.map(({ annotations }) => annotations)),
    routeLabels: inOrder(message.routeLabels),
    externalURL: externalUrl,
  };
}

export const isFiring = ({ alerts }: GroupMessage): boolean =>
  alerts.some(({ status }) => status === 'firing');

function alertData(alert: GroupAlert): AlertData {
  return {
    status: alert.status,
    labels: inOrder(alert.labels),
    annotations: inOrder(alert.annotations),
    startsAt: goTime(alert.startsAt),
    endsAt: alert.status === 'firing' || alert.endsAt === null ? NEVER : goTime(alert.endsAt),
    generatorURL: alert.generatorUrl,
    fingerprint: alert.fingerprint,
  };
}

/** Zeros at a fraction's end are not written. */
const goTime = (iso: string): string => iso.replace(/(?:\.0+|(\.\d*?[1-9])0+)(?=Z|[+-])/, '$1');

/** The receiver's name stands in a link as a regular expression, so it is one for itself alone. */
const withEscapedSigns = (name: string): string => name.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&');

const inOrder = (labels: Labels): Labels =>
  Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));

const common = (all: readonly Labels[]): Labels => inOrder(commonLabels(all));
