/** The callbacks role: PagerDuty, Slack and telephones come back with what people did there. */
import { createActs } from '../src/api/callbacks/acts';
import { createIncidentActs } from '../src/api/callbacks/incident-acts';
import type { Caller } from '../src/api/callbacks/port';
import { startCallbacks as listen } from '../src/api/callbacks/server';
import type { Config, ReceiverConfig } from '../src/config/config';
import { callbackPath } from '../src/domain/callback';
import { messageOf } from '../src/domain/errors';
import { createJsonPoster } from '../src/notify/channels/http';
import { createActions } from '../src/temporal/actions';
import type { Shared } from './compose';
import { callbackObserver } from './observers';
import { policiesOf } from './policies';

const ACT_WITHIN_MS = 8_000;
const TELL_WITHIN_MS = 5_000;

/** Where a service calls back; null where nobody listens, or nobody has said what services see. */
export function addressOf(callbacks: Config['callbacks'], ...parts: readonly string[]): string | null {
  return callbacks?.externalUrl == null ? null : `${callbacks.externalUrl}${callbackPath(...parts)}`;
}

export async function startCallbacks(shared: Shared): Promise<void> {
  const { config, log, parts } = shared;
  if (config.callbacks === null) {
    log.info(
      {},
      'http.callbacks.listen is not set: nobody listens for what comes back from PagerDuty, Slack and telephones',
    );
    return;
  }
  const [history, { client }] = await Promise.all([shared.history(), shared.temporal()]);
  const { instance, callbacks } = config;
  const policyFor = policiesOf(config);
  const actions = createActions({ client, instance, policyFor, timeoutMs: ACT_WITHIN_MS });
  const people = new Map(config.onCall.people.flatMap(({ name, slack }) => (slack ? [[slack, name]] : [])));
  const acts = createActs({ lists: history.lists, actions });
  const server = await listen(
    {
      callers: callersOf(config),
      ...{ acts, incidentActs: createIncidentActs({ incidents: history.incidents, acts }) },
      store: history.callbacks,
      instance,
      externalUrl: callbacks.externalUrl,
      personInSlack: (id) => people.get(id) ?? null,
      answerSlack: (url, body) => answerSlack(shared, url, body),
      now: Date.now,
      log,
      onEvent: callbackObserver(shared),
    },
    callbacks,
  );
  log.info({ address: server.address, external: callbacks.externalUrl }, 'callbacks of services are taken');
  parts.push({ name: 'callbacks', stop: () => server.close() });
}

export function callersOf(config: Config): Caller[] {
  return config.receivers.flatMap((receiver): Caller[] => {
    const { name } = receiver;
    switch (receiver.type) {
      case 'pagerduty':
        return [{ service: 'pagerduty', receiver: name, secrets: receiver.webhookSecrets }];
      case 'slack':
      case 'incident_room':
        return [{ service: 'slack', receiver: name, secrets: receiver.signingSecrets }];
      case 'sms':
      case 'voice':
        return [twilioCaller(config, receiver)];
      default:
        return [];
    }
  });
}

function twilioCaller(
  { onCall: { people } }: Config,
  { name, accountSid, callbackTokens, to }: Extract<ReceiverConfig, { type: 'sms' | 'voice' }>,
): Caller {
  const owner = people.find(({ notify }) =>
    [...notify.high, ...notify.low].some(({ receiver }) => receiver === name),
  );
  const person = owner?.name ?? null;
  return { service: 'twilio', receiver: name, secrets: callbackTokens, accountSid, phone: to, person };
}

/** The address came in what Slack signed; it is called at Slack's own host alone. */
async function answerSlack({ config, log }: Shared, url: string, body: object): Promise<void> {
  const isOurs = config.receivers.some(
    (one) =>
      (one.type === 'slack' || one.type === 'incident_room') &&
      sameService(new URL(one.apiUrl), URL.canParse(url) ? new URL(url) : null),
  );
  if (!isOurs) return log.warn({}, "the outcome of a click was not told: its address is none of Slack's");
  try {
    const poster = createJsonPoster(() => url, { networks: config.notify.networks });
    const said = await poster.post(body, () => ({}), AbortSignal.timeout(TELL_WITHIN_MS));
    await poster.close();
    if (said.kind !== 'delivered') log.warn({ reason: said.error }, 'the outcome of a click was not told');
  } catch (error) {
    log.warn({ err: error }, `the outcome of a click was not told: ${messageOf(error)}`);
  }
}

/** `slack.com` answers at `hooks.slack.com`; a stand-in for it at its own address. */
const sameService = (api: URL, url: URL | null): boolean =>
  url !== null &&
  url.protocol === api.protocol &&
  (url.host === api.host || url.host === `hooks.${api.host}`) &&
  url.username === '';
