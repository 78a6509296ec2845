/** Every option of http_config does what it says, tried with the webhook. */
import { createVerify } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startHttpCatcher, type HttpCatcher, type HttpsOptions } from '../../../harness/http-catcher';
import { startHttpProxy, type HttpProxy } from '../../../harness/http-proxy';
import { message } from './groups';
import { integrationOf, integrationsOf, notify } from './sending';

const TLS = join(__dirname, '../../../fixtures/tls-of-receivers');
const pem = (name: string): string => readFileSync(join(TLS, name), 'utf8');
const CERTIFICATE: HttpsOptions = { key: pem('server.key'), cert: pem('server.pem') };
const TRUSTED = `ca_file: '${TLS}/ca.pem'`;

const running: { close(): Promise<void> }[] = [];
const server = async (https?: HttpsOptions): Promise<HttpCatcher> => kept(await startHttpCatcher(0, https));
const proxy = async (user?: string): Promise<HttpProxy> => kept(await startHttpProxy(user));

function kept<T extends { close(): Promise<void> }>(each: T): T {
  running.push(each);
  return each;
}
afterEach(() => Promise.all(running.splice(0).map((each) => each.close())));

const webhook = (url: string, http: string, more: Parameters<typeof integrationOf>[2] = {}) =>
  integrationOf(`webhook_configs: [{ url: '${url}/hook', http_config: { ${http} } }]`, '{}', more);

const folder = (): string => mkdtempSync(join(tmpdir(), 'http-config-'));

describe('who we are', () => {
  it.each([
    ['basic_auth: { username: me, password: S3cr3t }', `Basic ${btoa('me:S3cr3t')}`],
    ['authorization: { credentials: S3cr3t }', 'Bearer S3cr3t'],
    ['authorization: { type: Token, credentials: S3cr3t }', 'Token S3cr3t'],
    ['bearer_token: S3cr3t', 'Bearer S3cr3t'],
    ['{}', undefined],
  ])('%s', async (http, expected) => {
    const there = await server();

    await notify(webhook(there.url, http === '{}' ? '' : http));

    expect(there.requests[0]!.headers.authorization).toBe(expected);
  });

  it('is read from files at each message', async () => {
    const there = await server();
    const at = folder();
    const integration = webhook(
      there.url,
      `basic_auth: { username_file: '${at}/name', password_file: '${at}/word' }`,
    );
    for (const word of ['one', 'two']) {
      writeFileSync(join(at, 'name'), 'me\n');
      writeFileSync(join(at, 'word'), `${word}\n`);
      await notify(integration);
    }

    expect(there.requests.map(({ headers }) => headers.authorization)).toEqual(
      ['me:one', 'me:two'].map((pair) => `Basic ${btoa(pair)}`),
    );
  });

  it('adds the headers that are configured', async () => {
    const there = await server();
    const at = join(folder(), 'header');
    writeFileSync(at, 'from a file\n');

    await notify(
      webhook(
        there.url,
        `http_headers: { X-Team: { values: [a, b] }, X-Key: { secrets: [S3cr3t] }, X-File: { files: ['${at}'] } }`,
      ),
    );

    expect(there.requests[0]!.headers).toMatchObject({
      'x-team': 'a, b',
      'x-key': 'S3cr3t',
      'x-file': 'from a file',
    });
  });

  it('refuses what only a secret manager knows', () => {
    expect(() => webhook('http://x', 'basic_auth: { username: a, password_ref: b }')).toThrow(
      /receiver team, webhook: http_config\.basic_auth\.password_ref refers to a secret manager/,
    );
  });

  it('is what global says where a receiver says nothing', async () => {
    const there = await server();

    await notify(
      integrationOf(
        `webhook_configs: [{ url: '${there.url}' }]`,
        '{ http_config: { bearer_token: S3cr3t } }',
      ),
    );

    expect(there.requests[0]!.headers.authorization).toBe('Bearer S3cr3t');
  });
});

