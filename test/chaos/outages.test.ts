/**
 * Kafka, Temporal and Postgres are each away for 60 s while databases get into trouble. Every sample that Kafka has
 * acknowledged is evaluated; no transition, no timer and no message is lost, and nobody is told twice.
 */
import type { StartedServers, ServerName } from '../../src/dev/servers';
import { privateServers } from '../harness/servers';
import { startSystem, type Role, type System } from '../harness/system';
import { waitFor } from '../harness/wait-for';

const AWAY_MS = 60_000;
const SAMPLE_EVERY_MS = 500;
const ESCALATE_AFTER_MS = 2_000;

let servers: StartedServers<ServerName>;
let system: System;
let roles: Role;

beforeAll(async () => {
  servers = await privateServers(['kafka', 'temporal', 'postgres']);
  const addresses = {
    kafka: servers.kafka.brokers,
    temporal: servers.temporal.address,
    postgres: servers.postgres.url,
  };
  system = await startSystem({ servers: addresses, levels: [ESCALATE_AFTER_MS] });
  roles = await system.start('evaluator dispatcher effects');
}, 180_000);

afterAll(async () => {
  await system.close();
  await servers.stop();
}, 60_000);

test.each(['kafka', 'temporal', 'postgres'] as const)(
  '%s away for 60 s under load: nothing is lost, nothing comes twice',
  async (name) => {
    const load = startLoad(name);
    await waitFor(() => told(load.acknowledged(), 'hook fire').length >= 3, {
      what: 'alerts before',
      timeoutMs: 30_000,
    });
    await servers.handles[name]!.stop();
    const back = Date.now() + AWAY_MS;
    await waitFor(() => Date.now() >= back, { what: 'the outage to be over', timeoutMs: 2 * AWAY_MS });
    await servers.handles[name]!.restart();
    const atReturn = load.acknowledged().length;
    await waitFor(() => load.acknowledged().length >= atReturn + 5, {
      what: 'samples after',
      timeoutMs: 60_000,
    });
    const acknowledged = await load.stop();

    await everyoneHears(acknowledged, ['hook fire', 'level1 escalate-1']);
    for (const instance of acknowledged) await system.sample(instance, 10);
    await everyoneHears(acknowledged, ['hook resolved', 'level1 resolved']);
    const all = system.told();
    expect(all).toEqual([...new Set(all)]);
    expect(roles.ended()).toBe(false);
  },
  240_000,
);

/** A database after the other gets into trouble. */
function startLoad(prefix: string) {
  const acknowledged: string[] = [];
  const underWay: Promise<void>[] = [];
  let count = 0;
  const timer = setInterval(() => {
    const instance = `${prefix}-${count++}`;
    // What Kafka does not acknowledge while it is away was never promised to be evaluated.
    const sent = system.sample(instance, 90).then(
      () => void acknowledged.push(instance),
      () => undefined,
    );
    underWay.push(sent);
  }, SAMPLE_EVERY_MS);
  return {
    acknowledged: () => acknowledged,
    async stop() {
      clearInterval(timer);
      await Promise.all(underWay);
      return acknowledged;
    },
  };
}

/** The instances about which somebody has heard this. */
function told(instances: readonly string[], what: string): string[] {
  const all = new Set(system.told());
  return instances.filter((instance) => all.has(`${what} ${instance}`));
}

async function everyoneHears(instances: readonly string[], whats: readonly string[]): Promise<void> {
  for (const what of whats) {
    const missing = (): string[] => instances.filter((instance) => !told([instance], what).length);
    await waitFor(() => missing().length === 0, { what, timeoutMs: 90_000 }).catch(() => undefined);
    expect({ what, missing: missing() }).toEqual({ what, missing: [] });
  }
}
