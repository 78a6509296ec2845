/** A proxy for HTTP: it makes requests for clients, or joins them with a server where they ask for a tunnel. */
import { createServer, request as ask, type IncomingHttpHeaders } from 'node:http';
import { connect, type AddressInfo } from 'node:net';

export interface HttpProxy {
  /** `host:port`. */
  readonly host: string;
  readonly url: string;
  /** Method and target of each request, and its headers. */
  readonly seen: readonly { readonly what: string; readonly headers: IncomingHttpHeaders }[];
  close(): Promise<void>;
}

/** `user`: who may use it, as `name:password`. */
export async function startHttpProxy(user?: string): Promise<HttpProxy> {
  const seen: { what: string; headers: IncomingHttpHeaders }[] = [];
  const sockets = new Set<{ destroy(): void }>();
  const isAllowed = (headers: IncomingHttpHeaders): boolean =>
    user === undefined || headers['proxy-authorization'] === `Basic ${btoa(user)}`;
  const server = createServer((incoming, outgoing) => {
    seen.push({ what: `${incoming.method} ${incoming.url}`, headers: incoming.headers });
    if (!isAllowed(incoming.headers)) return void outgoing.writeHead(407).end();
    const { method, headers } = incoming;
    const onward = ask(incoming.url!, { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  server.on('connect', ({ url = '', headers }, near) => {
    seen.push({ what: `CONNECT ${url}`, headers });
    if (!isAllowed(headers)) return void near.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    const [host, port] = url.split(':');
    const far = connect(Number(port), host, () => near.write('HTTP/1.1 200 OK\r\n\r\n'));
    sockets.add(far);
    for (const socket of [near, far]) socket.on('error', () => undefined);
    near.pipe(far).pipe(near);
  });
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    url: `http://${host}`,
    seen,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
