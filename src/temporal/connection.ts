/**
 * The connection of a process that runs workers. A worker and the client that starts its workflows share one native
 * connection: only then can a start be eager, which brings the first activity from 50 ms to 11 ms.
 */
import { Client } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, type LogLevel } from '@temporalio/worker';
import { reach, type TemporalOptions } from './reach';

export const dataConverter = { payloadConverterPath: require.resolve('./payload-converter') };

export interface TemporalLink {
  readonly connection: NativeConnection;
  readonly client: Client;
  close(): Promise<void>;
}

/** Throws TOC_DEPENDENCY_AWAY when the server does not answer. */
export async function connectWorker({ address, namespace }: TemporalOptions): Promise<TemporalLink> {
  const connection = await reach(address, () => NativeConnection.connect({ address }));
  return { connection, client: new Client({ connection, namespace }), close: () => connection.close() };
}

/** One line of the SDK: its level, its text, and what goes with it. */
export type RuntimeLog = (level: LogLevel, message: string, details: Record<string, unknown>) => void;

let installed = false;

/**
 * Before the first connection: the SDK's lines go to `log`, also those of its native part, and signals are left to the
 * process, which stops its parts in their order.
 */
export function installRuntime(log: RuntimeLog): void {
  if (installed) return;
  installed = true;
  Runtime.install({
    logger: new DefaultLogger('INFO', ({ level, message, meta }) => log(level, message, { ...meta })),
    telemetryOptions: { logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} } },
    shutdownSignals: [],
  });
}
