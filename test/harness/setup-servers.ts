import { startGlobalServers } from './global-servers';

/** jest's globalSetup of the suites that talk to real servers. */
export default function setup(
  _: unknown,
  project: { readonly displayName: { readonly name: string } },
): Promise<void> {
  return startGlobalServers(['temporal', 'kafka', 'postgres'], project.displayName.name);
}
