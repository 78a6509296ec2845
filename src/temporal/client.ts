/** Temporal's client alone, for tools: without the native parts of workers, which take long to load. */
import { Client, Connection } from '@temporalio/client';
import { reach, type TemporalOptions } from './reach';

export interface TemporalClient {
  readonly client: Client;
  close(): Promise<void>;
}

/** Throws TOC_DEPENDENCY_AWAY when the server does not answer. */
export async function connectClient({ address, namespace }: TemporalOptions): Promise<TemporalClient> {
  const connection = await reach(address, () => Connection.connect({ address, connectTimeout: '5s' }));
  return { client: new Client({ connection, namespace }), close: () => connection.close() };
}
