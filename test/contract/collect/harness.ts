/** What the collectors' tests share: databases of their own, and a look at what a collection answered. */
import { randomBytes } from 'node:crypto';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { CATALOGUE } from '../../../src/collect/catalogue';
import { collectorOf } from '../../../src/collect/collectors';
import { DEFAULT_LIMITS, type Limits, type Target, type TargetType } from '../../../src/collect/port';
import { openTarget, type Collected, type TargetSession } from '../../../src/collect/target-session';
import type { Labels } from '../../../src/domain/labels';
import { numberOf, type Metric } from '../../../src/domain/metric';

export const POSTGRES = process.env['TOCSIN_TEST_POSTGRES'] ?? 'postgres://postgres@127.0.0.1:25432/postgres';
export const unique = (): string => `t${randomBytes(5).toString('hex')}`;
export const never = new AbortController().signal;

export interface OwnDatabase {
  readonly url: string;
  readonly name: string;
  /** A session of its own, ended with the database. */
  connect(): Promise<Client>;
  drop(): Promise<void>;
}

/** A new database on a PostgreSQL server. */
export async function createDatabase(server = POSTGRES): Promise<OwnDatabase> {
  const name = unique();
  const admin = new Client({ connectionString: server });
  await admin.connect();
  await admin.query(`create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  const clients: Client[] = [];
  return {
    url: url.href,
    name,
    async connect() {
      const client = new Client({ connectionString: url.href });
      client.on('error', () => undefined);
      await client.connect();
      clients.push(client);
      return client;
    },
    async drop() {
      await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
      await admin.query(`drop database if exists ${name} with (force)`);
      await admin.end();
    },
  };
}

/** A session on a target with the real collector; small limits keep failures quick. */
export function openSession(
  type: TargetType,
  connection: string | null,
  limits: Partial<Limits> = {},
  now: () => number = Date.now,
): TargetSession {
  const target: Target = { name: unique(), type, connection, tags: { environment: 'test' } };
  return openTarget(target, collectorOf(type), { ...DEFAULT_LIMITS, acquireMs: 5_000, ...limits }, now);
}

/** Collects a group that has to succeed, and checks that the catalogue knows all that it answers. */
export async function collect(session: TargetSession, group: string): Promise<readonly Metric[]> {
  const collected = await session.collect(group, never);
  if (collected.outcome !== 'ok')
    throw new Error(`${group}: ${collected.outcome}`, { cause: collected.error });
  const known = CATALOGUE.filter((each) => each.type === session.target.type);
  for (const metric of collected.metrics) {
    const entry = known.find(
      (each) => each.name === metric.metric_name && [group, null].includes(each.group),
    );
    if (entry === undefined) throw new Error(`the catalogue has no ${metric.metric_name} in ${group}`);
    const labels = Object.keys(metric.tags).filter((name) => name !== 'environment');
    expect([metric.metric_name, ...labels.sort()]).toEqual([metric.metric_name, ...[...entry.labels].sort()]);
  }
  return collected.metrics;
}

/** The value of the one series of this name with these labels among its tags; undefined when there is none. */
export function valueOf(metrics: readonly Metric[], name: string, labels: Labels = {}): number | undefined {
  const found = metrics.filter(
    (metric) =>
      metric.metric_name === name &&
      Object.entries(labels).every(([label, value]) => metric.tags[label] === value),
  );
  if (found.length > 1) throw new Error(`${found.length} series of ${name}`);
  return found[0] === undefined ? undefined : numberOf(found[0].value);
}

/** Collects `group` until `accept` holds; fails with the last answer after `ms`. */
export async function eventually(
  session: TargetSession,
  group: string,
  accept: (metrics: readonly Metric[]) => boolean,
  ms = 10_000,
): Promise<readonly Metric[]> {
  const deadline = Date.now() + ms;
  for (;;) {
    const metrics = await collect(session, group);
    if (accept(metrics)) return metrics;
    if (Date.now() > deadline) {
      throw new Error(
        `not seen in ${ms} ms: ${JSON.stringify(metrics.map((m) => [m.metric_name, m.tags, m.value]))}`,
      );
    }
    await sleep(50);
  }
}

/** The reason of a failed probe, with `up` and `up_reason` as they were sent. */
export function upOf(collected: Collected): {
  up: number | undefined;
  reason: unknown;
  code: number | undefined;
} {
  const up = collected.metrics.find((metric) => metric.metric_name === 'up');
  return {
    up: valueOf(collected.metrics, 'up'),
    reason: up?.metadata?.['reason'],
    code: valueOf(collected.metrics, 'up_reason'),
  };
}

/** A server that accepts connections and never says a word. */
export async function silentServer(): Promise<{
  port: number;
  accepted: () => number;
  close: () => Promise<void>;
}> {
  const sockets = new Set<net.Socket>();
  let accepted = 0;
  const server = net.createServer((socket) => {
    accepted++;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as net.AddressInfo).port,
    accepted: () => accepted,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

/** A port on which nobody listens. */
export async function closedPort(): Promise<number> {
  const server = await silentServer();
  await server.close();
  return server.port;
}
