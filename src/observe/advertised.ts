/** Where other machines find a server: not every address that it listens on leads to it from there. */
import { hostname } from 'node:os';

export interface Listening {
  readonly host: string;
  /** `host` or `host:port`, as somebody who knows the network has said it. */
  readonly advertise: string | null;
}

const EVERYWHERE: ReadonlySet<string> = new Set(['0.0.0.0', '::', '[::]', '']);

/** `host:port`. One that listens on all addresses is found by the machine's name. */
export function advertisedAddress({ host, advertise }: Listening, port: number): string {
  if (advertise !== null) return /:\d+$/.test(advertise) ? advertise : `${advertise}:${port}`;
  return addressOf(EVERYWHERE.has(host) ? hostname() : host, port);
}

/** `host:port`, an address of IPv6 in brackets. */
export const addressOf = (host: string, port: number): string =>
  `${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`;
