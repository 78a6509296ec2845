import { findTimeSkippingServer, startGlobalServers } from './global-servers';

/** jest's globalSetup of the workflow stories: most skip time, some need what only the development server has. */
export default async function setup(): Promise<void> {
  await findTimeSkippingServer();
  await startGlobalServers(['temporal'], 'workflows');
}
