/** Mail over SMTP as it is configured: parts, headers, threads, logins and TLS, against a server that keeps the protocol. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { startSmtpCatcher, type SmtpCatcher, type SmtpCatcherOptions } from '../../../harness/smtp-catcher';
import { GROUPS, message } from './groups';
import { integrationOf, notify } from './sending';

const TLS = join(__dirname, '../../../fixtures/tls-of-receivers');
const file = (name: string): string => readFileSync(join(TLS, name), 'utf8');
const CERTIFICATE = { key: file('server.key'), cert: file('server.pem') };

let server: SmtpCatcher;

async function start(options: SmtpCatcherOptions = {}): Promise<void> {
  server = await startSmtpCatcher(options);
}
afterEach(() => server.close());

const receiver = (more = 'require_tls: false'): string =>
  `email_configs: [{ to: 'a@example.com, B <b@example.com>', from: 'Tocsin <tocsin@example.org>', smarthost: '127.0.0.1:${server.port}', send_resolved: true, ${more} }]`;

it('sends the default mail', async () => {
  await start();

  const delivery = await notify(integrationOf(receiver()), GROUPS.both);

  expect(delivery).toMatchObject({ kind: 'delivered' });
  const [caught] = server.mails;
  expect(caught).toMatchObject({ from: 'tocsin@example.org', to: ['a@example.com', 'b@example.com'] });
  const { mail } = caught!;
  expect(mail.subject).toBe('[FIRING:2] HighCPU eu-1');
  expect(mail.from).toEqual({ address: 'tocsin@example.org', name: 'Tocsin' });
  expect(mail.html).toContain('3 alerts for alertname=HighCPU cluster=eu-1');
  expect(mail.html).toContain('[2] Firing');
  expect(mail.html).toContain('summary = CPU &lt;b&gt;&amp;&#34;high&#39;&#43;');
  expect(mail.html).not.toContain('javascript:');
  expect(mail.html).toContain('href="#ZgotmplZ"');
  expect(mail.html).toContain(
    'href="https://tocsin.example.com/alerts/#/alerts?receiver=team%5C.db%2F%5C%28a%5C%2Bb%5C%29&#43;c"',
  );
  expect(mail.text ?? '').toBe('');
  expect(server.greetings).toEqual(['localhost']);
});

it('has the same Message-Id at each try of a message, and another for the next message', async () => {
  await start();
  const integration = integrationOf(receiver());

  await notify(integration);
  await notify(integration);
  await notify(integration, message({ key: 'm-2' }));

  const [first, again, next] = server.mails.map(({ mail }) => mail.messageId);
  expect(first).toMatch(/^<[0-9a-f]{32}@example\.org>$/);
  expect(again).toBe(first);
  expect(next).not.toBe(first);
});

it('has the parts and headers that are configured, with values of templates', async () => {
  await start();
  const more =
    "require_tls: false, hello: tocsin.example.org, text: '{{ .Status }} ä', html: '<b>{{ .CommonAnnotations.summary }}</b>', headers: { subject: 'S: {{ .GroupLabels.alertname }} ä', Reply-To: team@example.com, X-Team: '{{ .RouteLabels.team }}', message-id: '<own@example.com>' }";

  await notify(integrationOf(receiver(more)));

  const { mail, raw } = server.mails[0]!;
  expect(mail).toMatchObject({ subject: 'S: HighCPU ä', text: 'firing ä\n', messageId: '<own@example.com>' });
  expect(mail.html).toContain('<b>CPU is high</b>');
  expect(mail.replyTo).toEqual([{ address: 'team@example.com', name: '' }]);
  expect(raw).toMatch(/^X-Team: db\r?$/m);
  expect(raw).toMatch(/^Auto-Submitted: auto-generated\r?$/m);
  expect(raw.match(/^message-id:/gim)).toHaveLength(1);
  expect(server.greetings).toEqual(['tocsin.example.org']);
});

it.each([
  ['daily', /^<alert-[0-9a-f]{16}-2026-03-01@alertmanager>$/],
  ['none', /^<alert-[0-9a-f]{16}-@alertmanager>$/],
])('threads the mails of a group: %s', async (by, root) => {
  await start();
  const more = `require_tls: false, threading: { enabled: true, thread_by_date: ${by} }`;
  const now = () => Date.parse('2026-03-01T12:00:00Z');

  await notify(integrationOf(receiver(more), '{}', { now }));

  const { mail } = server.mails[0]!;
  expect(mail.inReplyTo).toMatch(root);
  expect(mail.references).toBe(mail.inReplyTo);
});

describe('logins', () => {
  const LOGIN =
    "require_tls: false, auth_username: me, auth_password: S3cr3tPassword, auth_secret: 'S3cr3tMd5'";

  it.each([
    ['PLAIN', 'S3cr3tPassword', LOGIN],
    ['LOGIN', 'S3cr3tPassword', LOGIN],
    ['CRAM-MD5', 'S3cr3tMd5', LOGIN],
    ['CRAM-MD5', 'S3cr3tMd5', "require_tls: false, auth_username: me, auth_secret: 'S3cr3tMd5'"],
    ['PLAIN', 'S3cr3tPassword', `${LOGIN}, auth_identity: team`],
  ])('%s with %s', async (method, password, more) => {
    await start({ user: 'me', password, authMethods: [method] });

    expect(await notify(integrationOf(receiver(more)))).toMatchObject({ kind: 'delivered' });
    expect(server.logins).toEqual([`${method} me`]);
  });

  it('takes a secret of its own where the server takes passwords too', async () => {
    await start({ user: 'me', password: 'S3cr3tMd5', authMethods: ['PLAIN', 'LOGIN', 'CRAM-MD5'] });

    await notify(integrationOf(receiver("require_tls: false, auth_username: me, auth_secret: 'S3cr3tMd5'")));

    expect(server.logins).toEqual(['CRAM-MD5 me']);
  });

  it('tries again after a login that was refused, and does not tell the password', async () => {
    await start({ user: 'me', password: 'other' });

    const delivery = await notify(integrationOf(receiver(LOGIN)));

    expect(delivery).toMatchObject({ kind: 'retry', error: expect.stringContaining('SMTP 535') as string });
    expect(JSON.stringify(delivery)).not.toContain('S3cr3t');
  });

  it('is left out where the server has none', async () => {
    await start({ authMethods: [] });

    expect(await notify(integrationOf(receiver(LOGIN)))).toMatchObject({ kind: 'delivered' });
  });
});

describe('TLS', () => {
  const trusting = `tls_config: { ca_file: '${TLS}/ca.pem', server_name: server.example.test }`;

  it.each(['command', 'start'] as const)('from the %s, with a certificate that is trusted', async (from) => {
    await start({ tls: { ...CERTIFICATE, from } });
    const implicit = from === 'start' ? 'force_implicit_tls: true, ' : '';

    expect(await notify(integrationOf(receiver(`${implicit}${trusting}`)))).toMatchObject({
      kind: 'delivered',
    });
  });

  it('is required: a server that does not offer it gets no mail', async () => {
    await start();

    expect(await notify(integrationOf(receiver('require_tls: true')))).toMatchObject({ kind: 'retry' });
    expect(server.mails).toEqual([]);
  });

  it.each(['', "tls_config: { ca_file: '" + TLS + "/ca.pem' }"])(
    'does not trust who is not known (%s)',
    async (more) => {
      await start({ tls: { ...CERTIFICATE, from: 'command' } });

      expect(await notify(integrationOf(receiver(more)))).toMatchObject({ kind: 'retry' });
      expect(server.mails).toEqual([]);
    },
  );

  it('is not used where it is not required, though the server offers it', async () => {
    await start({ tls: { ...CERTIFICATE, from: 'command' } });

    expect(await notify(integrationOf(receiver()))).toMatchObject({ kind: 'delivered' });
  });
});

describe('what a server refuses', () => {
  it.each([
    [{ command: 'rcpt', code: 450 }, 'retry'],
    [{ command: 'rcpt', code: 550 }, 'refused'],
    [{ command: 'data', code: 451 }, 'retry'],
    [{ command: 'data', code: 552 }, 'refused'],
    [{ command: 'connect', code: 421 }, 'retry'],
  ] as const)('%j', async (refusal, kind) => {
    await start();
    server.refuseAlways(refusal);

    expect(await notify(integrationOf(receiver()))).toMatchObject({
      ...{ kind, error: expect.stringContaining(String(refusal.code)) as string },
    });
  });

  it('says who did not get a mail that others got', async () => {
    await start();
    server.refuse({ command: 'rcpt', code: 550, recipient: 'b@example.com' });

    expect(await notify(integrationOf(receiver()))).toMatchObject({
      ...{ kind: 'delivered', detail: expect.stringContaining('not accepted for b@example.com') as string },
    });
  });

  it('refuses a mail without a recipient', async () => {
    await start();
    const to = "email_configs: [{ to: '{{ .CommonLabels.nobody }}', from: t@example.org, require_tls: false,";

    expect(await notify(integrationOf(`${to} smarthost: '127.0.0.1:${server.port}' }]`))).toMatchObject({
      kind: 'refused',
    });
  });
});

it('ends when it is told to, though the server is silent', async () => {
  await start();
  const silent = createServer(() => undefined);
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as { port: number };
  const integration = integrationOf(
    `email_configs: [{ to: a@example.com, from: t@example.org, smarthost: '127.0.0.1:${port}' }]`,
  );

  expect(integration.destination).toBe(`smtp://127.0.0.1:${port}`);
  expect(await notify(integration, message(), AbortSignal.timeout(100))).toEqual({
    ...{ kind: 'retry', error: 'no answer in time', retryAfterMs: null },
  });
  silent.close();
});
