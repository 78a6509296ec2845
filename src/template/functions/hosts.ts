/** `stripPort` and `stripDomain`: hosts with ports, as Go's net and net/netip read them. */
import { define, type FunctionTable } from '../value/functions';

interface HostPort {
  readonly host: string;
  readonly port: string;
}

export const HOSTS: FunctionTable = {
  stripPort: define(['string'], (address) => splitHostPort(address)?.host ?? address),
  stripDomain: define(['string'], stripDomain),
};

function stripDomain(address: string): string {
  const { host, port } = splitHostPort(address) ?? { host: address, port: '' };
  if (isIpAddress(host)) return address;
  const name = host.split('.')[0]!;
  if (port === '') return name;
  return name.includes(':') ? `[${name}]:${port}` : `${name}:${port}`;
}

/** Null where there is no port, or the colons are of an address without brackets. */
function splitHostPort(address: string): HostPort | null {
  const match = /^(?:\[([^[\]]*)\]|([^[\]:]*)):([^[\]:]*)$/s.exec(address);
  return match ? { host: match[1] ?? match[2]!, port: match[3]! } : null;
}

function isIpAddress(text: string): boolean {
  const first = /[.:%]/.exec(text)?.[0];
  return first === '.' ? isIpv4(text) : first === ':' && isIpv6(text);
}

function isIpv4(text: string): boolean {
  const fields = text.split('.');
  return (
    fields.length === 4 && fields.every((field) => /^(0|[1-9]\d{0,2})$/.test(field) && Number(field) <= 255)
  );
}

/** Up to eight groups, `::` once for those left out, an IPv4 address for the last two, and a zone after `%`. */
function isIpv6(text: string): boolean {
  const [, address, zone] = /^([^%]*)(%.*)?$/s.exec(text)!;
  if (zone === '%') return false;
  const halves = address!.split('::');
  if (halves.length > 2) return false;
  const counts = halves.map((half, index) => groupCount(half, index === halves.length - 1));
  if (counts.some((count) => count === null)) return false;
  const total = counts.reduce<number>((sum, count) => sum + count!, 0);
  return halves.length === 2 ? total < 8 : total === 8;
}

/** How many groups of 16 bits, or null. */
function groupCount(text: string, mayEndInIpv4: boolean): number | null {
  if (text === '') return 0;
  const groups = text.split(':');
  const last = groups.at(-1)!;
  const isV4 = mayEndInIpv4 && last.includes('.');
  const plain = isV4 ? groups.slice(0, -1) : groups;
  if ((isV4 && !isIpv4(last)) || !plain.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return null;
  return plain.length + (isV4 ? 2 : 0);
}
