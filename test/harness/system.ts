/**
 * Tocsin itself for acceptance tests: its roles as processes of their own, from the build, on real servers; a person's
 * phone is an HTTP catcher with a path for each receiver. Tests publish samples, kill processes and count messages.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Metric } from '../../src/domain/metric';
import type { NotificationPayload } from '../../src/domain/notification';
import { openHistory, type History } from '../../src/history/history';
import { createKafka, type Kafka } from '../../src/stream/kafka';
import { createMetricPublisher } from '../../src/stream/publishers';
import { ensureTopics, metricTopic } from '../../src/stream/topics';
import { startHttpCatcher, type CaughtRequest, type HttpCatcher } from './http-catcher';
import { makeRunFolder } from './run-folder';
import { runScript } from './script';
import { pageOf, type Page } from './serve';
import { uniqueInstance, type TestServers } from './servers';
import { waitFor } from './wait-for';

const ENTRY = join(__dirname, '..', '..', 'dist', 'src', 'cli', 'tocsin.js');
/** Below it are the receivers of the alertmanager.yml. */
const GROUP_PATH = '/groups';
export const METRIC = 'connections_used_percent';

export interface Role {
  readonly pid: number;
  ended(): boolean;
  output(): string;
  /** SIGKILL: nothing is drained, nothing is said. */
  kill(): Promise<void>;
  /** SIGTERM; the exit code. */
  stop(): Promise<number | null>;
}

/** A message as a receiver got it. */
export interface Message {
  readonly receiver: string;
  readonly step: string;
  readonly instanceId: string;
  readonly payload: NotificationPayload;
  readonly at: number;
}

export interface System {
  readonly instance: string;
  readonly kafka: Kafka;
  readonly history: History;
  /** Resolves when the process says that its roles are ready. */
  start(roles: string, variables?: NodeJS.ProcessEnv): Promise<Role>;
  /** Each in a process of its own, one of them an evaluator; resolves when that has its partitions. */
  startEach(...roles: readonly string[]): Promise<Role[]>;
  /** The same configuration for a script that composes a role its own way. */
  script(file: string): Promise<Role>;
  /** Resolves when Kafka has acknowledged the sample; `value` above 80 fires, below 60 recovers. */
  sample(instanceId: string, value: number, atMs?: number): Promise<void>;
  publish(metrics: readonly Metric[]): Promise<void>;
  messages(): Message[];
  /** `receiver step instance`, sorted: what a test compares. */
  told(): string[];
  /** What receivers of the alertmanager.yml were told. */
  pages(): Page[];
  /** Writes the alertmanager.yml anew; `HOOK` in it stands for the address that pages are caught at. */
  configureGroups(text: string): Promise<void>;
  /** `tocsin` with this configuration, as a person runs it, to its end: what it printed. */
  command(...args: readonly string[]): Promise<string>;
  close(): Promise<void>;
}

export interface SystemOptions {
  readonly servers: TestServers;
  /** An alertmanager.yml, `HOOK` in it as for `configureGroups`: native alerts go through its groups. */
  readonly groups?: string;
  /** Waits of the three levels, milliseconds. */
  readonly levels?: readonly number[];
  readonly more?: Record<string, unknown>;
  /** Receivers beside those that are caught here. */
  readonly receivers?: readonly Record<string, unknown>[];
}

