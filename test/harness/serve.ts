/** `tocsin serve` as a process of its own, with a receiver that keeps what it is told. */
import { spawn, type ChildProcess } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startHttpCatcher, type CaughtRequest, type HttpCatcher } from './http-catcher';
import { makeRunFolder } from './run-folder';
import { uniqueInstance, type TestServers } from './servers';
import { waitFor } from './wait-for';

const ENTRY = join(__dirname, '..', '..', 'dist', 'src', 'cli', 'tocsin.js');

/** An alert as a sender posts it. */
export interface Sent {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly startsAt?: string;
  readonly endsAt?: string;
  readonly generatorURL?: string;
}

/** Version 4 of the webhook's payload, as far as tests look at it. */
export interface Page {
  readonly at: number;
  readonly path: string;
  readonly status: string;
  readonly groupKey: string;
  readonly receiver: string;
  /** `label value status`, of the label that tells the test's alerts apart. */
  readonly alerts: readonly string[];
  readonly json: Readonly<Record<string, unknown>>;
}

export interface ServeProcess {
  readonly url: string;
  readonly pid: number;
  output(): string;
  post(...alerts: readonly Sent[]): Promise<Response>;
  get<T>(path: string): Promise<T>;
  kill(): Promise<void>;
  /** Resolves with the exit code. */
  stop(): Promise<number | null>;
}

export interface ServeScene {
  readonly instance: string;
  readonly catcher: HttpCatcher;
  /** Writes the file; `HOOK` in it stands for the catcher's address. */
  configure(text: string): Promise<void>;
  start(...args: readonly string[]): Promise<ServeProcess>;
  pages(label?: string): Page[];
  untilPages(many: number, label?: string): Promise<Page[]>;
  close(): Promise<void>;
}

export async function serveScene(servers: TestServers): Promise<ServeScene> {
  const instance = uniqueInstance();
  const folder = await makeRunFolder();
  const file = join(folder, 'alertmanager.yml');
  const catcher = await startHttpCatcher();
  const running = new Set<ChildProcess>();
  const pages = (label = 'host'): Page[] => catcher.requests.map((request) => pageOf(request, label));

  async function start(...args: readonly string[]): Promise<ServeProcess> {
    const all = [
      'serve',
      '--alertmanager-config',
      file,
      '--listen',
      '127.0.0.1:0',
      '--instance',
      instance,
      ...args,
    ];
    const child = spawn(process.execPath, [ENTRY, ...all], {
      env: {
        ...process.env,
        TOCSIN_KAFKA: servers.kafka.join(','),
        TOCSIN_TEMPORAL: servers.temporal,
        TOCSIN_POSTGRES: servers.postgres,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(child);
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const ended = new Promise<number | null>((resolve) =>
      child.once('close', (code) => {
        running.delete(child);
        resolve(code);
      }),
    );
    const listening = /Listening on.*address=(\S+)/;
    await waitFor(
      () => {
        if (!running.has(child)) throw new Error(`it has ended: ${output}`);
        return listening.test(output);
      },
      { what: 'the API', timeoutMs: 60_000 },
    );
    const url = `http://${listening.exec(output)![1]}`;
    return {
      url,
      pid: child.pid!,
      output: () => output,
      post: (...alerts) =>
        fetch(`${url}/api/v2/alerts`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(alerts),
        }),
      get: async <T>(path: string) => (await (await fetch(`${url}${path}`)).json()) as T,
      kill: async () => {
        child.kill('SIGKILL');
        await ended;
      },
      stop: () => {
        child.kill('SIGTERM');
        return ended;
      },
    };
  }

  return {
    instance,
    catcher,
    configure: (text) => writeFile(file, text.replaceAll('HOOK', catcher.url)),
    start,
    pages,
    async untilPages(many, label) {
      await waitFor(() => catcher.requests.length >= many, {
        what: `${many} pages`,
        timeoutMs: 30_000,
        intervalMs: 10,
      });
      return pages(label);
    },
    async close() {
      for (const child of running) child.kill('SIGKILL');
      await waitFor(() => running.size === 0, { what: 'the processes to have ended' });
      await catcher.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export function pageOf({ at, path, json }: CaughtRequest, label: string): Page {
  const page = json as Page['json'] & {
    readonly alerts: readonly { readonly labels: Record<string, string>; readonly status: string }[];
  };
  return {
    at,
    path,
    json: page,
    status: String(page.status),
    groupKey: String(page.groupKey),
    receiver: String(page.receiver),
    alerts: page.alerts.map(({ labels, status }) => `${labels[label]} ${status}`),
  };
}
