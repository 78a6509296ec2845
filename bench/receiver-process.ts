/**
 * A webhook receiver in a process of its own, so that what it takes to receive stands in nobody's way: counts what the
 * payloads say of each alert by its label `id`. The text is searched and not parsed, for payloads may have megabytes.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerRuns } from './child';

export interface ReceiverRequest {
  /** Forgets what came before. */
  readonly reset?: true;
  /** Whether the answer is to name the alerts and say how late they came. */
  readonly details?: true;
}

export interface Received {
  readonly url: string;
  /** Different alerts. */
  readonly told: number;
  readonly calls: number;
  /** Alerts in calls that had nobody in them who was not told already: the same page twice. */
  readonly repeated: number;
  /** ms since 1970; null before the first. */
  readonly firstAt: number | null;
  /** When the last alert came that had not come before. */
  readonly lastNewAt: number | null;
  /** When the first summary of a storm came, at a path of its own. */
  readonly summaryAt: number | null;
  readonly ids: readonly number[];
  /** From the alert's startsAt to its first call, ms; in the order of the ids. */
  readonly latencies: readonly number[];
}

const SUMMARY_PATH = '/summary';
const ALERT = /"labels":\{[^}]*?"id":"(\d+)"[^}]*\}.*?"startsAt":"([^"]+)"/gs;

interface Seen {
  readonly latencies: Map<number, number>;
  calls: number;
  repeated: number;
  firstAt: number | null;
  lastNewAt: number | null;
  summaryAt: number | null;
}

const nothing = (): Seen => ({
  ...{ latencies: new Map(), calls: 0, repeated: 0 },
  ...{ firstAt: null, lastNewAt: null, summaryAt: null },
});

let seen = nothing();

function received(text: string, at: number): void {
  let isNews = false;
  let alerts = 0;
  for (const [, id, startsAt] of text.slice(text.indexOf('"alerts":[')).matchAll(ALERT)) {
    alerts += 1;
    if (seen.latencies.has(Number(id))) continue;
    isNews = true;
    seen.latencies.set(Number(id), at - Date.parse(startsAt!));
  }
  seen.calls += 1;
  seen.firstAt ??= at;
  if (isNews) seen.lastNewAt = at;
  else seen.repeated += alerts;
}

function receive(request: IncomingMessage, response: ServerResponse): void {
  const at = Date.now();
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    response.end();
    if (request.url === SUMMARY_PATH) seen.summaryAt ??= at;
    else received(Buffer.concat(chunks).toString(), at);
  });
}

async function main(): Promise<void> {
  const server = createServer(receive);
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await answerRuns<Received, ReceiverRequest>(async ({ reset, details }) => {
    if (reset) seen = nothing();
    const { latencies, ...counts } = seen;
    return {
      ...{ ...counts, url, told: latencies.size },
      ids: details ? [...latencies.keys()] : [],
      latencies: details ? [...latencies.values()] : [],
    };
  });
  server.close();
  server.closeAllConnections();
}

void main();
