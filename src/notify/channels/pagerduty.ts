/**
 * PagerDuty's Events API v2. An episode is one incident there, under a key of ours: it is triggered, acknowledged when somebody
 * takes the alert here, and resolved. An event that comes twice changes nothing, for the key is the same. A digest is the incident of
 * the alert that leads it: of all its alerts it is kept which incident that is.
 */
import { incidentKey } from '../../domain/identity';
import type { NotificationPayload } from '../../domain/notification';
import { shortened } from '../../domain/shortened';
import type { Channel, Delivery, OutgoingMessage, Revealable } from '../port';
import { createJsonPoster, type CallerOptions } from './http';

export interface PagerdutyOptions extends Pick<CallerOptions, 'networks'> {
  readonly url: string;
  /** Of the service's integration. */
  readonly routingKey: Revealable;
  readonly instance: string;
  /** Where people see Tocsin; empty where nobody said. */
  readonly clientUrl: string;
}

const MOST_SUMMARY = 1_024;
const MOST_SOURCE = 255;
/** PagerDuty takes 512 kB, of which the details get the better part. */
const MOST_DETAILS = 400_000;
const SEVERITIES: Readonly<Record<string, string>> = {
  critical: 'critical',
  high: 'error',
  warning: 'warning',
  medium: 'warning',
  low: 'info',
  info: 'info',
};

type Action = 'trigger' | 'acknowledge' | 'resolve';

export function createPagerdutyChannel(options: PagerdutyOptions): Channel {
  const { url, routingKey, instance, networks } = options;
  const poster = createJsonPoster(() => url, { networks });
  return {
    kind: 'pagerduty',
    destination: poster.destination,
    async send(message, signal) {
      const { incident } = message.memory;
      const dedupKey = incident ?? incidentKey(instance, message.fingerprint, message.episode);
      let last: Delivery = { kind: 'refused', error: 'there is no event for it' };
      for (const action of actionsOf(message)) {
        const about = action === 'trigger' ? detailsOf(message.payload, options) : {};
        const event = (): object => ({
          routing_key: routingKey.reveal(),
          event_action: action,
          dedup_key: dedupKey,
          ...about,
        });
        last = await post(poster, event, signal);
        if (last.kind !== 'delivered') return last;
      }
      return isDigest(message) ? { ...last, memory: { incident: dedupKey } } : last;
    },
    close: () => poster.close(),
  };
}

/** A key that cannot be read now may be there the next time. */
async function post(
  poster: ReturnType<typeof createJsonPoster>,
  event: () => object,
  signal: AbortSignal,
): Promise<Delivery> {
  try {
    return await poster.post(event(), () => ({}), signal);
  } catch (error) {
    return {
      kind: 'retry',
      error: error instanceof Error ? error.message : String(error),
      retryAfterMs: null,
    };
  }
}

const isDigest = ({ payload }: OutgoingMessage): boolean => (payload.digest_alerts ?? []).length > 1;

/** What somebody has taken before this left is triggered all the same: there is nothing to acknowledge yet. */
function actionsOf({ step, payload, memory }: OutgoingMessage): Action[] {
  if (payload.state === 'RESOLVED') return step === 'resolved' ? ['resolve'] : ['trigger', 'resolve'];
  // Who takes one alert of a digest has not taken the others.
  const tellsOfOthers = memory['incident'] !== undefined || (payload.digest_alerts ?? []).length > 1;
  if (payload.state !== 'ACKNOWLEDGED' || tellsOfOthers) return ['trigger'];
  return step.startsWith('acknowledged-') ? ['acknowledge'] : ['trigger', 'acknowledge'];
}

function detailsOf(payload: NotificationPayload, { clientUrl }: PagerdutyOptions): object {
  const links = [
    { href: payload.runbook_url, text: 'Runbook' },
    { href: payload.dashboard_url, text: 'Dashboard' },
  ].filter(({ href }) => href !== null && /^https?:\/\//i.test(href));
  return {
    client: 'Tocsin',
    ...(clientUrl !== '' && { client_url: clientUrl }),
    links,
    payload: {
      summary: shortened(payload.subject, MOST_SUMMARY),
      source: shortened(payload.db_instance_id ?? payload.labels['job'] ?? 'tocsin', MOST_SOURCE),
      severity: SEVERITIES[payload.severity?.toLowerCase() ?? ''] ?? 'error',
      timestamp: payload.context.alert_fired_at,
      ...present('component', payload.labels['service']),
      ...present('group', payload.environment),
      class: shortened(payload.alert_name, MOST_SOURCE),
      custom_details: customDetails(payload),
    },
  };
}

const present = (name: string, value: string | null | undefined): object =>
  value ? { [name]: shortened(value, MOST_SOURCE) } : {};

function customDetails(payload: NotificationPayload): object {
  const { body_text: text, labels, correlation_id: correlationId, message_id: messageId } = payload;
  const details = { text, labels, correlation_id: correlationId, message_id: messageId };
  if (Buffer.byteLength(JSON.stringify(details)) <= MOST_DETAILS) return details;
  return { text: shortened(text, 100_000), correlation_id: correlationId, message_id: messageId };
}