export async function startSystem({
  servers,
  levels = [],
  more = {},
  receivers = [],
  groups,
}: SystemOptions): Promise<System> {
  const instance = uniqueInstance();
  const folder = await makeRunFolder();
  const catcher = await startHttpCatcher();
  const configFile = join(folder, 'tocsin.yaml');
  const groupsFile = join(folder, 'alertmanager.yml');
  const configureGroups = (text: string): Promise<void> =>
    writeFile(groupsFile, text.replaceAll('HOOK', `${catcher.url}${GROUP_PATH}`));
  if (groups !== undefined) await configureGroups(groups);
  const named = groups === undefined ? {} : { alertmanager: { file: 'alertmanager.yml' } };
  // JSON is YAML.
  const whole = { ...configOf(instance, servers, catcher, levels, receivers), ...named, ...more };
  await writeFile(configFile, JSON.stringify(whole));
  const history = await openHistory({ url: servers.postgres, instance, maxConnections: 2 });
  const kafka = createKafka({ brokers: servers.kafka, clientId: `test-${instance}` });
  const publisher = createMetricPublisher({
    kafka,
    instance,
    development: true,
    lingerMs: 5,
    timeoutMs: 20_000,
  });
  const running = new Set<ChildProcess>();

  const watch = async (child: ChildProcess, output: () => string): Promise<Role> => {
    running.add(child);
    const ended = new Promise<number | null>((resolve) =>
      child.once('close', (code) => {
        running.delete(child);
        resolve(code);
      }),
    );
    const role: Role = {
      pid: child.pid!,
      ended: () => !running.has(child),
      output,
      kill: async () => {
        child.kill('SIGKILL');
        await ended;
      },
      stop: async () => {
        child.kill('SIGTERM');
        return ended;
      },
    };
    await waitFor(() => output().includes(' ready"') || failIfEnded(child, output), {
      what: 'the roles to be ready',
      timeoutMs: 60_000,
    });
    return role;
  };

  const start: System['start'] = (roles, variables = {}) => {
    const args = [ENTRY, 'start', ...roles.split(' '), '--config', configFile];
    const child = spawn(process.execPath, args, {
      env: { ...process.env, ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return watch(child, collected(child));
  };

  return {
    instance,
    kafka,
    history,
    start,
    async startEach(...names) {
      const topic = metricTopic(instance, sampleOf('db-1', 0, 0));
      await ensureTopics(kafka, instance, [topic], { development: true });
      const roles = await Promise.all(names.map((name) => start(name)));
      await waitFor(() => roles.some((role) => role.output().includes('evaluate: assigned')), {
        what: "the evaluator's partitions",
        timeoutMs: 45_000,
      });
      return roles;
    },
    script(file) {
      const { child, output } = runScript(file, [configFile]);
      return watch(child, output);
    },
    sample: (instanceId, value, atMs = Date.now()) => publisher.publish([sampleOf(instanceId, value, atMs)]),
    publish: (metrics) => publisher.publish(metrics),
    messages: () => messagesOf(catcher),
    pages: () => catcher.requests.filter(isPage).map((request) => pageOf(request, 'instance_id')),
    configureGroups,
    async command(...args) {
      const all = [ENTRY, ...args, '--config', configFile];
      return (await promisify(execFile)(process.execPath, all)).stdout;
    },
    told: () =>
      messagesOf(catcher)
        .map(({ receiver, step, instanceId }) => `${receiver} ${step} ${instanceId}`)
        .sort(),
    async close() {
      for (const child of running) child.kill('SIGKILL');
      await waitFor(() => running.size === 0, { what: 'the roles to have ended' });
      await publisher.close();
      await history.close();
      await catcher.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export function sampleOf(instanceId: string, value: number, atMs: number): Metric {
  return {
    timestamp: new Date(atMs).toISOString(),
    database_type: 'postgresql',
    instance_id: instanceId,
    metric_name: METRIC,
    value,
    tags: { environment: 'test' },
  };
}

function configOf(
  instance: string,
  servers: TestServers,
  catcher: HttpCatcher,
  levels: readonly number[],
  receivers: readonly Record<string, unknown>[],
) {
  const receiver = (name: string) => ({
    name,
    type: 'webhook',
    url: `${catcher.url}/${name}`,
    timeout: '5s',
  });
  return {
    instance,
    environment: 'test',
    kafka: { brokers: servers.kafka, development: true },
    temporal: { address: servers.temporal },
    postgres: { url: servers.postgres, pool: 4 },
    http: { port: 0 },
    rules: [
      {
        name: 'ConnectionsHigh',
        metric: METRIC,
        threshold: 80,
        recovery_threshold: 60,
        severity: 'critical',
      },
    ],
    receivers: [...['hook', ...levels.map((_, at) => `level${at + 1}`)].map(receiver), ...receivers],
    route: { receivers: ['hook'] },
    escalation:
      levels.length === 0
        ? []
        : [
            {
              name: 'default',
              delay: `${levels[0]}ms`,
              levels: levels.map((_, at) => ({
                name: `level${at + 1}`,
                receivers: [`level${at + 1}`],
                timeout: `${levels[at + 1] ?? 3_600_000}ms`,
              })),
            },
          ],
    cooldown: '1s',
    evaluate: { pool: '${TOCSIN_TEST_POOL:-default}' },
  };
}

function messagesOf({ requests }: HttpCatcher): Message[] {
  return requests
    .filter((request) => !isPage(request))
    .map(({ path, json, at }) => {
      const payload = json as NotificationPayload;
      const step = payload.message_id.split(':').at(-1)!;
      return { receiver: path.slice(1), step, instanceId: payload.db_instance_id ?? '', payload, at };
    });
}

const isPage = ({ path }: CaughtRequest): boolean => path.startsWith(GROUP_PATH);

function collected(child: ChildProcess): () => string {
  let text = '';
  child.stdout!.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stderr!.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return () => text;
}

function failIfEnded(child: ChildProcess, output: () => string): false {
  if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${output().slice(-2_000)}`);
  return false;
}
