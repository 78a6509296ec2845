/** The listener that services call back, by itself: nothing else is reachable where they have to be let in. */
import type { AddressInfo } from 'node:net';
import { cannotListen } from '../../observe/observe';
import { createCallbackApp } from './app';
import type { CallbackOptions } from './options';

export interface Callbacks {
  /** `http://127.0.0.1:9465`. */
  readonly address: string;
  /** Lets what is under way end. */
  close(): Promise<void>;
}

const HEADERS_TIMEOUT_MS = 10_000;
const MOST_CONNECTIONS = 512;

/** Throws TOC_CANNOT_LISTEN when the address cannot be listened on. */
export async function startCallbacks(
  options: CallbackOptions,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<Callbacks> {
  const { app, settled } = createCallbackApp(options);
  app.server.maxConnections = MOST_CONNECTIONS;
  app.server.headersTimeout = HEADERS_TIMEOUT_MS;
  try {
    await app.listen({ host, port });
  } catch (cause) {
    throw cannotListen('the listener for callbacks', { host, port }, 'http.callbacks.listen', cause);
  }
  const taken = (app.server.address() as AddressInfo).port;
  return {
    address: `http://${host.includes(':') ? `[${host}]` : host}:${taken}`,
    async close() {
      await app.close();
      await settled();
    },
  };
}
