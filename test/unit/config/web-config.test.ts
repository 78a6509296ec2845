/** The file of --web.config.file: what it means, what is wrong with it, and that a change of it is noticed. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadWebConfig, watchWebConfig } from '../../../src/config/web-config';

const HASH = '$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi';
const FIXTURES = join(__dirname, '../../fixtures/tls');
const pem = (name: string): string => readFileSync(join(FIXTURES, name), 'utf8');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'web-config-'));
  for (const name of ['ca.pem', 'server.pem', 'server.key', 'renewed.pem', 'renewed.key'])
    copyFileSync(join(FIXTURES, name), join(folder, name));
});
afterEach(() => rmSync(folder, { recursive: true }));

const file = (text: string): string => {
  const name = join(folder, 'web.yml');
  writeFileSync(name, text);
  return name;
};
const load = (text: string) => loadWebConfig(file(text));

test('an empty file asks for nothing', () => {
  const nothing = { tls: null, http2: true, headers: {}, users: {}, rateLimit: null };
  expect(load('')).toEqual(nothing);
  expect(load('tls_server_config:\nhttp_server_config:\nbasic_auth_users:\nrate_limit:\n')).toEqual(nothing);
  expect(load('tls_server_config: {min_version: TLS13}')).toEqual(nothing);
});

test('everything that it may say, with paths from its folder', () => {
  const text = `
tls_server_config:
  cert_file: server.pem
  key_file: server.key
  client_ca_file: ca.pem
  client_auth_type: RequireAndVerifyClientCert
  client_allowed_sans: [prometheus.internal]
  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]
  curve_preferences: [X25519, CurveP256]
  min_version: TLS11
  max_version: TLS12
  prefer_server_cipher_suites: false
http_server_config:
  http2: false
  headers:
    X-Frame-Options: deny
    Strict-Transport-Security: max-age=1
rate_limit:
  burst: 5
  interval: 1s
basic_auth_users:
  ann: ${HASH}
`;
  expect(load(text)).toEqual({
    tls: {
      cert: pem('server.pem'),
      key: pem('server.key'),
      clientCa: pem('ca.pem'),
      clientAuth: 'require_and_verify',
      clientSans: ['prometheus.internal'],
      minVersion: 'TLSv1.1',
      maxVersion: 'TLSv1.2',
      ciphers:
        'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:ECDHE-RSA-AES128-GCM-SHA256',
      curves: 'X25519:prime256v1',
    },
    http2: false,
    headers: { 'X-Frame-Options': 'deny', 'Strict-Transport-Security': 'max-age=1' },
    users: { ann: HASH },
    rateLimit: { burst: 5, everyMs: 1_000 },
  });
});

const TLS = 'tls_server_config: ';
test.each([
  ['tls_config: {}', 'tls_config'],
  [`${TLS}{cert_file: server.pem, key_fil: x}`, 'tls_server_config.key_fil'],
  [`${TLS}{cert_file: server.pem}`, 'tls_server_config.key_file: is missing'],
  [`${TLS}{key_file: server.key}`, 'tls_server_config.cert_file: is missing'],
  [`${TLS}{cert_file: nowhere.pem, key_file: server.key}`, 'nowhere.pem'],
  [`${TLS}{cert_file: server.pem, key_file: renewed.key}`, 'tls_server_config: cannot be used'],
  [`${TLS}{cert_file: server.pem, key_file: server.key, client_ca_file: ca.pem}`, 'client_auth_type'],
  [`${TLS}{cert_file: server.pem, key_file: server.key, min_version: SSL3}`, 'min_version'],
  [`${TLS}{cert_file: server.pem, key_file: server.key, cipher_suites: [RC4]}`, 'cipher_suites'],
  ['http_server_config: {headers: {X-Mine: 1}}', 'X-Mine'],
  ['http_server_config: {headers: {X-Frame-Options: allow}}', 'X-Frame-Options'],
  ['basic_auth_users: {ann: secret}', 'basic_auth_users.ann'],
])('%s is refused with its place', (text, message) => {
  expect(() => load(text)).toThrow(message);
});

test('no secret is shown', () => {
  expect(() => load('basic_auth_users: {ann: letmein}')).toThrow(/^((?!letmein)[^])*$/);
});

test('a change of it or of its certificates is noticed within a second, one for the worse changes nothing', () => {
  let now = 0;
  const errors: unknown[] = [];
  const name = file(`${TLS}{cert_file: server.pem, key_file: server.key}`);
  const web = watchWebConfig(name, { now: () => now, onError: (error) => errors.push(error) });
  const first = web();
  for (const part of ['pem', 'key'])
    copyFileSync(join(folder, `renewed.${part}`), join(folder, `server.${part}`));
  now = 999;
  expect(web()).toBe(first);
  now = 1_000;
  expect(web().tls!.cert).toBe(pem('renewed.pem'));
  const second = web();
  file('tls_server_config: [');
  for (now = 2_000; now <= 4_000; now += 1_000) expect(web()).toBe(second);
  expect(errors).toHaveLength(1);
  file(`basic_auth_users: {ann: ${HASH}}`);
  now = 6_000;
  expect(web()).toMatchObject({ tls: null, users: { ann: HASH } });
});
