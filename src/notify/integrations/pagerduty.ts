/** `pagerduty`: events of its Events API v2, or of v1 where there is a `service_key`. */
import type { OptionsOf } from '../../config/alertmanager/receivers/kinds';
import { deliveryOf, type Judgement } from './delivery';
import { groupHash } from './group-hash';
import type { Attempt, Kind } from './integration';
import { asObject, texts } from './json-answer';
import { Refused } from './outcome';
import { present } from './present';
import { rendered } from './structures';
import { inCharacters } from './truncated';

type Options = OptionsOf<'pagerduty'>;

const V1 = 'https://events.pagerduty.com/generic/2010-04-15/create_event.json';
const MOST_BYTES = 512_000;
const MOST_SUMMARY = 1024;
const LEFT_OUT = {
  error: 'Details are left out: with them the event is larger than the 512 kB that PagerDuty takes',
};

export const pagerduty: Kind<'pagerduty'> = (options, { addresses }) => {
  const isV1 = options.service_key !== null || options.service_key_file !== '';
  const url = isV1 ? (addresses?.pagerdutyV1 ?? V1) : options.url!;
  // v1 says that there were too many events with 403.
  const judgement: Judgement = { details: errors, passing: isV1 ? [403] : [] };
  return {
    address: { url },
    timeoutMs: options.timeout,
    async send(attempt) {
      const event = isV1 ? eventV1(attempt, options) : eventV2(attempt, options);
      return deliveryOf(
        await attempt.post(url, fitting(event, detailsOf(attempt, options))),
        attempt.now,
        judgement,
      );
    },
  };
};

type Event = (details: object) => object;

function fitting(event: Event, details: object): object {
  const whole = event(details);
  return Buffer.byteLength(JSON.stringify(whole)) > MOST_BYTES ? event(LEFT_OUT) : whole;
}

const detailsOf = ({ text }: Attempt, { details }: Options): object =>
  Object.fromEntries(Object.entries(details).map(([name, value]) => [name, rendered(value, text)]));

const actionOf = ({ isFiring }: Attempt): string => (isFiring ? 'trigger' : 'resolve');

function eventV2(attempt: Attempt, options: Options): Event {
  const { text, message } = attempt;
  const links = options.links.map(({ href, text: shown }) => ({ href: text(href), text: text(shown) }));
  const images = options.images.map(({ src, alt, href }) => ({
    src: text(src),
    alt: text(alt),
    href: text(href),
  }));
  const about = {
    summary: inCharacters(text(options.description), MOST_SUMMARY),
    source: text(options.source),
    severity: text(options.severity || 'error'),
    ...present({
      class: text(options.class),
      component: text(options.component),
      group: text(options.group),
    }),
  };
  const envelope = {
    routing_key: keyOf(attempt, options.routing_key, options.routing_key_file, 'routing_key'),
    dedup_key: groupHash(message),
    event_action: actionOf(attempt),
    ...present({
      client: text(options.client),
      client_url: text(options.client_url),
      images: images.filter(({ src }) => src !== ''),
      links: links.filter(({ href }) => href !== ''),
    }),
  };
  return (custom_details) => ({ ...envelope, payload: { ...about, custom_details } });
}

function eventV1(attempt: Attempt, options: Options): Event {
  const { text, message, isFiring } = attempt;
  const envelope = {
    service_key: keyOf(attempt, options.service_key, options.service_key_file, 'service_key'),
    incident_key: groupHash(message),
    event_type: actionOf(attempt),
    description: inCharacters(text(options.description), MOST_SUMMARY),
    ...(isFiring && present({ client: text(options.client), client_url: text(options.client_url) })),
  };
  return (details) => ({ ...envelope, details });
}

/** A key may be a template: one team's key of the group's labels. */
function keyOf({ secrets, text }: Attempt, own: Options['routing_key'], file: string, name: string): string {
  const key = secrets.note(text(secrets.reveal(own, file)));
  if (key === '') throw new Refused(`its ${name} is empty`);
  return key;
}

function errors(body: string): string {
  const { message, errors: all } = asObject(body) ?? {};
  return texts([message, all]);
}
