/** Mail over SMTP. */
import { flag, optional, secret, text } from '../kinds';
import { mapping, record } from '../mappings';
import type { Finding, Path } from '../../problems';
import { canonicalHeader } from '../headers';
import { tlsConfig } from '../http-config';
import { smarthost } from '../text-kinds';
import { firstSet, notifierWithoutHttp } from './notifier';

const THREADED = ['References', 'In-Reply-To'];

function twiceNamed(headers: Readonly<Record<string, string>>, path: Path): Finding[] {
  const names = Object.keys(headers);
  return names
    .filter(
      (name, index) => names.findIndex((other) => canonicalHeader(other) === canonicalHeader(name)) < index,
    )
    .map((name) => ({
      path: [...path, 'headers', name],
      message: 'stands here twice: letters’ case makes no difference',
    }));
}

function threadingFits(
  { enabled, thread_by_date: by }: { readonly enabled: boolean; readonly thread_by_date: string },
  headers: Readonly<Record<string, string>>,
  path: Path,
): Finding[] {
  if (!enabled) return [];
  const findings: Finding[] = Object.keys(headers)
    .filter((name) => THREADED.includes(canonicalHeader(name)))
    .map((name) => ({
      path: [...path, 'headers', name],
      message: 'cannot stand beside threading, which sets it',
    }));
  if (by === 'none' || by === 'daily') return findings;
  const at = [...path, 'threading', 'thread_by_date'];
  return [
    ...findings,
    { path: at, value: JSON.stringify(by), message: 'is not accepted', accepted: 'none, daily' },
  ];
}

export const email = notifierWithoutHttp({
  name: 'email',
  sendResolved: false,
  fields: {
    to: text(),
    from: text(),
    hello: text(),
    smarthost: smarthost(),
    auth_username: text(),
    auth_password: secret(),
    auth_password_file: text(),
    auth_secret: secret(),
    auth_secret_file: text(),
    auth_identity: text(),
    headers: record(text()),
    html: text('{{ template "email.default.html" . }}'),
    text: text(),
    require_tls: optional(flag()),
    tls_config: optional(tlsConfig()),
    force_implicit_tls: optional(flag()),
    threading: mapping({ enabled: flag(), thread_by_date: text() }),
  },
  mends: {
    subject: 'headers: { Subject: … }',
    body: 'text: … for plain text or html: … for HTML',
    message: 'text: … for plain text or html: … for HTML',
    smtp_smarthost: 'smarthost: …',
    smtp_from: 'from: …',
  },
  check: ({ to, headers, threading }, path) => [
    ...(to === '' ? [{ path: [...path, 'to'], message: 'is missing', accepted: 'a mail address' }] : []),
    ...twiceNamed(headers, path),
    ...threadingFits(threading, headers, path),
  ],
  then: (options) => ({
    ...options,
    headers: Object.fromEntries(
      Object.entries(options.headers).map(([name, value]) => [canonicalHeader(name), value]),
    ),
  }),
  inherit: (options, from) => {
    const { global } = from;
    const isOwnPassword = options.auth_password !== null || options.auth_password_file !== '';
    const all = {
      ...options,
      tls_config: options.tls_config ?? global.smtp_tls_config,
      smarthost: options.smarthost ?? global.smtp_smarthost,
      from: firstSet(options.from, global.smtp_from),
      hello: firstSet(options.hello, global.smtp_hello),
      auth_username: firstSet(options.auth_username, global.smtp_auth_username),
      auth_password: isOwnPassword ? options.auth_password : global.smtp_auth_password,
      auth_password_file: isOwnPassword ? options.auth_password_file : global.smtp_auth_password_file,
      auth_secret: options.auth_secret ?? global.smtp_auth_secret,
      auth_secret_file: firstSet(options.auth_secret_file, global.smtp_auth_secret_file),
      auth_identity: firstSet(options.auth_identity, global.smtp_auth_identity),
      require_tls: options.require_tls ?? global.smtp_require_tls,
      force_implicit_tls: options.force_implicit_tls ?? global.smtp_force_implicit_tls,
    };
    if (all.smarthost === null) from.missing('smarthost', 'smtp_smarthost');
    if (all.from === '') from.missing('from', 'smtp_from');
    return all;
  },
});
