/**
 * Connections to Temporal. A worker and the client that starts its workflows share one native connection: only then can
 * a start be eager, which brings the first activity from 50 ms to 11 ms.
 */
import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { TocsinError, messageOf } from '../domain/errors';

export interface TemporalOptions {
  readonly address: string;
  readonly namespace: string;
}

export const dataConverter = { payloadConverterPath: require.resolve('./payload-converter') };

export interface TemporalLink {
  readonly connection: NativeConnection;
  readonly client: Client;
  close(): Promise<void>;
}

/** For processes that run workers. Throws TOC_DEPENDENCY_AWAY when the server does not answer. */
export async function connectWorker({ address, namespace }: TemporalOptions): Promise<TemporalLink> {
  const connection = await reach(address, () => NativeConnection.connect({ address }));
  return { connection, client: new Client({ connection, namespace }), close: () => connection.close() };
}

/** For tools: the client alone. */
export async function connectClient({
  address,
  namespace,
}: TemporalOptions): Promise<{ client: Client; close(): Promise<void> }> {
  const connection = await reach(address, () => Connection.connect({ address, connectTimeout: '5s' }));
  return { client: new Client({ connection, namespace }), close: () => connection.close() };
}

async function reach<T>(address: string, connect: () => Promise<T>): Promise<T> {
  try {
    return await connect();
  } catch (cause) {
    throw new TocsinError(
      'TOC_DEPENDENCY_AWAY',
      `Temporal at ${address} does not answer: ${messageOf(cause)}`,
      { cause },
    );
  }
}
