/**
 * Kafka, Temporal and Postgres are each away for 60 s while databases get into trouble. Every sample that Kafka has
 * acknowledged is evaluated; no transition, no timer and no message is lost, and nobody is told twice. Each story has
 * servers of its own, so that the three can wait at the same time.
 */
import type { ServerName } from '../../src/dev/servers';
import { privateServers } from '../harness/servers';
import { startSystem, type System } from '../harness/system';
import { waitFor } from '../harness/wait-for';

const AWAY_MS = 60_000;
const SAMPLE_EVERY_MS = 1_000;
const ESCALATE_AFTER_MS = 2_000;
/** Of what follows the outage, on a machine on which three systems recover together. */
const PATIENCE_MS = 120_000;

test.concurrent.each(['kafka', 'temporal', 'postgres'] as const)(
  '%s away for 60 s under load: nothing is lost, nothing comes twice',
  async (name) => {
    const servers = await privateServers(['kafka', 'temporal', 'postgres']);
    const addresses = {
      kafka: servers.kafka.brokers,
      temporal: servers.temporal.address,
      postgres: servers.postgres.url,
    };
    const system = await startSystem({ servers: addresses, levels: [ESCALATE_AFTER_MS] });
    try {
      await outage(name, system, servers.handles[name]!);
    } finally {
      await system.close();
      await servers.stop();
    }
  },
  480_000,
);

interface Server {
  stop(): Promise<void>;
  restart(): Promise<void>;
}

async function outage(name: ServerName, system: System, server: Server): Promise<void> {
  const roles = await system.start('evaluator dispatcher effects');
  const load = startLoad(system);
  await waitFor(() => told(system, 'hook fire').size >= 3, { what: 'alerts before', timeoutMs: PATIENCE_MS });
  await server.stop();
  const back = Date.now() + AWAY_MS;
  await waitFor(() => Date.now() >= back, { what: 'the end of the outage', timeoutMs: 2 * AWAY_MS });
  await server.restart();
  const before = load.acknowledged.length;
  await waitFor(() => load.acknowledged.length >= before + 5, {
    what: 'samples after',
    timeoutMs: PATIENCE_MS,
  });
  await load.stop();

  const everyone = load.acknowledged;
  await allHear(system, everyone, ['hook fire', 'level1 escalate-1']);
  for (const instance of everyone) await system.sample(instance, 10);
  await allHear(system, everyone, ['hook resolved', 'level1 resolved']);
  const all = system.told();
  expect({ name, twice: all.filter((one, at) => all[at - 1] === one) }).toEqual({ name, twice: [] });
  expect(roles.ended()).toBe(false);
}

/** One database after the other gets into trouble. */
function startLoad(system: System) {
  const acknowledged: string[] = [];
  const underWay: Promise<void>[] = [];
  let count = 0;
  const timer = setInterval(() => {
    const instance = `db-${count++}`;
    // What Kafka does not acknowledge while it is away was never promised to be evaluated.
    const sent = system.sample(instance, 90).then(
      () => void acknowledged.push(instance),
      () => undefined,
    );
    underWay.push(sent);
  }, SAMPLE_EVERY_MS);
  const stop = async (): Promise<void> => {
    clearInterval(timer);
    await Promise.all(underWay);
  };
  return { acknowledged, stop };
}

/** The instances about which somebody has heard this. */
function told(system: System, what: string): Set<string> {
  const lines = system.told().filter((line) => line.startsWith(`${what} `));
  return new Set(lines.map((line) => line.slice(what.length + 1)));
}

async function allHear(
  system: System,
  instances: readonly string[],
  whats: readonly string[],
): Promise<void> {
  for (const what of whats) {
    const missing = (): string[] => instances.filter((instance) => !told(system, what).has(instance));
    await waitFor(() => missing().length === 0, { what, timeoutMs: PATIENCE_MS }).catch(() => undefined);
    expect({ what, missing: missing() }).toEqual({ what, missing: [] });
  }
}
