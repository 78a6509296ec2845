/** How a client reaches its server, in the form that all of Prometheus' programs share: `http_config` and `tls_config`. */
import type { Finding } from '../problems';
import type { Secret } from '../secret';
import { all, atMostOne, type Check, isSet, type OptionValues } from './checks';
import { flag, initially, list, optional, secret, text, textual } from './kinds';
import { anything, mapping, record } from './mappings';
import type { Kind, ValueOf } from './reading';
import { canonicalHeader } from './headers';
import { proxyUrl, word } from './text-kinds';

/** A path, from the folder of the configuration's file where it is relative. */
export const pathInFolder = (): Kind<string> =>
  textual('', 'a path', (written, { inFolder }) => (written === '' ? '' : inFolder(written)));

const VERSIONS = ['TLS10', 'TLS11', 'TLS12', 'TLS13'] as const;

const CERTIFICATE = ['cert', 'cert_file', 'cert_ref'];
const KEY = ['key', 'key_file', 'key_ref'];
const some = (values: OptionValues, keys: readonly string[]): boolean =>
  keys.some((key) => isSet(values[key]));

const certificateAndKey: Check = (values, path) => {
  const [hasCertificate, hasKey] = [some(values, CERTIFICATE), some(values, KEY)];
  if (hasCertificate === hasKey) return [];
  const [there, missing] = hasKey ? ['key', 'cert or cert_file'] : ['cert', 'key or key_file'];
  return [{ path, message: `has a ${there} without ${missing}` }];
};

/** `file`: how paths are read. */
export const tlsConfig = (file: () => Kind<string> = text) =>
  mapping(
    {
      ca: text(),
      cert: text(),
      key: secret(),
      ca_file: file(),
      cert_file: file(),
      key_file: file(),
      ca_ref: text(),
      cert_ref: text(),
      key_ref: text(),
      server_name: text(),
      insecure_skip_verify: flag(),
      min_version: word(VERSIONS),
      max_version: word(VERSIONS),
    },
    {
      check: all(
        atMostOne(['ca', 'ca_file', 'ca_ref']),
        atMostOne(CERTIFICATE),
        atMostOne(KEY),
        certificateAndKey,
      ),
    },
  );

const proxy = {
  proxy_url: proxyUrl(),
  no_proxy: text(),
  proxy_from_environment: flag(),
  proxy_connect_header: record(list(secret())),
};

const checkProxy: Check = (values, path) => {
  const findings: Finding[] = [];
  const fromEnvironment = values.proxy_from_environment === true;
  const needs = (key: string, message: string): number => findings.push({ path: [...path, key], message });
  if (
    Object.keys(values.proxy_connect_header as OptionValues).length > 0 &&
    !fromEnvironment &&
    !isSet(values.proxy_url)
  ) {
    needs('proxy_connect_header', 'needs proxy_url or proxy_from_environment beside it');
  }
  if (fromEnvironment && isSet(values.proxy_url))
    needs('proxy_url', 'cannot stand beside proxy_from_environment');
  if (fromEnvironment && isSet(values.no_proxy))
    needs('no_proxy', 'cannot stand beside proxy_from_environment');
  else if (values.proxy_url === null && isSet(values.no_proxy))
    needs('no_proxy', 'needs proxy_url beside it');
  return findings;
};

const basicAuth = () =>
  mapping({
    username: text(),
    username_file: pathInFolder(),
    username_ref: text(),
    password: secret(),
    password_file: pathInFolder(),
    password_ref: text(),
  });

const authorization = () =>
  mapping({ type: text(), credentials: secret(), credentials_file: pathInFolder(), credentials_ref: text() });

const oauth2 = () =>
  mapping(
    {
      client_id: text(),
      client_secret: secret(),
      client_secret_file: pathInFolder(),
      client_secret_ref: text(),
      client_certificate_key_id: text(),
      client_certificate_key: secret(),
      client_certificate_key_file: text(),
      client_certificate_key_ref: text(),
      grant_type: text(),
      signature_algorithm: text(),
      iss: text(),
      audience: text(),
      claims: record(anything()),
      scopes: list(text()),
      token_url: text(),
      endpoint_params: record(text()),
      tls_config: tlsConfig(pathInFolder),
      ...proxy,
    },
    { check: checkProxy },
  );

const header = () => mapping({ values: list(text()), secrets: list(secret()), files: list(pathInFolder()) });

