/** Receives the notifications of a measured system, as a notification service would. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { NotificationPayload } from '../src/domain/notification';

export interface Catcher {
  readonly url: string;
  /** Resolves when the first message of this alert and step has come, with the ms since 1970 at which its request began. */
  caught(fingerprint: string, step: string): Promise<number>;
  readonly messages: number;
  close(): Promise<void>;
}

/** `message_id` is fingerprint:episode:step. */
const keyOf = (messageId: string): string => messageId.replace(/:\d+:/, ' ');

export async function startCatcher(): Promise<Catcher> {
  const waiting = new Map<string, (at: number) => void>();
  const early = new Map<string, number>();
  let messages = 0;
  const server = createServer((request, response) => {
    const at = Date.now();
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      response.end('{}');
      messages += 1;
      const { message_id } = JSON.parse(Buffer.concat(chunks).toString()) as NotificationPayload;
      const key = keyOf(message_id);
      const wait = waiting.get(key);
      waiting.delete(key);
      if (wait === undefined) early.set(key, at);
      else wait(at);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    caught(fingerprint, step) {
      const key = `${fingerprint} ${step}`;
      const at = early.get(key);
      early.delete(key);
      return at === undefined ? new Promise((resolve) => waiting.set(key, resolve)) : Promise.resolve(at);
    },
    get messages() {
      return messages;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
