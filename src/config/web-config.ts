/**
 * Reads the file of `--web.config.file`, in the form that all of Prometheus' programs share: TLS, users with bcrypt hashes,
 * headers. It is read again when it or a file that it names has changed; one that has gone wrong changes nothing.
 */
import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { createSecureContext } from 'node:tls';
import { z } from 'zod';
import type { ClientAuth, TlsVersion, WebConfig, WebTls } from '../api/port';
import { messageOf } from '../domain/errors';
import { count, duration, flag, text, textLike } from './fields';
import { frozen } from './frozen';
import { parseAll } from './parse-all';
import { ConfigInvalid, type Finding } from './problems';
import { readSource } from './source';

const VERSIONS: Readonly<Record<string, TlsVersion>> = {
  TLS10: 'TLSv1',
  TLS11: 'TLSv1.1',
  TLS12: 'TLSv1.2',
  TLS13: 'TLSv1.3',
};
const CLIENT_AUTH: Readonly<Record<string, ClientAuth>> = {
  '': 'none',
  NoClientCert: 'none',
  RequestClientCert: 'request',
  RequireAnyClientCert: 'require_any',
  RequireClientCert: 'require_any',
  VerifyClientCertIfGiven: 'verify_if_given',
  RequireAndVerifyClientCert: 'require_and_verify',
};
const CURVES: Readonly<Record<string, string>> = {
  CurveP256: 'prime256v1',
  CurveP384: 'secp384r1',
  CurveP521: 'secp521r1',
  X25519: 'X25519',
};
/** Those of TLS 1.3 cannot be chosen in Prometheus' programs: they are always there. */
const TLS13_CIPHERS = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];
const CIPHERS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(TLS13_CIPHERS.map((name) => [name, name])),
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: 'ECDHE-ECDSA-AES128-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: 'ECDHE-ECDSA-AES256-SHA',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: 'ECDHE-RSA-AES128-SHA',
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: 'ECDHE-RSA-AES256-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 'ECDHE-RSA-AES128-GCM-SHA256',
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 'ECDHE-RSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-RSA-CHACHA20-POLY1305',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-ECDSA-CHACHA20-POLY1305',
};

const named = <T>(names: Readonly<Record<string, T>>) =>
  z.enum(Object.keys(names) as [string, ...string[]]).transform((name) => names[name]!);
const pem = () => textLike(/[^]*/, 'a PEM text', { secret: true }).default('');
const path = () => z.string().nullish();
const BCRYPT = /^\$2[aby]\$(?:0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}$/;

const tlsSchema = z.strictObject({
  cert: pem(),
  key: pem(),
  client_ca: pem(),
  cert_file: path(),
  key_file: path(),
  client_ca_file: path(),
  client_auth_type: named(CLIENT_AUTH).default('none'),
  client_allowed_sans: z.array(text()).nullish(),
  cipher_suites: z.array(named(CIPHERS)).nullish(),
  curve_preferences: z.array(named(CURVES)).nullish(),
  min_version: named(VERSIONS).default('TLSv1.2'),
  max_version: named(VERSIONS).default('TLSv1.3'),
  // Go takes no notice of it any more, and takes it.
  prefer_server_cipher_suites: flag().default(true),
});

const httpSchema = z.strictObject({
  http2: flag().default(true),
  headers: z
    .strictObject({
      'Strict-Transport-Security': text().optional(),
      'X-Content-Type-Options': z.enum(['nosniff']).optional(),
      'X-Frame-Options': z.enum(['deny', 'sameorigin']).optional(),
      'X-XSS-Protection': text().optional(),
      'Content-Security-Policy': text().optional(),
    })
    .nullish(),
});

const schema = z.strictObject({
  tls_server_config: tlsSchema.nullish(),
  http_server_config: httpSchema.nullish(),
  rate_limit: z.strictObject({ burst: count(0).default(0), interval: duration().default(0) }).nullish(),
  basic_auth_users: z
    .record(
      z.string(),
      textLike(BCRYPT, 'a bcrypt hash, as `htpasswd -nBC 10 NAME` makes it', { secret: true }),
    )
    .nullish(),
});

type RawTls = z.output<typeof tlsSchema>;

interface ReadWebConfig {
  readonly config: WebConfig;
  /** What it was read from. */
  readonly files: readonly string[];
}

/** Throws `ConfigInvalid` with every problem. */
export const loadWebConfig = (file: string): WebConfig => readWebConfig(file).config;

