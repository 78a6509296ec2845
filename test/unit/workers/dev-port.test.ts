import { existsSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { loadConfig } from '../../../src/config/load';
import { runDev } from '../../../workers/dev';

it('tells of a port that is taken before it starts any server', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const dataDir = join(tmpdir(), `tocsin-dev-port-${process.pid}`);
  const text = `{ http: { port: ${port} }, kafka: { brokers: ['\${TOCSIN_KAFKA}'] } }`;
  const configAt = (env: object) => loadConfig({ text, path: 'tocsin.yaml' }, { ...env });
  try {
    await expect(runDev({ configAt, file: 'tocsin.yaml', dataDir, print: () => undefined })).rejects.toThrow(
      `http: port ${port} is in use`,
    );
    expect(existsSync(dataDir)).toBe(false);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});
