/**
 * `sns`: a message to a topic, a target or a telephone of Amazon SNS. Credentials are those of the configuration or, as in
 * Alertmanager, what the AWS SDK finds: variables, profiles, web identities, the machine's role. The SDK is loaded with the
 * first message: few have a use for it.
 */
import { createHash } from 'node:crypto';
import type { PublishCommandInput, SNSClient, SNSClientConfig } from '@aws-sdk/client-sns';
import type { OptionsOf } from '../../config/alertmanager/receivers/kinds';
import { messageOf } from '../../domain/errors';
import type { Delivery } from '../port';
import { groupHash } from './group-hash';
import type { HttpAnswer } from './http/client';
import type { Attempt, Kind } from './integration';
import { present } from './present';
import { inBytes } from './truncated';

type Options = OptionsOf<'sns'>;

const MOST_BYTES = 256 * 1_024;
const MOST_BYTES_OF_SMS = 1_600;
const MOST_SUBJECT = 100;
/** SNS's words for what passes although the code says that the request is at fault. */
const PASSING =
  /Throttl|TooManyRequests|RequestLimit|Expired|RequestTimeout|CredentialsProvider|TimeoutError/;

export const sns: Kind<'sns'> = (options) => ({
  address: { url: options.api_url || hostOf(options) },
  async send(attempt) {
    const client = await clientOf(attempt, options);
    const { PublishCommand } = await import('@aws-sdk/client-sns');
    try {
      const sent = await client.send(new PublishCommand(publication(attempt, options)), {
        abortSignal: attempt.signal,
      });
      return { kind: 'delivered', detail: `SNS took it as ${sent.MessageId ?? 'a message'}` };
    } catch (error) {
      return deliveryOfError(error);
    } finally {
      client.destroy();
    }
  },
});

const hostOf = ({ sigv4: { region } }: Options): string =>
  region === '' ? 'https://sns.amazonaws.com' : `https://sns.${region}.amazonaws.com`;

/** A client for each message: the credentials of files and roles change while we run. */
async function clientOf(attempt: Attempt, options: Options): Promise<SNSClient> {
  const { SNSClient } = await import('@aws-sdk/client-sns');
  const endpoint = attempt.text(options.api_url);
  const { region, profile } = options.sigv4;
  return new SNSClient({
    ...(region !== '' && { region }),
    ...(profile !== '' && { profile }),
    ...(endpoint !== '' && { endpoint }),
    credentials: await credentialsOf(attempt, options),
    requestHandler: handlerOf(attempt),
    // Who sends again, and when, is decided elsewhere.
    maxAttempts: 1,
  });
}

async function credentialsOf(attempt: Attempt, { sigv4 }: Options): Promise<SNSClientConfig['credentials']> {
  const { fromNodeProviderChain, fromTemporaryCredentials } = await import('@aws-sdk/credential-providers');
  const secretAccessKey = attempt.secrets.reveal(sigv4.secret_key, '');
  const own =
    sigv4.access_key === ''
      ? fromNodeProviderChain(sigv4.profile === '' ? {} : { profile: sigv4.profile })
      : { accessKeyId: sigv4.access_key, secretAccessKey };
  if (sigv4.role_arn === '') return own;
  return fromTemporaryCredentials({
    masterCredentials: own,
    params: {
      RoleArn: sigv4.role_arn,
      RoleSessionName: 'tocsin',
      ...(sigv4.external_id !== '' && { ExternalId: sigv4.external_id }),
    },
    clientConfig: {
      ...(sigv4.region !== '' && { region: sigv4.region }),
      useFipsEndpoint: sigv4.use_fips_sts_endpoint,
      requestHandler: handlerOf(attempt),
      maxAttempts: 1,
    },
  });
}

/** What the SDK asks of who makes its requests. */
interface AwsRequest {
  readonly method: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | readonly string[] | null>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** Requests go the way of `http_config`: its proxy, its certificates, its headers. */
function handlerOf(attempt: Attempt): NonNullable<SNSClientConfig['requestHandler']> {
  return {
    async handle(request: AwsRequest) {
      const { host: _host, 'content-length': _length, ...headers } = request.headers;
      const answer = await attempt.call({
        ...{ method: request.method as 'POST', url: addressOf(request), headers },
        ...(typeof request.body === 'string' && { body: request.body }),
      });
      return { response: await responseOf(answer) };
    },
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
  };
}

async function responseOf(answer: HttpAnswer) {
  const body = Buffer.from(await answer.text());
  return { statusCode: answer.status, headers: answer.headers, body };
}

function addressOf({ protocol, hostname, port, path, query = {} }: AwsRequest): string {
  const url = new URL(`${protocol}//${hostname}${port === undefined ? '' : `:${port}`}${path}`);
  for (const [name, value] of Object.entries(query)) {
    for (const each of [value ?? ''].flat()) url.searchParams.append(name, each);
  }
  return url.href;
}

function publication(attempt: Attempt, options: Options): PublishCommandInput {
  const { text, message } = attempt;
  const topic = text(options.topic_arn);
  const whole = text(options.message);
  const shown = inBytes(whole, options.phone_number === '' ? MOST_BYTES : MOST_BYTES_OF_SMS);
  const attributes = Object.entries(options.attributes).map(
    ([name, value]) => [text(name), text(value)] as const,
  );
  const isFifo = topic.endsWith('.fifo');
  const truncated = shown === whole ? [] : [['truncated', 'true'] as const];
  return {
    Message: shown,
    MessageAttributes: Object.fromEntries(
      // SNS refuses an attribute without a value.
      [...attributes.filter(([, value]) => value !== ''), ...truncated].map(([name, StringValue]) => [
        name,
        { DataType: 'String', StringValue },
      ]),
    ),
    ...present({
      Subject: subject(text(options.subject)),
      TopicArn: topic,
      PhoneNumber: text(options.phone_number),
      TargetArn: text(options.target_arn),
      MessageGroupId: isFifo && groupHash(message),
      // By the message: by the group, SNS would drop what is told of it within five minutes of another message.
      MessageDeduplicationId: isFifo && createHash('sha256').update(message.key).digest('hex'),
    }),
  };
}

/** SNS takes a line of at most a hundred signs of ASCII, and refuses the message otherwise. */
const subject = (text: string): string =>
  text
    .replace(/\s+/g, ' ')
    .replace(/[^ -~]/gu, '?')
    .slice(0, MOST_SUBJECT)
    .trim();

function deliveryOfError(error: unknown): Delivery {
  const { name = '', $metadata } = error as {
    readonly name?: string;
    readonly $metadata?: { readonly httpStatusCode?: number };
  };
  const status = $metadata?.httpStatusCode ?? null;
  if (status === null && !PASSING.test(name)) throw error;
  const words = `SNS${status === null ? '' : ` answered HTTP ${status}`}: ${name}: ${messageOf(error)}`;
  const passes = status === null || status >= 500 || status === 429 || status === 408 || PASSING.test(name);
  return passes ? { kind: 'retry', error: words, retryAfterMs: null } : { kind: 'refused', error: words };
}