function readWebConfig(file: string): ReadWebConfig {
  const source = readSource(readFileSync(file, 'utf8'), file, null);
  const { value, problems, place } = parseAll(schema, source);
  const all = [...source.problems, ...problems];
  if (value === null || all.length > 0) throw new ConfigInvalid(all, file);
  const findings: Finding[] = [];
  const files = [file];
  const tls = value.tls_server_config ?? null;
  const read = tls === null || isNothing(tls) ? null : tlsInEffect(tls, dirname(file), files, findings);
  if (findings.length > 0) throw new ConfigInvalid(place(findings), file);
  const { interval = 0, burst = 0 } = value.rate_limit ?? {};
  const config: WebConfig = {
    tls: read,
    http2: value.http_server_config?.http2 ?? true,
    headers: definedOnly(value.http_server_config?.headers ?? {}),
    users: value.basic_auth_users ?? {},
    rateLimit: interval === 0 ? null : { burst, everyMs: interval },
  };
  return { config: frozen(config), files };
}

const definedOnly = (headers: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined)) as Record<
    string,
    string
  >;

/** A section that asks for nothing leaves TLS off. */
const isNothing = (tls: RawTls): boolean =>
  [tls.cert, tls.key, tls.client_ca, tls.cert_file, tls.key_file, tls.client_ca_file].every(
    (each) => !each,
  ) && tls.client_auth_type === 'none';

function tlsInEffect(tls: RawTls, folder: string, files: string[], findings: Finding[]): WebTls | null {
  const at = (key: string): string[] => ['tls_server_config', key];
  const pemOf = (key: 'cert' | 'key' | 'client_ca'): string => {
    const written = tls[`${key}_file`];
    if (!written) return tls[key];
    const name = resolve(folder, written);
    files.push(name);
    try {
      return readFileSync(name, 'utf8');
    } catch (error) {
      findings.push({ path: at(`${key}_file`), value: JSON.stringify(name), message: messageOf(error) });
      return '';
    }
  };
  const [cert, key, clientCa] = [pemOf('cert'), pemOf('key'), pemOf('client_ca')];
  if (findings.length > 0) return null;
  for (const [name, pemText] of [
    ['cert', cert],
    ['key', key],
  ] as const) {
    if (pemText === '')
      findings.push({ path: at(`${name}_file`), message: 'is missing', accepted: `${name}_file or ${name}` });
  }
  if (clientCa !== '' && tls.client_auth_type === 'none') {
    const accepted = Object.keys(CLIENT_AUTH)
      .filter((name) => name !== '')
      .join(', ');
    findings.push({
      path: at('client_auth_type'),
      message: 'has to ask for certificates where there is a client CA',
      accepted,
    });
  }
  if (findings.length > 0) return null;
  const inEffect: WebTls = {
    cert,
    key,
    clientCa: clientCa === '' ? null : clientCa,
    clientAuth: tls.client_auth_type,
    clientSans: tls.client_allowed_sans ?? [],
    minVersion: tls.min_version,
    maxVersion: tls.max_version,
    ciphers: tls.cipher_suites?.length ? [...TLS13_CIPHERS, ...tls.cipher_suites].join(':') : null,
    curves: tls.curve_preferences?.length ? tls.curve_preferences.join(':') : null,
  };
  try {
    const { minVersion, maxVersion } = inEffect;
    createSecureContext({ cert, key, ...(clientCa !== '' && { ca: clientCa }), minVersion, maxVersion });
    return inEffect;
  } catch (error) {
    findings.push({ path: ['tls_server_config'], message: `cannot be used: ${messageOf(error)}` });
    return null;
  }
}

/** Reading files at every request would be more work than most requests. */
const LOOK_EVERY_MS = 1_000;

export interface WatchOptions {
  readonly now?: () => number;
  /** Told once of each reading that failed. */
  readonly onError?: (error: unknown) => void;
}

/** What the file says now, at most a second ago. Throws like `loadWebConfig` at once; later the last good one stays. */
export function watchWebConfig(
  file: string,
  { now = Date.now, onError = () => undefined }: WatchOptions = {},
): () => WebConfig {
  let { config, files } = readWebConfig(file);
  let seen = stampOf(files);
  let lookedAt = now();
  return () => {
    if (now() - lookedAt < LOOK_EVERY_MS) return config;
    lookedAt = now();
    const stamp = stampOf(files);
    if (stamp === seen) return config;
    seen = stamp;
    try {
      ({ config, files } = readWebConfig(file));
      seen = stampOf(files);
    } catch (error) {
      onError(error);
    }
    return config;
  };
}

function stampOf(files: readonly string[]): string {
  return files
    .map((file) => {
      const stat = statSync(file, { throwIfNoEntry: false });
      return stat === undefined ? 'gone' : `${stat.ino}:${stat.mtimeMs}:${stat.size}`;
    })
    .join(' ');
}
