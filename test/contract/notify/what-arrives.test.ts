/** What the receivers of a message get to see, over each channel. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Secret } from '../../../src/config/secret';
import { createEmailChannel } from '../../../src/notify/channels/email';
import { createNotificationServiceChannel } from '../../../src/notify/channels/notification-service';
import { createWebhookChannel } from '../../../src/notify/channels/webhook';
import { startHttpCatcher, type HttpCatcher } from '../../harness/http-catcher';
import { startSmtpCatcher } from '../../harness/smtp-catcher';
import { alert, FIRED, outgoing } from '../../unit/notify/test-notification';

const patience = (): AbortSignal => AbortSignal.timeout(10_000);

describe('over HTTP', () => {
  let catcher: HttpCatcher;
  beforeEach(async () => (catcher = await startHttpCatcher()));
  afterEach(() => catcher.close());

  test('the notification service gets the payload at /ingest, with its key and token', async () => {
    const channel = createNotificationServiceChannel({
      url: `${catcher.url}/base/`,
      token: Secret.of('secret-token'),
    });
    const message = outgoing();
    expect(await channel.send(message, patience())).toEqual({
      kind: 'delivered',
      detail: expect.stringContaining('HTTP 200'),
    });
    const [request] = catcher.requests;
    expect(request).toMatchObject({ method: 'POST', path: '/base/ingest', json: message.payload });
    expect(request!.headers).toMatchObject({
      authorization: 'Bearer secret-token',
      'idempotency-key': message.payload.message_id,
      'x-correlation-id': 'corr-1',
      'content-type': 'application/json',
    });
    await channel.close();
  });

  test('a webhook gets the same payload with headers of its own', async () => {
    const channel = createWebhookChannel({
      url: Secret.of(`${catcher.url}/hook?key=k`),
      headers: { 'X-Team': Secret.of('dba') },
    });
    const message = outgoing('fire', { alert: alert({ correlationId: 'corr-ü\n' }) });
    await channel.send(message, patience());
    expect(catcher.requests[0]).toMatchObject({ path: '/hook?key=k', json: message.payload });
    expect(catcher.requests[0]!.headers).toMatchObject({ 'x-team': 'dba', 'x-correlation-id': 'corr-??' });
    await channel.close();
  });

  test('a secret that was rotated is the new one from the next message on; while it cannot be read it is tried again', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tocsin-secrets-'));
    const put = (name: string, content: string): string => {
      writeFileSync(join(folder, name), content);
      return join(folder, name);
    };
    const service = createNotificationServiceChannel({
      url: catcher.url,
      token: Secret.inFile(put('token', 'one')),
    });
    const webhook = createWebhookChannel({
      url: Secret.inFile(put('url', `${catcher.url}/one`)),
      headers: { 'X-Key': Secret.inFile(put('key', 'one')) },
    });
    await service.send(outgoing(), patience());
    await webhook.send(outgoing(), patience());
    put('token', 'two');
    put('url', `${catcher.url}/two`);
    put('key', 'two');
    await service.send(outgoing(), patience());
    await webhook.send(outgoing(), patience());
    const seen = catcher.requests.map(({ path, headers }) => [
      path,
      headers['authorization'] ?? headers['x-key'],
    ]);
    expect(seen).toEqual([
      ['/ingest', 'Bearer one'],
      ['/one', 'one'],
      ['/ingest', 'Bearer two'],
      ['/two', 'two'],
    ]);
    rmSync(folder, { recursive: true });
    expect((await service.send(outgoing(), patience())).kind).toBe('retry');
    expect((await webhook.send(outgoing(), patience())).kind).toBe('retry');
    await service.close();
    await webhook.close();
  });

  test.each([
    ['7', 7_000],
    ['soon', null],
    [new Date(Date.now() + 30_000).toUTCString(), expect.closeTo(30_000, -4)],
  ])('Retry-After: %s is heeded', async (header, expected) => {
    const channel = createWebhookChannel({ url: Secret.of(catcher.url), headers: {} });
    catcher.answer({ status: 429, headers: { 'retry-after': header } });
    expect(await channel.send(outgoing(), patience())).toMatchObject({
      kind: 'retry',
      retryAfterMs: expected,
    });
    await channel.close();
  });

  test('a redirect is not followed, and an error shows its reason but no secret of the URL', async () => {
    const channel = createWebhookChannel({
      url: Secret.of(`${catcher.url}/services/T0/SECRET?token=SECRET`),
      headers: {},
    });
    catcher.answer(
      { status: 307, headers: { location: `${catcher.url}/elsewhere` } },
      { status: 400, body: 'no such\n channel' },
    );
    const redirected = await channel.send(outgoing(), patience());
    const refused = await channel.send(outgoing(), patience());
    expect(redirected).toMatchObject({
      kind: 'refused',
      error: expect.stringContaining('redirects are not followed'),
    });
    expect(refused).toEqual({
      kind: 'refused',
      error: `HTTP 400 from 127.0.0.1:${catcher.port}: no such channel`,
    });
    expect(catcher.requests).toHaveLength(2);
    expect(JSON.stringify([redirected, refused])).not.toContain('SECRET');
    await channel.close();
  });

  test('accepted is accepted, whatever becomes of the rest of the answer', async () => {
    const channel = createWebhookChannel({ url: Secret.of(catcher.url), headers: {} });
    catcher.answer(
      { status: 200, body: 'x'.repeat(300_000) },
      { status: 200, headers: { 'content-length': '99' }, body: 'short' },
    );
    expect((await channel.send(outgoing(), patience())).kind).toBe('delivered');
    expect((await channel.send(outgoing(), AbortSignal.timeout(500))).kind).toBe('delivered');
    await channel.close();
  });
});

describe('by e-mail', () => {
  const options = {
    host: '127.0.0.1',
    secure: false,
    from: 'Tocsin <tocsin@example.org>',
    to: ['a@example.org', 'b@example.org'],
  };

  test('text and HTML, a stable id, and one conversation an episode', async () => {
    const catcher = await startSmtpCatcher();
    const channel = createEmailChannel({ ...options, port: catcher.port, user: null, password: null });
    const runbook = { runbook_url: 'https://wiki/runbook?a=1&b=2', dashboard_url: 'javascript:alert(1)' };
    const fire = outgoing('fire', { alert: alert({ annotations: { summary: '<b>bold</b>', ...runbook } }) });
    await channel.send(fire, patience());
    await channel.send(fire, patience());
    await channel.send(
      outgoing('resolved', {
        alert: alert({ state: 'RESOLVED', endsAt: new Date(FIRED + 60_000).toISOString() }),
      }),
      patience(),
    );
    const [first, again, resolved] = catcher.mails.map(({ mail }) => mail);
    expect(first).toMatchObject({
      subject: fire.payload.subject,
      messageId: `<0123456789abcdef.${FIRED}.fire@example.org>`,
    });
    expect(first!.text!.trim()).toBe(fire.payload.body_text);
    expect(again!.messageId).toBe(first!.messageId);
    expect(first!.inReplyTo).toBeUndefined();
    expect(resolved).toMatchObject({
      messageId: `<0123456789abcdef.${FIRED}.resolved@example.org>`,
      inReplyTo: first!.messageId,
      references: first!.messageId,
    });
    expect(first!.html).toContain('<a href="https://wiki/runbook?a=1&#38;b=2">Runbook</a>');
    expect(first!.html).toContain('&#60;b&#62;bold');
    expect(first!.html).not.toContain('href="javascript');
    expect(catcher.mails[0]!.to).toEqual(options.to);
    expect(first!.headers).toContainEqual(
      expect.objectContaining({ key: 'x-tocsin-message-id', value: fire.payload.message_id }),
    );
    await channel.close();
    await catcher.close();
  });

  test('one recipient that is refused does not keep it from the others', async () => {
    const catcher = await startSmtpCatcher();
    const channel = createEmailChannel({ ...options, port: catcher.port, user: null, password: null });
    catcher.refuse({ command: 'rcpt', code: 550, recipient: 'a@example.org' });
    expect(await channel.send(outgoing(), patience())).toEqual({
      kind: 'delivered',
      detail: expect.stringContaining('not accepted for a@example.org'),
    });
    await channel.close();
    await catcher.close();
  });

  test('logs in where the server asks for it, with the password of now; a wrong one waits until people mend it', async () => {
    const catcher = await startSmtpCatcher({ user: 'tocsin', password: 'right' });
    const right = createEmailChannel({
      ...options,
      port: catcher.port,
      user: 'tocsin',
      password: Secret.of('right'),
    });
    const wrong = createEmailChannel({
      ...options,
      port: catcher.port,
      user: 'tocsin',
      password: Secret.of('wrong'),
    });
    expect((await right.send(outgoing(), patience())).kind).toBe('delivered');
    const refusal = await wrong.send(outgoing(), patience());
    expect(refusal).toMatchObject({ kind: 'retry', error: expect.stringContaining('535') });
    expect(JSON.stringify(refusal)).not.toContain('"wrong"');
    let password = 'wrong';
    const rotated = createEmailChannel({
      ...options,
      port: catcher.port,
      user: 'tocsin',
      password: { reveal: () => password },
    });
    expect((await rotated.send(outgoing(), patience())).kind).toBe('retry');
    password = 'right';
    expect((await rotated.send(outgoing(), patience())).kind).toBe('delivered');
    await right.close();
    await wrong.close();
    await rotated.close();
    await catcher.close();
  });

  test('a message that nobody can be sent is refused, not tried for ever', async () => {
    const catcher = await startSmtpCatcher();
    const channel = createEmailChannel({
      ...options,
      to: ['@'],
      port: catcher.port,
      user: null,
      password: null,
    });
    expect((await channel.send(outgoing(), patience())).kind).toBe('refused');
    await channel.close();
    await catcher.close();
  });
});