describe('OAuth 2.0', () => {
  const NOW = Date.parse('2026-03-01T12:00:00Z');
  const token = (value: string, more: object = {}) => ({
    status: 200,
    body: { access_token: value, token_type: 'Bearer', ...more },
  });
  const oauth2 = (url: string, more = 'client_secret: S3cr3tClient') =>
    `oauth2: { client_id: tocsin, token_url: '${url}/token', scopes: [a, b], endpoint_params: { tenant: t }, ${more} }`;
  const form = ({ body }: { readonly body: string }) => Object.fromEntries(new URLSearchParams(body));

  it('asks for a token, and keeps it until it ends', async () => {
    const [there, tokens] = [await server(), await server()];
    tokens.answer(token('S3cr3tOne', { expires_in: 60 }), token('S3cr3tTwo'));
    let now = NOW;
    const integration = webhook(there.url, oauth2(tokens.url), { now: () => now });

    for (const seconds of [0, 49, 2]) {
      now += seconds * 1_000;
      await notify(integration);
    }

    expect(there.requests.map(({ headers }) => headers.authorization)).toEqual([
      ...['Bearer S3cr3tOne', 'Bearer S3cr3tOne', 'Bearer S3cr3tTwo'],
    ]);
    expect(tokens.requests).toHaveLength(2);
    expect(tokens.requests[0]!.headers.authorization).toBe(`Basic ${btoa('tocsin:S3cr3tClient')}`);
    expect(form(tokens.requests[0]!)).toEqual({
      grant_type: 'client_credentials',
      scope: 'a b',
      tenant: 't',
    });
  });

  it('gives its secret in the form to a server that wants it there', async () => {
    const [there, tokens] = [await server(), await server()];
    tokens.answer({ status: 401 }, token('S3cr3tOne'));

    expect(await notify(webhook(there.url, oauth2(tokens.url)))).toMatchObject({ kind: 'delivered' });
    expect(form(tokens.requests[1]!)).toMatchObject({ client_id: 'tocsin', client_secret: 'S3cr3tClient' });
  });

  it('asks for another token when one is not taken any more', async () => {
    const [there, tokens] = [await server(), await server()];
    tokens.answer(token('S3cr3tOne'), token('S3cr3tTwo'));
    there.answer({ status: 401 });

    expect(await notify(webhook(there.url, oauth2(tokens.url)))).toMatchObject({ kind: 'delivered' });
    expect(there.requests[1]!.headers.authorization).toBe('Bearer S3cr3tTwo');
  });

  it('asks for another token when its secret was rotated', async () => {
    const [there, tokens] = [await server(), await server()];
    tokens.answerAlways(token('S3cr3tOne'));
    const at = join(folder(), 'secret');
    const integration = webhook(there.url, oauth2(tokens.url, `client_secret_file: '${at}'`));
    for (const secret of ['one', 'one', 'two']) {
      writeFileSync(at, secret);
      await notify(integration);
    }

    expect(tokens.requests.map(({ headers }) => headers.authorization)).toEqual(
      ['tocsin:one', 'tocsin:two'].map((pair) => `Basic ${btoa(pair)}`),
    );
  });

  it('signs who it is', async () => {
    const [there, tokens] = [await server(), await server()];
    tokens.answer(token('S3cr3tOne'));
    const more = `grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', client_certificate_key_file: '${TLS}/rsa.key', client_certificate_key_id: k1, audience: them, claims: { team: db }`;

    expect(await notify(webhook(there.url, oauth2(tokens.url, more), { now: () => NOW }))).toMatchObject({
      kind: 'delivered',
    });

    const { assertion, ...rest } = form(tokens.requests[0]!);
    expect(rest).toMatchObject({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', scope: 'a b' });
    const [header, claims, signature] = assertion!.split('.');
    const parsed = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString());
    expect(parsed(header!)).toEqual({ alg: 'RS256', typ: 'JWT', kid: 'k1' });
    expect(parsed(claims!)).toMatchObject({
      ...{
        iss: 'tocsin',
        sub: 'tocsin',
        aud: 'them',
        team: 'db',
        iat: NOW / 1000,
        exp: NOW / 1000 + 600,
        scope: 'a b',
      },
    });
    const verify = createVerify('RSA-SHA256').update(`${header}.${claims}`);
    expect(verify.verify(pem('rsa.pub'), signature!, 'base64url')).toBe(true);
  });

  it.each([{ status: 500 }, { status: 403 }, { status: 200, body: {} }, 'drop', 'hang'] as const)(
    'tries again after %j of the token server, without telling',
    async (answer) => {
      const [there, tokens] = [await server(), await server()];
      tokens.answerAlways(answer);

      const delivery = await notify(
        webhook(there.url, oauth2(tokens.url)),
        message(),
        AbortSignal.timeout(1_000),
      );

      expect(delivery).toMatchObject({ kind: 'retry' });
      expect(JSON.stringify(delivery)).not.toContain('S3cr3t');
      expect(there.requests).toEqual([]);
    },
  );
});

describe('TLS', () => {
  it.each([
    ['an authority of its own', TRUSTED, 'delivered'],
    ['the same within the configuration', `ca: ${JSON.stringify(pem('ca.pem'))}`, 'delivered'],
    ['no authority', '', 'retry'],
    ['no check', 'insecure_skip_verify: true', 'delivered'],
    ['another name', `${TRUSTED}, server_name: server.example.test`, 'delivered'],
    ['a name that the certificate has not', `${TRUSTED}, server_name: other.example.test`, 'retry'],
    ['a version that the server has not', `${TRUSTED}, min_version: TLS13`, 'retry'],
  ])('%s', async (_what, tls, kind) => {
    const there = await server({ ...CERTIFICATE, maxVersion: 'TLSv1.2' });

    expect(await notify(webhook(there.url, `tls_config: { ${tls} }`))).toMatchObject({ kind });
  });

  it('trusts whom the file of authorities holds now', async () => {
    const there = await server(CERTIFICATE);
    const at = join(folder(), 'ca');
    writeFileSync(at, pem('ca.pem'));
    const integration = webhook(there.url, `tls_config: { ca_file: '${at}' }`);

    expect(await notify(integration)).toMatchObject({ kind: 'delivered' });
    writeFileSync(at, pem('client.pem'));
    expect(await notify(integration)).toMatchObject({ kind: 'retry' });
    writeFileSync(at, pem('ca.pem'));
    expect(await notify(integration)).toMatchObject({ kind: 'delivered' });
  });

  it('shows its certificate, and a new one when the file has one', async () => {
    const there = await server({ ...CERTIFICATE, clientsOf: pem('ca.pem') });
    const at = folder();
    const integration = webhook(
      there.url,
      `tls_config: { ${TRUSTED}, cert_file: '${at}/cert', key_file: '${at}/key' }`,
    );
    const write = (name: string): void => {
      writeFileSync(join(at, 'cert'), pem(`${name}.pem`));
      writeFileSync(join(at, 'key'), pem(`${name}.key`));
    };

    expect(await notify(integration)).toMatchObject({
      kind: 'retry',
      error: expect.stringContaining('cannot read') as string,
    });
    write('client');
    expect(await notify(integration)).toMatchObject({ kind: 'delivered' });
    expect(await notify(webhook(there.url, `tls_config: { ${TRUSTED} }`))).toMatchObject({ kind: 'retry' });
    write('server');
    expect(await notify(integration)).toMatchObject({ kind: 'delivered' });
  });

  describe.each([
    ['2.0', true],
    ['1.1', false],
  ])('HTTP/%s', (version, isHttp2) => {
    const http = `enable_http2: ${isHttp2}, tls_config: { ${TRUSTED} }`;

    it('is spoken', async () => {
      const there = await server(CERTIFICATE);
      const integration = webhook(there.url, http);

      await notify(integration);
      await notify(integration);

      expect(there.requests.map((request) => request.version)).toEqual([version, version]);
      expect(there.requests[1]!.json).toMatchObject({ status: 'firing' });
    });

    it('ends when it is told to, and goes on afterwards', async () => {
      const there = await server(CERTIFICATE);
      const integration = webhook(there.url, http);
      there.answer('hang', 'drop', { status: 503, headers: { 'retry-after': '3' } });

      expect(await notify(integration, message(), AbortSignal.timeout(300))).toMatchObject({
        kind: 'retry',
        error: 'no answer in time',
      });
      expect(await notify(integration)).toMatchObject({ kind: 'retry' });
      expect(await notify(integration)).toMatchObject({ kind: 'retry', retryAfterMs: 3_000 });
      expect(await notify(integration)).toMatchObject({ kind: 'delivered' });
    });
  });
});

describe('proxies', () => {
  it('make requests, and join those that are encrypted', async () => {
    const [plain, secure, through] = [await server(), await server(CERTIFICATE), await proxy('me:S3cr3t')];
    const http = `proxy_url: 'http://me:S3cr3t@${through.host}', proxy_connect_header: { X-Why: [alerts] }, tls_config: { ${TRUSTED} }`;

    for (const { url } of [plain, secure])
      expect(await notify(webhook(url, http))).toMatchObject({ kind: 'delivered' });

    expect(through.seen.map(({ what }) => what)).toEqual([
      `POST ${plain.url}/hook`,
      `CONNECT ${secure.url.slice('https://'.length)}`,
    ]);
    expect(through.seen[1]!.headers['x-why']).toBe('alerts');
    expect(secure.requests).toHaveLength(1);
  });

  it('that refuse are tried again, and no password is told', async () => {
    const [there, through] = [await server(CERTIFICATE), await proxy('me:other')];

    const delivery = await notify(
      webhook(there.url, `proxy_url: 'http://me:S3cr3t@${through.host}', tls_config: { ${TRUSTED} }`),
    );

    expect(delivery).toMatchObject({ kind: 'retry' });
    expect(JSON.stringify(delivery)).not.toContain('S3cr3t');
  });

  const ELSEWHERE = 'http://hooks.example.test:8080';
  it.each([
    ['proxy_url', (url: string) => `proxy_url: '${url}'`, {}, ELSEWHERE, true],
    [
      'no_proxy: the domain',
      (url: string) => `proxy_url: '${url}', no_proxy: 'a.b, example.test'`,
      {},
      ELSEWHERE,
      false,
    ],
    [
      'no_proxy: subdomains',
      (url: string) => `proxy_url: '${url}', no_proxy: '.example.test'`,
      {},
      ELSEWHERE,
      false,
    ],
    [
      'no_proxy: another port',
      (url: string) => `proxy_url: '${url}', no_proxy: 'example.test:81'`,
      {},
      ELSEWHERE,
      true,
    ],
    [
      'no_proxy: another domain',
      (url: string) => `proxy_url: '${url}', no_proxy: 'ample.test'`,
      {},
      ELSEWHERE,
      true,
    ],
    ['no_proxy: all', (url: string) => `proxy_url: '${url}', no_proxy: '*'`, {}, ELSEWHERE, false],
    [
      'no_proxy: a network',
      (url: string) => `proxy_url: '${url}', no_proxy: '192.0.2.0/24'`,
      {},
      'http://192.0.2.7',
      false,
    ],
    [
      'no_proxy: another network',
      (url: string) => `proxy_url: '${url}', no_proxy: '192.0.2.0/30'`,
      {},
      'http://192.0.2.7',
      true,
    ],
    ['the environment', () => 'proxy_from_environment: true', { HTTP_PROXY: 'URL' }, ELSEWHERE, true],
    [
      'the environment in small letters',
      () => 'proxy_from_environment: true',
      { http_proxy: 'URL' },
      ELSEWHERE,
      true,
    ],
    [
      'another scheme of the environment',
      () => 'proxy_from_environment: true',
      { HTTPS_PROXY: 'URL' },
      ELSEWHERE,
      false,
    ],
    [
      'NO_PROXY',
      () => 'proxy_from_environment: true',
      { HTTP_PROXY: 'URL', NO_PROXY: 'hooks.example.test' },
      ELSEWHERE,
      false,
    ],
    ['the environment, not asked', () => '', { HTTP_PROXY: 'URL' }, ELSEWHERE, false],
  ])('%s', async (_what, http, variables, url, isThrough) => {
    const through = await proxy();
    const environment = Object.fromEntries(
      Object.entries(variables).map(([name, value]) => [name, value === 'URL' ? through.url : value]),
    );

    // Neither address is anywhere: who asks for it shows in what the proxy has seen.
    await notify(webhook(url, http(through.url), { environment }), message(), AbortSignal.timeout(300));

    expect(through.seen.length > 0).toBe(isThrough);
  });

  it('are left out for this machine where there are exceptions', async () => {
    const [there, through] = [await server(), await proxy()];

    await notify(webhook(there.url, `proxy_url: '${through.url}', no_proxy: example.test`));

    expect(through.seen).toEqual([]);
    expect(there.requests).toHaveLength(1);
  });
});

describe('redirects', () => {
  it('are not followed where they are not to be', async () => {
    const [there, other] = [await server(), await server()];
    there.answerAlways({ status: 307, headers: { location: `${other.url}/x` } });

    expect(await notify(webhook(there.url, 'follow_redirects: false'))).toMatchObject({
      ...{ kind: 'refused', error: expect.stringContaining('redirects are not followed') as string },
    });
    expect(other.requests).toEqual([]);
  });

  it.each([301, 302, 307, 308])('%i keeps what is told', async (status) => {
    const there = await server();
    there.answer({ status, headers: { location: '/moved' } });

    expect(await notify(webhook(there.url, 'bearer_token: S3cr3t'))).toMatchObject({ kind: 'delivered' });
    expect(there.requests[1]).toMatchObject({ method: 'POST', path: '/moved', json: { status: 'firing' } });
    expect(there.requests[1]!.headers.authorization).toBe('Bearer S3cr3t');
  });

  it('303 shows where to look for what came of it', async () => {
    const there = await server();
    there.answer({ status: 303, headers: { location: '/done' } });

    expect(await notify(webhook(there.url, ''))).toMatchObject({ kind: 'delivered' });
    expect(there.requests[1]).toMatchObject({ method: 'GET', path: '/done', body: '' });
  });

  it('that go round in a circle end', async () => {
    const there = await server();
    there.answerAlways({ status: 307, headers: { location: '/hook' } });

    expect(await notify(webhook(there.url, ''))).toMatchObject({
      kind: 'refused',
      error: expect.stringContaining('more than 10 redirects') as string,
    });
  });

  it('from https to http are refused', async () => {
    const [there, other] = [await server(CERTIFICATE), await server()];
    there.answerAlways({ status: 307, headers: { location: other.url } });

    expect(await notify(webhook(there.url, `tls_config: { ${TRUSTED} }`))).toMatchObject({ kind: 'refused' });
    expect(other.requests).toEqual([]);
  });
});

it('has a time limit of its own', async () => {
  const there = await server();
  there.answerAlways('hang');
  const [integration] = integrationsOf(`webhook_configs: [{ url: '${there.url}', timeout: 200ms }]`);

  expect(await notify(integration!)).toMatchObject({
    kind: 'retry',
    error: 'no answer in time (timeout: 0.2s)',
  });
});
