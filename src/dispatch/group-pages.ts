/**
 * What groups have told of an alert, and what of it waits, message by message: for an alert's story, which lists what left
 * for receivers of tocsin.yaml beside it. Why it was so is `why`'s part.
 */
import { receiverOf } from '../domain/identity';
import type {
  AlertRow,
  GroupRecords,
  NotificationRecord,
  RecordedDelivery,
  RecordedMessage,
  RecordedRouting,
} from '../history/port';
import { episodeStart, isHeard, placesFor } from './why';

/** `via`: the way, an integration's kind and index; of a fallback with its receiver. `reason`: why the group was told then. */
export interface GroupPage extends Pick<
  NotificationRecord,
  'receiver' | 'step' | 'state' | 'via' | 'attempts' | 'sentAt' | 'dueAt' | 'detail'
> {
  readonly groupKey: string;
  readonly reason: string;
}

/** In the order of time, what waits last; of its current episode, or of all that are on record. */
export async function readGroupPages(
  alert: AlertRow,
  records: GroupRecords,
  all: boolean,
): Promise<GroupPage[]> {
  const routing = await records.routing();
  const since = all ? new Date(0) : episodeStart(alert);
  const { fingerprint } = alert;
  const { deliveries, messages } = await records.of(fingerprint, placesFor(alert, routing), since);
  return groupPagesOf(fingerprint, { deliveries, messages, routing });
}

export function groupPagesOf(
  fingerprint: string,
  recorded: {
    readonly deliveries: readonly RecordedDelivery[];
    readonly messages: readonly RecordedMessage[];
    readonly routing: RecordedRouting | null;
  },
): GroupPage[] {
  const { deliveries, messages, routing } = recorded;
  return [
    ...deliveries.filter((delivery) => isHeard(delivery, routing)).map(left),
    ...messages.flatMap((message) => waiting(message, fingerprint)),
  ];
}

function left({
  groupKey,
  integration,
  at,
  outcome,
  reason,
  error,
  attempts,
  said,
  via = null,
}: RecordedDelivery): GroupPage {
  const isSent = outcome === 'sent';
  const told = via === null ? reason : `${reason}; instead of ${integration}: ${error ?? 'without a reason'}`;
  return {
    ...{ groupKey, reason, attempts, ...wayOf(integration), ...(via !== null && { via }) },
    step: said === 'firing' ? 'fire' : 'resolved',
    state: isSent ? 'sent' : 'dead',
    sentAt: isSent ? at.toISOString() : null,
    dueAt: at,
    detail: isSent ? told : `${reason}: ${error ?? 'refused without a reason'}`,
  };
}

function waiting(
  { groupKey, integration, pending, dueAt, attempts, error }: RecordedMessage,
  fingerprint: string,
): GroupPage[] {
  const fires = pending?.firing.includes(fingerprint) === true;
  if (pending === null || dueAt === null || (!fires && !pending.resolved.includes(fingerprint))) return [];
  const { reason } = pending;
  return [
    {
      ...{ groupKey, reason, attempts, ...wayOf(integration) },
      step: fires ? 'fire' : 'resolved',
      ...{ state: 'pending', sentAt: null, dueAt },
      detail: error === null ? reason : `${reason}: ${error}`,
    },
  ];
}

function wayOf(integration: string): Pick<GroupPage, 'receiver' | 'via'> {
  const receiver = receiverOf(integration);
  return { receiver, via: integration.slice(receiver.length + 1) };
}
