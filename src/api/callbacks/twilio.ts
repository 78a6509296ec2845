/**
 * What a telephone comes back with: a key that was pressed during a call, and texts. `ACK` takes the alert that the telephone was told
 * of last, `ACK 1f2e3d4c` the one that begins so. Whose telephone it is, the configuration says; another one's word is ignored.
 */
import { xmlText } from '../../domain/callback';
import { parseEpisodeRef } from '../../domain/identity';
import type { ToldAlert } from '../../history/port';
import { nameOf, type Acted } from './acts';
import { once, type Once } from './once';
import { NOT_SIGNED, type CallbackAnswer, type CallbackOptions, type Called } from './options';
import type { TwilioCaller } from './port';
import { isSignedByTwilio } from './signatures';

const AGAIN = 'It could not be done now.';
const MOST_REPLY = 320;
/** With the beginning of a fingerprint, or alone. */
const ACK = /^\s*ack(?:nowledge)?(?:\s+([0-9a-f]{4,16}))?[\s.!]*$/i;

export async function fromTwilio(
  options: CallbackOptions,
  caller: TwilioCaller,
  { header, body, url, rest }: Called,
): Promise<CallbackAnswer> {
  const fields = new URLSearchParams(body.toString('utf8'));
  const called = `${options.externalUrl ?? ''}${url}`;
  if (
    options.externalUrl === null ||
    !isSignedByTwilio(header('x-twilio-signature'), called, fields, caller.secrets)
  )
    return NOT_SIGNED;
  const [kind, ref] = rest;
  if (kind === 'voice') return markup(await pressed(options, caller, fields, ref ?? ''));
  return kind === 'sms' && ref === undefined
    ? markup(await texted(options, caller, fields))
    : { status: 404 };
}

const markup = (inside: string): CallbackAnswer => ({
  status: 200,
  type: 'text/xml; charset=utf-8',
  body: `<?xml version="1.0" encoding="UTF-8"?><Response>${inside}</Response>`,
});

const say = (text: string): string => `<Say>${xmlText(text)}</Say><Hangup/>`;
const reply = (text: string): string => `<Message>${xmlText(text.slice(0, MOST_REPLY))}</Message>`;

async function pressed(
  options: CallbackOptions,
  caller: TwilioCaller,
  fields: URLSearchParams,
  ref: string,
): Promise<string> {
  const of = parseEpisodeRef(ref);
  const key = fields.get('Digits') ?? '';
  const call = fields.get('CallSid') ?? '';
  if (of === null || call === '' || fields.get('To') !== caller.phone) {
    options.log.warn({ receiver: caller.receiver }, 'a pressed key is of no call of ours: it is ignored');
    return '<Hangup/>';
  }
  if (key === '') return say('No key was pressed. The alert stays open.');
  const owner = caller.person ?? caller.receiver;
  const act = () => options.acts('acknowledge', of, owner, 'by telephone');
  const said = await once(options, caller, `${call}:${ref}`, act).catch((): Once | null => null);
  return say(said?.text ?? AGAIN);
}

async function texted(
  options: CallbackOptions,
  caller: TwilioCaller,
  fields: URLSearchParams,
): Promise<string> {
  const from = fields.get('From') ?? '';
  const id = fields.get('MessageSid') ?? '';
  const word = ACK.exec(fields.get('Body') ?? '');
  const ours = telephones(options, caller, from);
  if (ours.length === 0 || id === '' || word === null) {
    const reason = ours.length === 0 ? 'nobody who is told has this number' : 'it is not understood';
    options.log.info({ receiver: caller.receiver, reason }, `a text is ignored: ${reason}`);
    options.onEvent?.({ service: 'twilio', receiver: caller.receiver, outcome: 'ignored', detail: reason });
    // No answer: a machine that answers texts would be answered for ever.
    return '';
  }
  const act = () => acknowledgeTold(options, ours, word[1]?.toLowerCase());
  const said = await once(options, caller, id, act).catch((): Once | null => null);
  return said?.outcome === 'repeated' ? '' : reply(said?.text ?? AGAIN);
}

/** A number that receives texts is one for all telephones of the account. */
const telephones = (
  { callers }: CallbackOptions,
  { accountSid }: TwilioCaller,
  from: string,
): TwilioCaller[] =>
  callers.filter(
    (one): one is TwilioCaller =>
      one.service === 'twilio' && one.accountSid === accountSid && one.phone === from,
  );

interface Told {
  readonly alert: ToldAlert;
  readonly owner: string;
}

async function acknowledgeTold(
  { store, acts }: CallbackOptions,
  telephonesOfIt: readonly TwilioCaller[],
  which: string | undefined,
): Promise<Acted> {
  const told: Told[] = [];
  for (const { receiver, person } of telephonesOfIt)
    for (const alert of await store.openToldVia(receiver))
      told.push({ alert, owner: person ?? alert.onCallPerson ?? receiver });
  const fitting = told.filter(
    ({ alert }) => alert.state === 'FIRING' && (which === undefined || alert.fingerprint.startsWith(which)),
  );
  const [first] = fitting;
  if (first === undefined) {
    const held = told.some(({ alert }) => which === undefined || alert.fingerprint.startsWith(which));
    return {
      outcome: 'ignored',
      text: held ? 'Somebody has taken it already.' : 'There is no such open alert.',
    };
  }
  const acted = await acts('acknowledge', first.alert, first.owner, 'by text message');
  const others = new Set(fitting.map(({ alert }) => alert.fingerprint));
  others.delete(first.alert.fingerprint);
  return others.size === 0 ? acted : { ...acted, text: `${acted.text}${othersText(fitting, others)}` };
}

function othersText(told: readonly Told[], others: ReadonlySet<string>): string {
  const next = told.find(({ alert }) => others.has(alert.fingerprint))!.alert;
  return `. Also open: ${others.size}; ACK ${next.fingerprint.slice(0, 8)} takes ${nameOf(next)}`;
}
