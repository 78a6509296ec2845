/** Starts Temporal on the folder that the argument names, says its pid, and stays. */
import { startServers } from '../../../src/dev/servers';

async function main(): Promise<void> {
  const servers = await startServers({
    dataDir: process.argv[2] ?? '',
    which: ['temporal'],
    variables: 'none',
    ports: 'any',
  });
  console.log(`holding ${servers.handles.temporal?.pid}`);
  setInterval(() => undefined, 1_000);
}

void main();
