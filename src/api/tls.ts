/** TLS as the web configuration asks for it; certificates that have been renewed are used from the next connection on. */
import type { Server, TLSSocket, TlsOptions } from 'node:tls';
import type { WebTls } from './port';

export function tlsOptions(tls: WebTls): TlsOptions {
  return {
    cert: tls.cert,
    key: tls.key,
    ...(tls.clientCa !== null && { ca: tls.clientCa }),
    requestCert: tls.clientAuth !== 'none',
    rejectUnauthorized: tls.clientAuth === 'require_and_verify',
    minVersion: tls.minVersion,
    maxVersion: tls.maxVersion,
    ...(tls.ciphers !== null && { ciphers: tls.ciphers }),
    ...(tls.curves !== null && { ecdhCurve: tls.curves }),
  };
}

/** Whether there is TLS at all is decided when the server starts. */
export function keepTls(server: Server, current: () => WebTls | null, first: WebTls): void {
  let used = first;
  server.prependListener('connection', () => {
    const now = current();
    if (now === null || now === used) return;
    used = now;
    server.setSecureContext(tlsOptions(now));
  });
  server.on('secureConnection', (socket: TLSSocket) => {
    if (!isWelcome(socket, used)) socket.destroy();
  });
}

/** What the handshake does not decide: whether a certificate may be missing or unverified, and which names it has to have. */
function isWelcome(socket: TLSSocket, { clientAuth, clientSans }: WebTls): boolean {
  if (clientAuth === 'none') return true;
  const certificate = socket.getPeerCertificate();
  const isGiven = Object.keys(certificate).length > 0;
  const names = (certificate.subjectaltname ?? '')
    .split(', ')
    .map((name) => name.slice(name.indexOf(':') + 1));
  if (isGiven && clientSans.length > 0 && !names.some((name) => clientSans.includes(name))) return false;
  switch (clientAuth) {
    case 'request':
      return true;
    case 'require_any':
      return isGiven;
    case 'verify_if_given':
      return socket.authorized || !isGiven;
    case 'require_and_verify':
      return socket.authorized;
  }
}
