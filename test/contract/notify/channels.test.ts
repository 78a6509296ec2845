/** One suite for every channel: what each answer means, and that no server can hold a message for good. */
import { createServer, type Server, type Socket } from 'node:net';
import { Secret } from '../../../src/config/secret';
import { createEmailChannel } from '../../../src/notify/channels/email';
import { createNotificationServiceChannel } from '../../../src/notify/channels/notification-service';
import { createPagerdutyChannel } from '../../../src/notify/channels/pagerduty';
import { createIncidentRoomChannel } from '../../../src/notify/channels/incident-room';
import { createSlackChannel } from '../../../src/notify/channels/slack';
import { createSmsChannel, createVoiceChannel } from '../../../src/notify/channels/twilio';
import { createWebhookChannel } from '../../../src/notify/channels/webhook';
import type { Channel, Delivery } from '../../../src/notify/port';
import { startHttpCatcher } from '../../harness/http-catcher';
import { startSmtpCatcher } from '../../harness/smtp-catcher';
import { outgoing } from '../../unit/notify/test-notification';

/** A server behind the channel, and what it does to the next message. */
interface Opposite {
  readonly channel: Channel;
  /** Answers the next message with the code; SMTP codes name the command before a colon. */
  answer(code: string): void;
  received(): number;
  close(): Promise<void>;
}

interface Kind {
  readonly name: string;
  open(): Promise<Opposite>;
  /** A channel of this kind to any port. */
  to(port: number): Channel;
  /** Code → what it means. */
  readonly codes: Readonly<Record<string, Delivery['kind']>>;
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

function httpCodes(): Record<string, Delivery['kind']> {
  const passing = [401, 403, 404, 408, 425, 429];
  return {
    ...Object.fromEntries(range(200, 208).map((code) => [code, 'delivered' as const])),
    ...Object.fromEntries(range(300, 308).map((code) => [code, 'refused' as const])),
    ...Object.fromEntries(
      range(400, 451).map((code) => [
        code,
        passing.includes(code) ? ('retry' as const) : ('refused' as const),
      ]),
    ),
    ...Object.fromEntries(range(500, 511).map((code) => [code, 'retry' as const])),
    599: 'retry',
  };
}

/** A success of Slack is one by its body. */
function slackCodes(): Record<string, Delivery['kind']> {
  const { 204: _withoutBody, ...codes } = httpCodes();
  return codes;
}

function smtpCodes(): Record<string, Delivery['kind']> {
  const commands = ['mail', 'rcpt', 'data'];
  const codes = [
    ...[421, 450, 451, 452, 454, 455, 530, 534, 535, 538].map((code) => [code, 'retry'] as const),
    ...[500, 501, 503, 521, 550, 551, 552, 553, 554, 571].map((code) => [code, 'refused'] as const),
  ];
  const atCommands = commands.flatMap((command) =>
    codes.map(([code, kind]) => [`${command}:${code}`, kind] as const),
  );
  return {
    ok: 'delivered',
    'connect:421': 'retry',
    'connect:554': 'refused',
    ...Object.fromEntries(atCommands),
  };
}

/** What all of them take for a success. */
const ANSWER = { ok: true, ts: '1.1', channel: 'C1', sid: 'SM1' };

async function overHttp(make: (url: string) => Channel): Promise<Opposite> {
  const catcher = await startHttpCatcher();
  const channel = make(catcher.url);
  return {
    channel,
    answer: (code) =>
      catcher.answer({
        status: Number(code),
        headers: { location: catcher.url },
        body: Number(code) >= 400 ? { error: 'because' } : ANSWER,
      }),
    received: () => catcher.requests.length,
    close: async () => {
      await channel.close();
      await catcher.close();
    },
  };
}

async function overSmtp(): Promise<Opposite> {
  const catcher = await startSmtpCatcher();
  const channel = mailTo(catcher.port);
  return {
    channel,
    answer: (code) => {
      const [command, number] = code.split(':');
      if (number !== undefined) catcher.refuse({ command: command as 'data', code: Number(number) });
    },
    received: () => catcher.mails.length,
    close: async () => {
      await channel.close();
      await catcher.close();
    },
  };
}

const mailTo = (port: number): Channel =>
  createEmailChannel({
    host: '127.0.0.1',
    port,
    secure: false,
    user: null,
    password: null,
    from: 'Tocsin <tocsin@example.org>',
    to: ['dba@example.org'],
  });
const serviceAt = (url: string) => createNotificationServiceChannel({ url, token: null });
const webhookAt = (url: string) => createWebhookChannel({ url: Secret.of(url), headers: {} });

const bot = (url: string) => ({ url, token: Secret.of('S3cr3t'), interactive: true });
const account = (url: string) => ({
  ...{ url, accountSid: 'AC1', authToken: Secret.of('S3cr3t'), from: '+15005550006', to: '+4915112345678' },
});
const BY_SERVICE: Readonly<Record<string, (url: string) => Channel>> = {
  pagerduty: (url) =>
    createPagerdutyChannel({ url, routingKey: Secret.of('S3cr3t'), instance: '', clientUrl: '' }),
  slack: (url) => createSlackChannel({ ...bot(url), channel: 'C1' }),
  sms: (url) => createSmsChannel(account(url), true),
  voice: (url) => createVoiceChannel({ ...account(url), language: 'en-US', keysTo: 'https://t/x' }),
};
/** It makes several calls, of which the first decides what becomes of the message. */
const roomAt = (url: string): Channel =>
  createIncidentRoomChannel({
    ...bot(url),
    ...{ instance: '', prefix: 'inc', groupBy: ['alertname'], isPrivate: false, invite: [], members: {} },
    timeline: async () => [],
  });

const KINDS: readonly Kind[] = [
  {
    name: 'notification service',
    open: () => overHttp(serviceAt),
    to: (port) => serviceAt(`http://127.0.0.1:${port}`),
    codes: httpCodes(),
  },
  {
    name: 'webhook',
    open: () => overHttp(webhookAt),
    to: (port) => webhookAt(`http://127.0.0.1:${port}`),
    codes: httpCodes(),
  },
  ...Object.entries(BY_SERVICE).map(([name, at]) => ({
    name,
    open: () => overHttp(at),
    to: (port: number) => at(`http://127.0.0.1:${port}`),
    codes: name === 'slack' ? slackCodes() : httpCodes(),
  })),
  { name: 'email', open: overSmtp, to: mailTo, codes: smtpCodes() },
];

const patience = (): AbortSignal => AbortSignal.timeout(10_000);

describe.each(KINDS)('$name', (kind) => {
  let opposite: Opposite;
  beforeAll(async () => (opposite = await kind.open()));
  afterAll(() => opposite.close());

  test.each(Object.entries(kind.codes))('%s → %s', async (code, expected) => {
    const before = opposite.received();
    opposite.answer(code);
    const delivery = await opposite.channel.send(outgoing(), patience());
    expect(delivery.kind).toBe(expected);
    const number = /\d+$/.exec(code)?.[0];
    if (delivery.kind !== 'delivered') expect(delivery.error).toContain(number);
    else expect(opposite.received()).toBe(before + 1);
  });
});

/** What a server can do instead of answering. */
type Misbehaviour =
  | 'says nothing'
  | 'takes the message and hangs up'
  | 'hangs up at once'
  | 'talks nonsense'
  | 'stops in its answer';

async function misbehaving(
  kind: Kind,
  how: Misbehaviour,
): Promise<{ port: number; server: Server; sockets: Socket[] }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    if (how === 'hangs up at once') return void socket.destroy();
    if (how === 'talks nonsense') return void socket.end('\u0000nonsense\r\n\r\n');
    if (how === 'says nothing') return;
    if (kind.name === 'email') smtpUntilData(socket, how);
    else
      socket.once('data', () =>
        how === 'stops in its answer' ? socket.write('HTTP/1.1 503 Busy\r\nconte') : socket.destroy(),
      );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as { port: number }).port, server, sockets };
}

