/** A role whose server is away serves its readiness while it waits, and a signal ends it cleanly. */
import { createServer, type AddressInfo } from 'node:net';
import { loadConfig } from '../../../src/config/load';
import { holdRoles, startRoles } from '../../../workers/roles';
import { waitFor } from '../../harness/wait-for';

/** A port where nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function configOf(httpPort: number) {
  const text = `
    kafka: { brokers: ['127.0.0.1:${await closedPort()}'] }
    http: { port: ${httpPort} }
    log: { level: silent }`;
  return loadConfig({ text, path: null }, {});
}

it('is not ready while it waits; a signal ends the wait, and that is no failure', async () => {
  const port = await closedPort();
  const stop = new AbortController();
  const ready = jest.fn();
  const held = holdRoles(await configOf(port), ['evaluator'], stop.signal, ready);
  await waitFor(
    async () => {
      const response = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null);
      const body = (await response?.json()) as { dependencies: { kafka?: { reason: string } } } | undefined;
      return response?.status === 503 && body?.dependencies.kafka !== undefined;
    },
    { what: 'a readiness that names Kafka' },
  );
  stop.abort('SIGTERM');
  expect(await held).toBe(true);
  expect(ready).not.toHaveBeenCalled();
  await expect(fetch(`http://127.0.0.1:${port}/readyz`)).rejects.toThrow();
});

it('a signal that came before ends it before it asks anybody', async () => {
  const config = await configOf(0);
  await expect(startRoles(config, ['evaluator'], { signal: AbortSignal.abort('SIGTERM') })).rejects.toBe(
    'SIGTERM',
  );
});
