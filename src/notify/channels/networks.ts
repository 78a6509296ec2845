/**
 * Which addresses may be connected to. It is asked at each connection about the address that is connected to, so a name that
 * leads elsewhere a moment later gains nothing. Denied by itself is what belongs to the machine's own link, where clouds answer
 * with the machine's credentials.
 */
import { lookup as lookUp, type LookupAddress } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

export interface NetworkPolicy {
  /** Exceptions from what is denied. Addresses and networks: `10.1.0.0/16`, `fd00::/8`. */
  readonly allow: readonly string[];
  /** Beside what is denied by itself. */
  readonly deny: readonly string[];
}

/** The last two are how clouds answer over IPv6 and outside of the link, and IPv4's link seen through NAT64. */
const LINK = [
  '0.0.0.0/8',
  '169.254.0.0/16',
  'fe80::/10',
  'fd00:ec2::254',
  '100.100.100.200',
  '64:ff9b::a9fe:0/112',
];

export class AddressDenied extends Error {}

export interface Networks {
  allows(address: string): boolean;
  /** Throws AddressDenied for a host that is an address and not allowed; names are judged by `lookup`. */
  checkHost(host: string): void;
  readonly lookup: LookupFunction;
}

export function createNetworks({ allow, deny }: NetworkPolicy, resolve: typeof lookUp = lookUp): Networks {
  const [allowed, denied] = [blockList(allow), blockList([...LINK, ...deny])];
  const allows = (address: string): boolean => {
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    return allowed.check(address, family) || !denied.check(address, family);
  };
  const refusal = (host: string, address: string): AddressDenied =>
    new AddressDenied(
      `${host === address ? host : `${host} is ${address}, which`} is not allowed by notify.networks; add it to notify.networks.allow if it is meant`,
    );
  return {
    allows,
    checkHost(host) {
      const bare = host.replace(/^\[|\]$/g, '');
      if (isIP(bare) !== 0 && !allows(bare)) throw refusal(bare, bare);
    },
    lookup(host, options, callback) {
      resolve(host, { ...options, all: true }, (error: Error | null, found: LookupAddress[]) => {
        if (error !== null) return callback(error, '');
        const good = found.filter(({ address }) => allows(address));
        const [first] = good;
        if (first === undefined) return callback(refusal(host, found[0]?.address ?? 'nowhere'), '');
        return options.all === true ? callback(null, good) : callback(null, first.address, first.family);
      });
    },
  };
}

function blockList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address, bits] = network.split('/') as [string, string | undefined];
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}
