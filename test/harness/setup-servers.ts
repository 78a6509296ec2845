import { startGlobalServers } from './global-servers';

/** jest's globalSetup of the suites that talk to real servers. */
export default function setup(): Promise<void> {
  return startGlobalServers(['temporal', 'kafka', 'postgres']);
}
