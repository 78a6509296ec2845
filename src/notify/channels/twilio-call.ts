/** What a call says, in TwiML: the alert, and which key takes it. Pure. */
import { xmlText } from '../../domain/callback';
import type { NotificationPayload } from '../../domain/notification';
import { shortened } from '../../domain/shortened';

/** What Twilio takes as one call's markup. */
const MOST_MARKUP = 4_000;
const MOST_SPOKEN = 400;
const KEY_WITHIN_S = 10;
const TIMES = 2;

/** `keyTo`: where a pressed key is told; null: nobody listens. */
export function callMarkup(payload: NotificationPayload, language: string, keyTo: string | null): string {
  const spoken = spokenText(payload);
  const say = (text: string): string => `<Say language="${xmlText(language)}">${xmlText(text)}</Say>`;
  if (keyTo === null) return response(say(spoken).repeat(TIMES));
  const asked = say(`${spoken} Press 1 to take it.`);
  const gather = `<Gather numDigits="1" timeout="${KEY_WITHIN_S}" method="POST" action="${xmlText(keyTo)}">${asked}</Gather>`;
  const whole = response(gather.repeat(TIMES) + say('No key was pressed. The alert stays open.'));
  return whole.length <= MOST_MARKUP ? whole : response(gather);
}

/** Signs that are only seen are left out; a fingerprint is nobody's to hear. */
function spokenText({
  severity,
  alert_name: name,
  db_instance_id: instance,
  subject,
}: NotificationPayload): string {
  const where = instance === null ? '' : ` on ${instance}`;
  const what = /: (.+)$/.exec(subject)?.[1] ?? '';
  const words = `Tocsin alert. ${severity ?? ''} ${name}${where}. ${what}`;
  return shortened(words.replace(/[[\]{}<>_*#|]/g, ' ').replace(/\s+/g, ' '), MOST_SPOKEN);
}

const response = (inside: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?><Response>${inside}</Response>`;
