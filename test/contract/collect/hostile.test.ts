/** Servers that are not what they should be: up is 0 with a reason, quickly, and nothing ends the process. */
import { randomBytes } from 'node:crypto';
import net from 'node:net';
import { UP_REASONS, type TargetType } from '../../../src/collect/port';
import { never, openSession, upOf } from './harness';

const QUICK = { acquireMs: 800, statementMs: 800, poolMin: 0 };

const DATABASES: ReadonlyArray<readonly [type: TargetType, url: (port: number) => string]> = [
  ['postgresql', (port) => `postgres://u:s3cret-word@127.0.0.1:${port}/db`],
  ['mongodb', (port) => `mongodb://u:s3cret-word@127.0.0.1:${port}/`],
  ['mssql', (port) => `mssql://u:s3cret-word@127.0.0.1:${port}/db?encrypt=false`],
  ['snowflake', (port) => `snowflake://u:s3cret-word@acc/?accessUrl=http%3A%2F%2F127.0.0.1%3A${port}`],
];

const GREETINGS: ReadonlyArray<readonly [name: string, greet: (socket: net.Socket) => void]> = [
  ['hangs up at once', (socket) => socket.destroy()],
  ['hangs up when it is spoken to', (socket) => socket.once('data', () => socket.destroy())],
  ['sends noise', (socket) => socket.write(randomBytes(4_096))],
  ['answers with noise', (socket) => socket.on('data', () => socket.write(randomBytes(4_096)))],
  [
    'is a web server with an error page',
    (socket) =>
      socket.on('data', () => socket.end('HTTP/1.1 500 Oops\r\nContent-Length: 13\r\n\r\n<h1>Oops</h1>')),
  ],
];

// Loading a driver takes longer than the probes here may.
beforeAll(() => Promise.all([import('mongodb'), import('mssql'), import('snowflake-sdk')]));

const CASES = DATABASES.flatMap(([type, url]) =>
  GREETINGS.map(([name, greet]) => [type, name, url, greet] as const),
);

it.each(CASES)('%s: a server that %s', async (type, _name, url, greet) => {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    greet(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const session = openSession(type, url((server.address() as net.AddressInfo).port), QUICK);
  const started = performance.now();
  const collected = await session.collect('availability', never);
  expect(performance.now() - started).toBeLessThan(2_500);
  const { up, reason } = upOf(collected);
  expect([up, UP_REASONS.includes(reason as never)]).toEqual([0, true]);
  expect(JSON.stringify(collected.metrics)).not.toContain('s3cret-word');
  await session.close();
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

it.each([
  ['postgresql', 'postgres://u:s3cret-word@[/db'],
  ['mongodb', 'mongodb://u:s3cret-word@'],
  ['mssql', 'mssql//u:s3cret-word@h/db'],
  ['snowflake', 'snowflake//u:s3cret-word@acc'],
] as const)('%s: a malformed connection is up 0 and keeps its secret', async (type, connection) => {
  const session = openSession(type, connection, QUICK);
  const collected = await session.collect('availability', never);
  expect(upOf(collected)).toMatchObject({ up: 0, reason: 'query' });
  expect(JSON.stringify(collected.metrics)).not.toContain('s3cret-word');
  await session.close();
});
