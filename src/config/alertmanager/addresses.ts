/** Addresses as Go's net and net/url take them. Each reader throws a RangeError that says what is wrong. */
import { isIPv6 } from 'node:net';

/** An absolute http or https URL, as it was written. */
export function webUrl(text: string): string {
  const { scheme, host } = goUrl(text);
  if (scheme !== 'http' && scheme !== 'https') {
    throw new RangeError(scheme === '' ? 'has no scheme' : `has the scheme ${scheme}`);
  }
  if (host === '') throw new RangeError('has no host');
  return text;
}

/** Any text that Go takes for a URL, also a relative one. */
export function anyUrl(text: string): string {
  goUrl(text);
  return text;
}

interface GoUrl {
  /** In lower case; empty where there is none. */
  readonly scheme: string;
  readonly host: string;
}

const CONTROL = /[\0-\x1f\x7f]/; // eslint-disable-line no-control-regex -- they are what is looked for

function goUrl(whole: string): GoUrl {
  const [, text, fragment = ''] = /^([^#]*)(?:#([^]*))?$/.exec(whole)!;
  if (CONTROL.test(text!)) throw new RangeError('has a control character');
  if (text === '*') return { scheme: '', host: '' };
  if (text!.startsWith(':')) throw new RangeError('has no scheme before its colon');
  const [, written = '', rest = ''] = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?([^]*)$/.exec(text!)!;
  const scheme = written.toLowerCase();
  const path = rest.replace(/\?[^]*$/, '');
  if (!path.startsWith('/')) {
    if (scheme === '' && path.split('/')[0]!.includes(':'))
      throw new RangeError('has a colon before its first /');
    if (scheme === '') checkEscapes(path);
    checkEscapes(fragment);
    return { scheme, host: '' };
  }
  const hasAuthority = path.startsWith('//') && (scheme !== '' || !path.startsWith('///'));
  const authority = hasAuthority ? /^\/\/([^/]*)/.exec(path)![1]! : '';
  const host = hasAuthority ? hostOf(scheme, authority) : '';
  checkEscapes(path.slice(hasAuthority ? authority.length + 2 : 0));
  checkEscapes(fragment);
  return { scheme, host };
}

function hostOf(scheme: string, authority: string): string {
  const at = authority.lastIndexOf('@');
  const host = authority.slice(at + 1);
  checkHost(scheme, host);
  if (at < 0) return host;
  const user = authority.slice(0, at);
  if (!/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(user)) {
    throw new RangeError('has a user or password with characters that have to be percent-encoded');
  }
  checkEscapes(user);
  return host;
}

function checkHost(scheme: string, host: string): void {
  if (host.startsWith('[')) return checkBrackets(host);
  if (host.includes('[')) throw new RangeError('has a [ within its host');
  const first = host.indexOf(':');
  const isStrict = scheme === 'http' || scheme === 'https';
  if (first >= 0) checkPort(host.slice(isStrict ? first : host.lastIndexOf(':')));
  checkHostText(host);
}

function checkBrackets(host: string): void {
  const end = host.lastIndexOf(']');
  if (end < 0) throw new RangeError('has no ] in its host');
  if (host.lastIndexOf('[') > 0) throw new RangeError('has a [ within its host');
  checkPort(host.slice(end + 1));
  const [address, zone] = splitOnce(host.slice(1, end), '%25');
  checkHostText(address);
  if (!isIPv6(address) || zone === '') throw new RangeError(`has ${address}, which is no IPv6 address`);
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}

function checkPort(text: string): void {
  if (!/^(?::\d*)?$/.test(text)) throw new RangeError(`has the port ${JSON.stringify(text)}`);
}

/** In a host only other than ASCII characters may be percent-encoded. */
function checkHostText(host: string): void {
  checkEscapes(host);
  if (/%(?!25)[0-7]/.test(host)) throw new RangeError('has a percent-encoded ASCII character in its host');
  const strange = /[^A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"%\u0080-\u{10ffff}]/u.exec(host);
  if (strange !== null) throw new RangeError(`has the character ${JSON.stringify(strange[0])} in its host`);
}

function checkEscapes(text: string): void {
  const wrong = /%(?![0-9a-fA-F]{2}).{0,2}/s.exec(text);
  if (wrong !== null) throw new RangeError(`has ${JSON.stringify(wrong[0])}, which encodes nothing`);
}

/** `host:port`; either may be in brackets or a name, the port may be a name. Null for an empty text. */
export interface HostPort {
  readonly host: string;
  readonly port: string;
}

export function hostPort(text: string): HostPort | null {
  if (text === '') return null;
  const colon = text.lastIndexOf(':');
  if (colon < 0) throw new RangeError('has no port');
  const port = text.slice(colon + 1);
  const host = hostBefore(text, colon);
  if (/[[\]]/.test(host) || /[[\]]/.test(port)) throw new RangeError('has a bracket where none can be');
  if (port === '') throw new RangeError('has an empty port');
  return { host, port };
}

function hostBefore(text: string, colon: number): string {
  if (!text.startsWith('[')) {
    if (text.indexOf(':') !== colon)
      throw new RangeError('has more than one colon: put an IPv6 address in brackets');
    return text.slice(0, colon);
  }
  const end = text.indexOf(']');
  if (end < 0) throw new RangeError('has no ] in its host');
  if (end + 1 !== colon)
    throw new RangeError(end + 1 === text.length ? 'has no port' : 'has more than one colon');
  return text.slice(1, end);
}
