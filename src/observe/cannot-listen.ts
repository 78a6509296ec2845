/** Why a server of ours could not be started at its address, and where another one is chosen. */
import { messageOf, TocsinError } from '../domain/errors';
import { addressOf } from './advertised';

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process listens there',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'this name has no address',
  EACCES: 'this account may not listen there',
};

/** `choose`: by what another address is given, as `--listen` or a key of tocsin.yaml. */
export function cannotListen(
  what: string,
  { host, port }: { readonly host: string; readonly port: number },
  choose: string,
  cause: unknown,
): TocsinError {
  const reason = REASONS[(cause as NodeJS.ErrnoException | null)?.code ?? ''];
  const why = reason === undefined ? messageOf(cause) : `${reason} (${messageOf(cause)})`;
  return new TocsinError(
    'TOC_CANNOT_LISTEN',
    `${what} cannot listen on ${addressOf(host, port)}: ${why}; choose another address with ${choose}`,
    { cause },
  );
}
