/** Through which proxy an address is reached, as Go's programs decide it. */
import { BlockList, isIP } from 'node:net';
import type { HttpConfig } from '../../../config/alertmanager/http-config';

export type Environment = Readonly<Record<string, string | undefined>>;

type ProxyOptions = Pick<HttpConfig, 'proxy_url' | 'no_proxy' | 'proxy_from_environment'>;

/** The proxy's address; null for none. */
export function proxyFor(url: URL, options: ProxyOptions, environment: Environment): string | null {
  if (options.proxy_from_environment) return fromEnvironment(url, environment);
  const proxy = options.proxy_url ?? '';
  if (proxy === '') return null;
  if (options.no_proxy !== '' && isReachedDirectly(url, options.no_proxy)) return null;
  return withScheme(proxy);
}

function fromEnvironment(url: URL, environment: Environment): string | null {
  const value = (name: string): string => environment[name] ?? environment[name.toLowerCase()] ?? '';
  const proxy = value(url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY');
  return proxy === '' || isReachedDirectly(url, value('NO_PROXY')) ? null : withScheme(proxy);
}

const withScheme = (proxy: string): string => (/^[a-z0-9+.-]+:\/\//i.test(proxy) ? proxy : `http://${proxy}`);

/** `exceptions`: hosts, domains with their subdomains, addresses and networks, each with a port or without. */
function isReachedDirectly(url: URL, exceptions: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  if (host === 'localhost' || (isIP(host) !== 0 && LOOPBACK.check(host, familyOf(host)))) return true;
  return exceptions
    .split(',')
    .map((each) => each.trim().toLowerCase())
    .some((each) => each !== '' && fits(each, host, port));
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

function fits(exception: string, host: string, port: string): boolean {
  if (exception === '*') return true;
  const [, network, bits] = /^([0-9a-f.:]+)\/(\d+)$/.exec(exception) ?? [];
  if (network !== undefined && isIP(network) !== 0) return isWithin(host, network, Number(bits));
  const [name, ownPort] = splitPort(exception);
  if (ownPort !== '' && ownPort !== port) return false;
  if (isIP(name) !== 0 || isIP(host) !== 0) return name === host;
  const domain = name.replace(/^\*?\./, '.');
  return domain.startsWith('.') ? host.endsWith(domain) : host === domain || host.endsWith(`.${domain}`);
}

function isWithin(host: string, network: string, bits: number): boolean {
  if (isIP(host) !== isIP(network) || bits > (isIP(network) === 6 ? 128 : 32)) return false;
  const list = new BlockList();
  list.addSubnet(network, bits, familyOf(network));
  return list.check(host, familyOf(host));
}

function splitPort(text: string): readonly [name: string, port: string] {
  const [, bracketed, plain, port = ''] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(text) ?? [];
  return [bracketed ?? plain ?? text, port];
}
