/** Alerts as a rule's would be, and how they are posted: in batches, over a few connections that stay open. */
import { Agent, request } from 'node:http';

/** As many as Prometheus sends at once. */
const BATCH = 256;
const CONNECTIONS = 4;
const HOUR_MS = 3_600_000;

export interface PostedAlerts {
  /** Ids of the alerts that were answered with 200. */
  readonly accepted: readonly number[];
  readonly refused: number;
  /** From the first request to the last answer. */
  readonly seconds: number;
}

export interface Batch {
  readonly ids: readonly number[];
  readonly body: string;
}

export interface Posted {
  readonly from: number;
  readonly count: number;
  /** By alertname. */
  readonly groups: number;
  /** ms since 1970. */
  readonly startsAt: number;
  readonly name?: string;
}

/** Alerts `from` … `from + count`, made before the clock runs. */
export function batchesOf(posted: Posted): Batch[] {
  const { from, count } = posted;
  const batches: Batch[] = [];
  for (let first = from; first < from + count; first += BATCH) {
    const ids = Array.from({ length: Math.min(BATCH, from + count - first) }, (_, at) => first + at);
    batches.push({ ids, body: JSON.stringify(ids.map((id) => alertOf(id, posted))) });
  }
  return batches;
}

function alertOf(id: number, { groups, startsAt, name = 'HighCpu' }: Posted): object {
  const host = `pg-${id % 200}`;
  return {
    labels: {
      ...{ alertname: `${name}${id % groups}`, instance: host, id: String(id) },
      ...{ severity: 'page', region: 'us-east-1', team: 'dba' },
    },
    annotations: { summary: `cpu is high on ${host}`, runbook: 'https://runbooks.example.com/cpu' },
    startsAt: new Date(startsAt).toISOString(),
    endsAt: new Date(startsAt + HOUR_MS).toISOString(),
    generatorURL: 'http://127.0.0.1/graph',
  };
}

export interface Poster {
  /** Each batch once; what fails counts as refused, as a sender would see it. Ends early when `isOver` says so. */
  post(batches: readonly Batch[], isOver?: () => boolean): Promise<PostedAlerts>;
  close(): void;
}

export function createPoster(url: string): Poster {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  return {
    async post(batches, isOver = () => false) {
      const began = performance.now();
      const accepted: number[] = [];
      let next = 0;
      let refused = 0;
      const connection = async (): Promise<void> => {
        while (next < batches.length && !isOver()) {
          const { ids, body } = batches[next++]!;
          if (await isTaken(url, agent, body)) accepted.push(...ids);
          else refused += ids.length;
        }
      };
      await Promise.all(Array.from({ length: CONNECTIONS }, connection));
      return { accepted, refused, seconds: (performance.now() - began) / 1_000 };
    },
    close: () => agent.destroy(),
  };
}

function isTaken(url: string, agent: Agent, body: string): Promise<boolean> {
  return new Promise((resolve) => {
    const sent = request(
      `${url}/api/v2/alerts`,
      { agent, method: 'POST', headers: { 'content-type': 'application/json' } },
      // Closed also where the other side has died in the middle of its answer.
      (response) =>
        response.resume().on('close', () => resolve(response.complete && response.statusCode === 200)),
    );
    sent.on('error', () => resolve(false));
    sent.end(body);
  });
}
