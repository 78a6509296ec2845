/**
 * Hears the notices of one channel on a connection of its own, and connects again when that is lost. A notice may be
 * missed while it is away, so every new connection wakes the listener too.
 */
import { Client } from 'pg';

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 5_000;

/** Resolves at once when Postgres is away, and keeps trying. `channel` has to be a safe identifier. */
export async function listenFor(
  url: string,
  channel: string,
  wake: () => void,
  onError: (error: unknown) => void,
): Promise<() => Promise<void>> {
  let stopped = false;
  let current: Client | null = null;
  let timer: NodeJS.Timeout | null = null;
  let retryMs = FIRST_RETRY_MS;

  const connect = async (): Promise<void> => {
    const client = new Client({
      connectionString: url,
      keepAlive: true,
      connectionTimeoutMillis: 10_000,
      application_name: 'tocsin-listen',
    });
    current = client;
    let lost = false;
    const lose = (error: unknown): void => {
      if (lost || stopped) return;
      lost = true;
      onError(error);
      client.end().catch(() => undefined);
      timer = setTimeout(() => void connect(), retryMs);
      retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
    };
    client.on('error', lose);
    client.on('end', () => lose(new Error('the connection ended')));
    client.on('notification', wake);
    try {
      await client.connect();
      await client.query(`listen ${channel}`);
      retryMs = FIRST_RETRY_MS;
      wake();
    } catch (error) {
      lose(error);
    }
  };

  await connect();
  return async () => {
    stopped = true;
    if (timer) clearTimeout(timer);
    await current?.end().catch(() => undefined);
  };
}
