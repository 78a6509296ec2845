/** A webhook of one's own: signed, over TLS as it is asked for, and nowhere where it must not be. */
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createWebhookChannel, type WebhookOptions } from '../../../../src/notify/channels/webhook';
import type { Delivery } from '../../../../src/notify/port';
import { startHttpCatcher, type HttpCatcher, type HttpsOptions } from '../../../harness/http-catcher';
import { outgoing } from '../test-notification';

const TLS = join(__dirname, '../../../fixtures/tls-of-receivers');
const secret = (value: string) => ({ reveal: () => value });
const pem = (name: string) => readFileSync(join(TLS, name), 'utf8');
const CERTIFICATE: HttpsOptions = { key: pem('server.key'), cert: pem('server.pem') };

const running: { close(): Promise<void> }[] = [];
afterEach(() => Promise.all(running.splice(0).map((each) => each.close())));
async function server(https?: HttpsOptions): Promise<HttpCatcher> {
  const catcher = await startHttpCatcher(0, https);
  running.push(catcher);
  return catcher;
}

async function sent(url: string, options: Partial<WebhookOptions> = {}): Promise<Delivery> {
  const channel = createWebhookChannel({ url: secret(url), headers: {}, ...options });
  running.push(channel);
  return channel.send(outgoing(), AbortSignal.timeout(10_000));
}

describe('signature', () => {
  it('is of the time and the body, once for each secret', async () => {
    const there = await server();
    await sent(there.url, { signingSecrets: [secret('old'), secret('new')] });
    const { headers, body } = there.requests[0]!;
    const [, seconds, first, second] = /^t=(\d+),v1=(\w+),v1=(\w+)$/.exec(
      headers['x-tocsin-signature'] as string,
    )!;
    const of = (key: string) => createHmac('sha256', key).update(`${seconds}.${body}`).digest('hex');
    expect([first, second]).toEqual([of('old'), of('new')]);
    expect(Math.abs(Date.now() / 1_000 - Number(seconds))).toBeLessThan(60);
  });

  it('is not there without a secret', async () => {
    const there = await server();
    await sent(there.url);
    expect(there.requests[0]!.headers).not.toHaveProperty('x-tocsin-signature');
  });
});

describe('TLS', () => {
  const none = { ca: null, cert: null, key: null, serverName: null, insecure: false };

  it('believes the authority that is named, and no other', async () => {
    const there = await server(CERTIFICATE);
    expect(await sent(there.url)).toMatchObject({ kind: 'retry' });
    expect(await sent(there.url, { tls: { ...none, ca: secret(pem('ca.pem')) } })).toMatchObject({
      kind: 'delivered',
    });
    expect(there.requests).toHaveLength(1);
  });

  it('believes anybody where that is asked for', async () => {
    const there = await server(CERTIFICATE);
    expect(await sent(there.url, { tls: { ...none, insecure: true } })).toMatchObject({ kind: 'delivered' });
  });

  it('shows its own certificate', async () => {
    const there = await server({ ...CERTIFICATE, clientsOf: pem('ca.pem') });
    const ca = secret(pem('ca.pem'));
    expect(await sent(there.url, { tls: { ...none, ca } })).toMatchObject({ kind: 'retry' });
    const own = { cert: secret(pem('client.pem')), key: secret(pem('client.key')) };
    expect(await sent(there.url, { tls: { ...none, ca, ...own } })).toMatchObject({ kind: 'delivered' });
  });

  it('uses what a file holds by the next message', async () => {
    const there = await server(CERTIFICATE);
    let ca = 'no certificate';
    const tls = { ...none, ca: { reveal: () => ca } };
    const channel = createWebhookChannel({ url: secret(there.url), headers: {}, tls });
    running.push(channel);
    const send = () => channel.send(outgoing(), AbortSignal.timeout(10_000));
    expect(await send()).toMatchObject({ kind: 'retry' });
    ca = pem('ca.pem');
    expect(await send()).toMatchObject({ kind: 'delivered' });
  });
});

it('follows no redirect', async () => {
  const there = await server();
  there.answer({ status: 307, headers: { location: `${there.url}/elsewhere` } });
  expect(await sent(there.url)).toMatchObject({ kind: 'refused' });
  expect(there.requests).toHaveLength(1);
});

describe('addresses', () => {
  it.each([
    'http://169.254.169.254/latest/meta-data/',
    'http://[fe80::1]/',
    'http://[::ffff:169.254.169.254]/',
    'http://[64:ff9b::a9fe:a9fe]/',
    'http://0.0.0.0/',
    'http://2852039166/',
    'http://0xA9.0xFE.0xA9.0xFE/',
  ])('%s is refused', async (url) => {
    expect(await sent(url)).toMatchObject({
      kind: 'refused',
      error: expect.stringContaining('notify.networks') as string,
    });
  });

  it('a denied network is not connected to, by address or by name; an exception is', async () => {
    const there = await server();
    const byName = there.url.replace('127.0.0.1', 'localhost');
    const loopback = ['127.0.0.0/8', '::1'];
    const denied = { networks: { allow: [], deny: loopback } };
    for (const url of [there.url, byName]) expect(await sent(url, denied)).toMatchObject({ kind: 'refused' });
    expect(there.requests).toHaveLength(0);
    const allowed = { networks: { allow: loopback, deny: loopback } };
    expect(await sent(there.url, allowed)).toMatchObject({ kind: 'delivered' });
  });
});
