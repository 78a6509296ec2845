/**
 * SMS and calls through Twilio's API, or one like it. A call reads the alert out and takes a pressed key; a text can be answered.
 *
 * The API has no idempotency key: what was accepted and whose answer was lost is sent again. What the queue has written before
 * and after each attempt says that it may have been so.
 */
import { episodeRef } from '../../domain/identity';
import { shortened } from '../../domain/shortened';
import type { Channel, Delivery, OutgoingMessage, Revealable } from '../port';
import { createCaller, deliveryOf, formCall, isAnswer, type Caller, type CallerOptions } from './http';
import { callMarkup } from './twilio-call';

export interface TwilioOptions extends Pick<CallerOptions, 'networks'> {
  /** `https://api.twilio.com`. */
  readonly url: string;
  readonly accountSid: string;
  readonly authToken: Revealable;
  /** A number, a sender's name, or a messaging service's id, which begins with MG. */
  readonly from: string;
  readonly to: string;
}

export interface VoiceOptions extends TwilioOptions {
  readonly language: string;
  /** Where the pressed key is told, as Twilio sees it; null: nobody listens, and the call only tells. */
  readonly keysTo: string | null;
}

/** Two texts' worth, in the alphabet of which one takes 153 signs. */
const MOST_TEXT = 300;
const SHORT = 8;

export function createSmsChannel(options: TwilioOptions, isAnswered: boolean): Channel {
  const { from, to } = options;
  const sender: Record<string, string> = from.startsWith('MG')
    ? { MessagingServiceSid: from }
    : { From: from };
  return channelOf('sms', 'Messages.json', options, (message) => ({
    ...sender,
    To: to,
    Body: smsText(message, isAnswered),
  }));
}

export function createVoiceChannel(options: VoiceOptions): Channel {
  const { from, to, language, keysTo } = options;
  const channel = channelOf('voice', 'Calls.json', options, (message) => {
    const key =
      keysTo === null || message.payload.incident !== undefined
        ? null
        : `${keysTo}/${episodeRef(message.fingerprint, message.episode)}`;
    return { From: from, To: to, Twiml: callMarkup(message.payload, language, key) };
  });
  return { ...channel, interrupts: true };
}

export function smsText({ payload, fingerprint, step }: OutgoingMessage, isAnswered: boolean): string {
  const asks = payload.state === 'FIRING' && isAnswered && payload.incident === undefined;
  const how = asks ? ` Reply ACK ${fingerprint.slice(0, SHORT)} to take it.` : '';
  const told = /^escalate-(\d+)$/.test(step) && payload.on_call_person !== null;
  const whom = told ? `For ${shortened(payload.on_call_person, 40)}: ` : '';
  return `${shortened(`${whom}${payload.subject}`, MOST_TEXT - how.length)}${how}`;
}

function channelOf(
  kind: string,
  resource: string,
  options: TwilioOptions,
  fieldsOf: (message: OutgoingMessage) => Readonly<Record<string, string>>,
): Channel {
  const { url, accountSid, authToken, networks } = options;
  const base = `${url.replace(/\/+$/, '')}/2010-04-01/Accounts/${encodeURIComponent(accountSid)}`;
  const caller = createCaller(base, { networks });
  const login = () => {
    const pair = Buffer.from(`${accountSid}:${authToken.reveal()}`).toString('base64');
    return { authorization: `Basic ${pair}` };
  };
  return {
    kind,
    destination: caller.destination,
    send: (message, signal) =>
      deliver(caller, () => formCall(`${base}/${resource}`, fieldsOf(message), login), message, signal),
    close: () => caller.close(),
  };
}

async function deliver(
  caller: Caller,
  make: Parameters<Caller['call']>[0],
  { attempts }: OutgoingMessage,
  signal: AbortSignal,
): Promise<Delivery> {
  const came = await caller.call(make, signal);
  if (!isAnswer(came)) return came;
  const delivery = deliveryOf(came, caller.host);
  if (delivery.kind !== 'delivered' || attempts === 0) return delivery;
  return {
    ...delivery,
    detail: `${delivery.detail}; attempt ${attempts + 1}: an earlier one may have arrived too`,
  };
}
