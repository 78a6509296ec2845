/**
 * What the kinds of receivers have in common: one attempt from the group's message to what came of it. A kind itself says
 * only what it sends where; what it throws, or what the connection fails with, becomes the delivery here, without secrets.
 */
import { messageOf } from '../../domain/errors';
import type { NotificationData } from '../../template/alertmanager/data';
import type { HttpConfig } from '../../config/alertmanager/http-config';
import type { OptionsOf, ReceiverKind } from '../../config/alertmanager/receivers/kinds';
import { withDeadline } from '../../observe/observe';
import type { Delivery, GroupMessage, Integration, Revealable } from '../port';
import { isFiring, notificationData } from './group-data';
import type { Templates } from './group-template';
import { createHttpClient, type HttpAnswer, type HttpClient, type HttpRequest } from './http/client';
import type { Environment } from './http/proxy';
import { Passing, Refused } from './outcome';
import { createSecrets, type Secrets } from './secrets';

export interface Surroundings {
  readonly externalUrl: string;
  readonly templates: Templates;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Where `proxy_from_environment` looks. */
  readonly environment: Environment;
  /** Where services are that have one address for all: other ones in tests. */
  readonly addresses?: Addresses;
}

export interface Addresses {
  readonly pushover?: string;
  readonly pagerdutyV1?: string;
}

/** One try to tell of a group. */
export interface Attempt {
  readonly message: GroupMessage;
  readonly isFiring: boolean;
  readonly data: NotificationData;
  readonly signal: AbortSignal;
  readonly secrets: Secrets;
  readonly now: number;
  /** A template's text. Throws Refused. */
  text(template: string): string;
  html(template: string): string;
  /** The same attempt with the first of its alerts alone, of which there are at most `most`; 0 for all. */
  within(most: number): Attempt;
  call(request: HttpRequest): Promise<HttpAnswer>;
  /** Posts JSON. */
  post(url: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<HttpAnswer>;
}

/** Sends a group's message one way. It throws Refused and Passing, or what the connection failed with. */
export type Send = (attempt: Attempt) => Promise<Delivery>;

export interface Sender {
  /** An address, of which the origin is what fails together. It may be a template, or in a file. */
  readonly address: { readonly url: string | Revealable | null; readonly file?: string };
  readonly send: Send;
  /** How long the whole attempt may take, beside the caller's own limit; 0 for no other. */
  readonly timeoutMs?: number;
  readonly close?: () => Promise<void>;
}

/** Makes the sender of one of a receiver's integrations. */
export type Kind<K extends ReceiverKind> = (options: OptionsOf<K>, surroundings: Surroundings) => Sender;

export interface Place {
  readonly receiver: string;
  readonly kind: string;
  readonly index: number;
  readonly sendResolved: boolean;
}

export function createIntegration(
  place: Place,
  { send, address, timeoutMs = 0, close }: Sender,
  http: HttpConfig | null,
  surroundings: Surroundings,
): Integration {
  const client = http === null ? null : createHttpClient(http, surroundings);
  return {
    ...place,
    destination: destinationOf(address, place),
    notify(message, given) {
      const until = async (signal: AbortSignal): Promise<Delivery> => {
        const secrets = createSecrets();
        try {
          const attempt = attemptOf(message, signal, secrets, client, surroundings);
          return withoutSecrets(await ended(send(attempt), signal), secrets);
        } catch (error) {
          return withoutSecrets(deliveryOfError(error, signal, timeoutMs, given), secrets);
        }
      };
      return timeoutMs > 0 ? withDeadline(timeoutMs, given, until) : until(given);
    },
    close: async () => {
      await Promise.all([client?.close(), close?.()]);
    },
  };
}

function attemptOf(
  message: GroupMessage,
  signal: AbortSignal,
  secrets: Secrets,
  client: HttpClient | null,
  surroundings: Surroundings,
): Attempt {
  const { externalUrl, templates, now } = surroundings;
  const data = templates.withRouteLabels(notificationData(message, externalUrl));
  const { text, html } = templates.of(data);
  const call = (request: HttpRequest): Promise<HttpAnswer> => client!.send(request, secrets, signal);
  const attempt: Attempt = {
    ...{ message, isFiring: isFiring(message), data, signal, secrets, now: now(), text, html, call },
    within: (most) =>
      most === 0 || message.alerts.length <= most
        ? attempt
        : attemptOf(
            { ...message, alerts: message.alerts.slice(0, most) },
            signal,
            secrets,
            client,
            surroundings,
          ),
    post: (url, body, headers = {}) =>
      call({ url, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) }),
  };
  return attempt;
}

/** Ends with the signal also where what is waited for does not heed it. */
async function ended(sending: Promise<Delivery>, signal: AbortSignal): Promise<Delivery> {
  let abort = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(new Passing('no answer in time'));
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
  try {
    return await Promise.race([sending, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function deliveryOfError(
  error: unknown,
  signal: AbortSignal,
  timeoutMs: number,
  given: AbortSignal,
): Delivery {
  if (error instanceof Refused) return { kind: 'refused', error: error.message };
  if (signal.aborted) {
    const limit = given.aborted ? '' : ` (timeout: ${timeoutMs / 1_000}s)`;
    return { kind: 'retry', error: `no answer in time${limit}`, retryAfterMs: null };
  }
  const retryAfterMs = error instanceof Passing ? error.retryAfterMs : null;
  return { kind: 'retry', error: wordsOf(error), retryAfterMs };
}

/** Of a connection that was tried to several addresses, what the last one failed with. */
function wordsOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return messageOf(error.errors.at(-1));
  return messageOf(error) || String(error);
}

const withoutSecrets = (delivery: Delivery, secrets: Secrets): Delivery =>
  delivery.kind === 'delivered'
    ? { ...delivery, detail: secrets.hide(delivery.detail) }
    : { ...delivery, error: secrets.hide(delivery.error) };

/** The origin of the address; of one that is not known before it is sent to, the integration itself. */
function destinationOf(address: Sender['address'], { receiver, kind, index }: Place): string {
  const url = urlOf(address);
  return url !== null && URL.canParse(url) && /^(?:https?|smtp):/.test(url)
    ? originOf(new URL(url))
    : `${kind}:${receiver}/${index}`;
}

const originOf = ({ protocol, host }: URL): string => `${protocol}//${host}`;

function urlOf({ url, file = '' }: Sender['address']): string | null {
  if (typeof url === 'string') return url;
  try {
    return createSecrets().reveal(url, file);
  } catch {
    return null;
  }
}
