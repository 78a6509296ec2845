/** `victorops`, now Splunk On-Call: an incident a group, by its REST endpoint. */
import { deliveryOf } from './delivery';
import { groupHash } from './group-hash';
import type { Kind } from './integration';
import { inCharacters } from './truncated';

const MOST_STATE = 20_480;
const OPENING: ReadonlySet<string> = new Set(['INFO', 'WARNING', 'CRITICAL']);

export const victorops: Kind<'victorops'> = (options) => ({
  address: { url: options.api_url },
  async send(attempt) {
    const { text, secrets, message, isFiring, now } = attempt;
    const written = text(options.message_type);
    const opening = OPENING.has(written) ? written : 'CRITICAL';
    const own = Object.entries(options.custom_fields).map(([name, value]) => [name, text(value)] as const);
    const event = {
      message_type: isFiring ? opening : 'RECOVERY',
      entity_id: groupHash(message),
      entity_display_name: text(options.entity_display_name),
      state_message: inCharacters(text(options.state_message), MOST_STATE),
      monitoring_tool: text(options.monitoring_tool),
      ...Object.fromEntries(own),
    };
    const key = secrets.reveal(options.api_key, options.api_key_file);
    const url = new URL(options.api_url!);
    url.pathname += [key, text(options.routing_key)].map(inPath).join('/');
    return deliveryOf(await attempt.post(url.href, event), now);
  },
});

const inPath = (text: string): string => encodeURIComponent(text).replaceAll('%2F', '/');
