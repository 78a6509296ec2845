import { createServer, type AddressInfo, type Server } from 'node:net';
import { choosePorts, isFree } from '../../../src/dev/ports';

const servers: Server[] = [];

afterEach(() => servers.splice(0).forEach((server) => server.close()));

async function occupied(host: string): Promise<number> {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return (server.address() as AddressInfo).port;
}

test.each(['127.0.0.1', '0.0.0.0'])('a port that somebody listens on at %s is taken', async (host) => {
  expect(await isFree(await occupied(host))).toBe(false);
});

test('the first free wish is chosen, and another port where all are taken', async () => {
  const taken = await occupied('127.0.0.1');
  const [free] = await choosePorts([[]]);
  const [first, second, third] = await choosePorts([[taken, free ?? 0], [free ?? 0], [taken]]);
  expect(first).toBe(free);
  expect(new Set([taken, first, second, third]).size).toBe(4);
});

test('ports that nobody wished for are not such as clients are given', async () => {
  const ports = await choosePorts([[], [], [], []]);
  for (const port of ports) {
    expect(port).toBeGreaterThanOrEqual(20_000);
    expect(port).toBeLessThan(32_768);
  }
});
