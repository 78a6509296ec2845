/** The server as the web configuration asks for it: users, headers, TLS, certificates of clients. */
import { readFileSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { request } from 'node:https';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { hashSync } from 'bcryptjs';
import { basicAuth } from '../../../src/api/basic-auth';
import { rateLimit } from '../../../src/api/guard';
import type { WebConfig, WebTls } from '../../../src/api/port';
import { createApi, type Api } from '../../../src/api/server';
import { busyMs } from '../../harness/busy-ms';
import { testApi } from './test-api';

const pem = (name: string): string => readFileSync(join(__dirname, '../../fixtures/tls', name), 'utf8');
const TLS: WebTls = {
  cert: pem('server.pem'),
  key: pem('server.key'),
  clientCa: null,
  clientAuth: 'none',
  clientSans: [],
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.3',
  ciphers: null,
  curves: null,
};
const WEB: WebConfig = { tls: null, http2: true, headers: {}, users: {}, rateLimit: null };

let api: Api | null = null;
afterEach(async () => {
  await api?.close();
  api = null;
});
async function serve(web: () => WebConfig): Promise<Api> {
  return (api = await createApi({ ...testApi().options, web }, { host: '127.0.0.1', port: 0 }));
}

const basic = (name: string, password: string): string =>
  `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;

test('with users nobody else is answered, and every answer has the headers', async () => {
  const users = { ann: hashSync('secret', 4) };
  const { address } = await serve(() => ({ ...WEB, users, headers: { 'X-Frame-Options': 'deny' } }));
  const ask = (authorization?: string) =>
    fetch(`${address}/-/healthy`, { ...(authorization && { headers: { authorization } }) });
  const refused = await ask();
  expect([refused.status, refused.headers.get('www-authenticate'), await refused.text()]).toEqual([
    ...[401, 'Basic', 'Unauthorized\n'],
  ]);
  expect(refused.headers.get('x-frame-options')).toBe('deny');
  for (const wrong of [basic('ann', 'Secret'), basic('bob', 'secret'), 'Basic ???', 'Bearer secret']) {
    expect((await ask(wrong)).status).toBe(401);
  }
  for (let i = 0; i < 2; i++) expect((await ask(basic('ann', 'secret'))).status).toBe(200);
  expect((await fetch(`${address}/nowhere`)).status).toBe(401);
});

test('users that change are heeded', async () => {
  let web: WebConfig = { ...WEB, users: { ann: hashSync('old', 4) } };
  const { address } = await serve(() => web);
  const status = async (password: string) =>
    (await fetch(`${address}/-/healthy`, { headers: { authorization: basic('ann', password) } })).status;
  expect([await status('old'), await status('new')]).toEqual([200, 401]);
  web = { ...web, users: { ann: hashSync('new', 4) } };
  expect([await status('old'), await status('new')]).toEqual([401, 200]);
});

test('a name that nobody has costs as much as a wrong password, a verdict is remembered', async () => {
  const authenticate = basicAuth({ ann: hashSync('secret', 10) });
  const cost = async (name: string, password: string): Promise<number> => {
    const begun = busyMs();
    await authenticate(basic(name, password));
    return busyMs() - begun;
  };
  await cost('ann', 'warm-up');
  const wrong = await cost('ann', 'wrong');
  const unknown = await cost('nobody', 'wrong');
  expect(unknown).toBeGreaterThan(wrong / 3);
  expect(await cost('nobody', 'wrong')).toBeLessThan(unknown / 3);
  expect(await authenticate(basic('ann', 'secret'))).toBe(true);
  expect(await authenticate(basic('nobody', 'secret'))).toBe(false);
});

test('so many requests at once, then one an interval', () => {
  const isWithin = rateLimit({ burst: 2, everyMs: 100 });
  const at = [0, 0, 0, 99, 100, 100, 1_000, 1_000, 1_000];
  expect(at.map(isWithin)).toEqual([true, true, false, false, true, false, true, true, false]);
});

interface Client {
  readonly cert?: string;
  readonly key?: string;
}

/** The status, or the fault of the connection; the certificate that the server has shown. */
function askTls(port: number, client: Client = {}): Promise<{ status: number | string; shown: string }> {
  return new Promise((resolve) => {
    let shown = '';
    const asked = request(
      { host: '127.0.0.1', port, path: '/-/healthy', ca: pem('ca.pem'), agent: false, ...client },
      (answer) => {
        answer.resume().on('end', () => resolve({ status: answer.statusCode!, shown }));
      },
    );
    asked.on('socket', (socket) =>
      socket.on('secureConnect', () => {
        shown = String((socket as TLSSocket).getPeerCertificate().subject.CN);
      }),
    );
    asked.on('error', (error: NodeJS.ErrnoException) =>
      resolve({ status: error.code ?? error.message, shown }),
    );
    asked.end();
  });
}

const CLIENT: Client = { cert: pem('client.pem'), key: pem('client.key') };

test('over TLS, with HTTP/2 or without, and with a renewed certificate from the next connection on', async () => {
  let web: WebConfig = { ...WEB, tls: TLS };
  const { address, port } = await serve(() => web);
  expect(address).toBe(`https://127.0.0.1:${port}`);
  expect(await askTls(port)).toEqual({ status: 200, shown: 'server' });
  const session = connectHttp2(address, { ca: pem('ca.pem') });
  const stream = session.request({ ':path': '/api/v2/status' });
  const status = await new Promise((resolve) =>
    stream.on('response', (headers) => resolve(headers[':status'])),
  );
  stream.resume();
  await new Promise((resolve) => stream.on('close', resolve));
  session.close();
  expect(status).toBe(200);
  web = { ...WEB, tls: { ...TLS, cert: pem('renewed.pem'), key: pem('renewed.key') } };
  expect(await askTls(port)).toEqual({ status: 200, shown: 'renewed' });
});

test.each([
  ['request', [], true, true],
  ['require_any', [], false, true],
  ['verify_if_given', [], true, true],
  ['require_and_verify', [], false, true],
  ['verify_if_given', ['prometheus.internal'], true, true],
  ['require_and_verify', ['another.internal'], false, false],
] as const)('certificates of clients: %s, %j', async (clientAuth, clientSans, without, withOne) => {
  const web = { ...WEB, tls: { ...TLS, clientCa: pem('ca.pem'), clientAuth, clientSans } };
  const { port } = await serve(() => web);
  expect((await askTls(port)).status === 200).toBe(without);
  expect((await askTls(port, CLIENT)).status === 200).toBe(withOne);
  // Signed by itself, or rather by nobody that the server knows.
  const unknown = { ...web, tls: { ...web.tls, clientCa: pem('server.pem') } };
  await api!.close();
  const other = await serve(() => unknown);
  const isTaken = (await askTls(other.port, CLIENT)).status === 200;
  expect(isTaken).toBe(clientAuth === 'request' || clientAuth === 'require_any');
});