/** What the connection or the notifier sets itself. */
const RESERVED: ReadonlySet<string> = new Set([
  ...[
    'Authorization',
    'Host',
    'Content-Encoding',
    'Content-Length',
    'Content-Type',
    'User-Agent',
    'Connection',
  ],
  ...['Keep-Alive', 'Proxy-Authenticate', 'Proxy-Authorization', 'Www-Authenticate', 'Accept-Encoding'],
  ...['X-Prometheus-Remote-Write-Version', 'X-Prometheus-Remote-Read-Version'],
  ...['X-Prometheus-Scrape-Timeout-Seconds', 'X-Amz-Date', 'X-Amz-Security-Token', 'X-Amz-Content-Sha256'],
]);

const noReservedHeader: Check = ({ http_headers: headers }, path) =>
  Object.keys((headers ?? {}) as OptionValues)
    .filter((name) => RESERVED.has(canonicalHeader(name)))
    .map((name) => ({ path: [...path, 'http_headers', name], message: 'is set by the client itself' }));

const WAYS = ['basic_auth', 'authorization', 'oauth2', 'bearer_token', 'bearer_token_file'];

const oneUser: Check = ({ basic_auth: basic, authorization: bearer }, path) => [
  ...(basic === null
    ? []
    : all(
        atMostOne(['username', 'username_file', 'username_ref']),
        atMostOne(['password', 'password_file', 'password_ref']),
      )(basic as OptionValues, [...path, 'basic_auth'])),
  ...(bearer === null ? [] : checkAuthorization(bearer as OptionValues, [...path, 'authorization'])),
];

const checkAuthorization: Check = (values, path) => [
  ...atMostOne(['credentials', 'credentials_file', 'credentials_ref'])(values, path),
  ...((values.type as string).trim().toLowerCase() === 'basic'
    ? [
        {
          path: [...path, 'type'],
          value: JSON.stringify(values.type),
          message: 'has a form of its own: write basic_auth',
        },
      ]
    : []),
];

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const ALGORITHMS = ['RS256', 'RS384', 'RS512'];

const checkOauth2: Check = ({ oauth2: values }, outer) => {
  if (values === null) return [];
  const options = values as OptionValues;
  const path = [...outer, 'oauth2'];
  const missing = ['client_id', 'token_url']
    .filter((key) => !isSet(options[key]))
    .map((key) => ({ path: [...path, key], message: 'is missing' }));
  if (options.grant_type !== JWT_BEARER) {
    return [
      ...missing,
      ...atMostOne(['client_secret', 'client_secret_file', 'client_secret_ref'])(options, path),
    ];
  }
  const algorithm = options.signature_algorithm as string;
  const accepted = ALGORITHMS.join(', ');
  const keys = ['client_certificate_key', 'client_certificate_key_file', 'client_certificate_key_ref'];
  return [
    ...missing,
    ...atMostOne(keys)(options, path),
    ...(algorithm === '' || ALGORITHMS.includes(algorithm)
      ? []
      : [
          {
            ...{ path: [...path, 'signature_algorithm'], value: JSON.stringify(algorithm) },
            ...{ message: 'is not accepted', accepted },
          },
        ]),
  ];
};

const fields = {
  basic_auth: optional(basicAuth()),
  authorization: optional(authorization()),
  oauth2: optional(oauth2()),
  bearer_token: secret(),
  bearer_token_file: pathInFolder(),
  tls_config: tlsConfig(pathInFolder),
  follow_redirects: flag(true),
  enable_http2: flag(true),
  ...proxy,
  http_headers: optional(record(header())),
};

export type HttpConfig = ValueOf<ReturnType<typeof plainHttpConfig>>;
export type TlsConfig = ValueOf<ReturnType<typeof tlsConfig>>;

const plainHttpConfig = () =>
  mapping(fields, {
    check: all(atMostOne(WAYS), oneUser, checkOauth2, checkProxy, noReservedHeader),
    then: (values) => {
      const { authorization: own, bearer_token: token, bearer_token_file: file } = values;
      if (own !== null) return { ...values, authorization: { ...own, type: own.type.trim() || 'Bearer' } };
      if (token === null && file === '') return values;
      return { ...values, authorization: bearer(token, file), bearer_token: null, bearer_token_file: '' };
    },
  });

/** What `bearer_token` was before there was `authorization`. */
export const bearer = (credentials: Secret | null, file: string) => ({
  ...{ type: 'Bearer', credentials, credentials_file: file, credentials_ref: '' },
});

/** Null where it is left out: the global one holds then. */
export const httpConfig = (): Kind<HttpConfig | null> => optional(plainHttpConfig());

export const DEFAULT_HTTP_CONFIG: HttpConfig = {
  ...plainHttpConfig().zero,
  follow_redirects: true,
  enable_http2: true,
};

export const globalHttpConfig = (): Kind<HttpConfig | null> => initially(DEFAULT_HTTP_CONFIG, httpConfig());