function smtpUntilData(socket: Socket, how: Misbehaviour): void {
  socket.write('220 test\r\n');
  socket.on('data', (chunk) => {
    const text = String(chunk);
    if (/^(EHLO|HELO|MAIL|RCPT)/.test(text)) socket.write('250 ok\r\n');
    else if (text.startsWith('DATA')) socket.write('354 go on\r\n');
    else if (text.endsWith('\r\n.\r\n'))
      void (how === 'stops in its answer' ? socket.write('25') : socket.destroy());
  });
}

describe.each(KINDS)('$name, with a server that', (kind) => {
  test.each<Misbehaviour>([
    'says nothing',
    'takes the message and hangs up',
    'hangs up at once',
    'talks nonsense',
    'stops in its answer',
  ])('%s: is tried again, in time', async (how) => {
    const { port, server, sockets } = await misbehaving(kind, how);
    const channel = kind.to(port);
    const began = Date.now();
    const delivery = await channel.send(outgoing(), AbortSignal.timeout(400));
    expect(delivery.kind).toBe('retry');
    expect(Date.now() - began).toBeLessThan(2_000);
    await channel.close();
    sockets.forEach((socket) => socket.destroy());
    await new Promise((resolve) => server.close(resolve));
  });

  test('is not there: is tried again', async () => {
    const channel = kind.to(1);
    const delivery = await channel.send(outgoing(), patience());
    expect(delivery).toMatchObject({ kind: 'retry', error: expect.stringContaining('ECONNREFUSED') });
    await channel.close();
  });

  test('is not asked any more once the signal has aborted', async () => {
    const opposite = await kind.open();
    const delivery = await opposite.channel.send(outgoing(), AbortSignal.abort());
    expect([delivery.kind, opposite.received()]).toEqual(['retry', 0]);
    await opposite.close();
  });

  test('shows no secret in what it says', async () => {
    const opposite = await kind.open();
    opposite.answer(kind.name === 'email' ? 'data:550' : '400');
    expect(JSON.stringify(await opposite.channel.send(outgoing(), patience()))).not.toContain('S3cr3t');
    await opposite.close();
  });

  test('is named by its destination, without what may be secret', () => {
    const channel = kind.to(2_525);
    expect(channel.destination).toMatch(/^(http|smtp):\/\/127\.0\.0\.1:2525$/);
    return channel.close();
  });
});

test('a room that cannot be made is told of as every other refusal', async () => {
  const opposite = await overHttp(roomAt);
  for (const [code, kind] of [
    ['503', 'retry'],
    ['429', 'retry'],
    ['400', 'refused'],
    ['302', 'refused'],
  ] as const) {
    opposite.answer(code);
    expect(await opposite.channel.send(outgoing(), patience())).toMatchObject({ kind });
  }
  await opposite.close();
});
