/** A Prometheus rule file over the stream: what fires, and what a SIGKILL of its evaluator must not change. */
import { join } from 'node:path';
import { METRIC_PARTITIONS } from '../../src/stream/topics';
import { testServers } from '../harness/servers';
import { startSystem, type Role, type System } from '../harness/system';
import { waitFor } from '../harness/wait-for';

const STORY_MS = 180_000;
const RULES = join(__dirname, '..', 'fixtures', 'rules', 'pools.yml');

let system: System;

beforeAll(async () => {
  const evaluate = { snapshot_every: '1s' };
  system = await startSystem({ servers: testServers(), more: { rules: [], rule_files: [RULES], evaluate } });
});

afterAll(() => system.close());

const toldOf = (instance: string): string[] => system.told().filter((line) => line.endsWith(instance));
const rowOf = async (instance: string) =>
  (await system.history.lists.list({})).find(({ labels }) => labels.instance_id === instance);

async function snapshots(role: Role, outcome: string): Promise<number> {
  const { url } = /"url":"(?<url>[^"]+)"/.exec(role.output())!.groups!;
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const line = metrics
    .split('\n')
    .find((each) => each.startsWith(`tocsin_snapshots_total{outcome="${outcome}"}`));
  return Number(line?.split(' ')[1] ?? 0);
}

test(
  'an alert that is pending fires in time, and one that is open neither ends nor fires again',
  async () => {
    await system.start('dispatcher effects');
    const first = await system.start('evaluator');
    await system.sample('db-1', 90);
    await waitFor(() => toldOf('db-1').length === 1, { what: 'the first alert', timeoutMs: 30_000 });

    const sampledAt = Date.now();
    await system.sample('db-2', 90, sampledAt);
    await first.kill();
    const second = await system.start('evaluator');
    await waitFor(() => toldOf('db-2').length === 1, {
      what: 'the alert that was pending',
      timeoutMs: 30_000,
    });
    // Its time ran on while nobody evaluated.
    expect((await rowOf('db-2'))!.episode - sampledAt).toBeGreaterThanOrEqual(3_000);
    expect((await rowOf('db-2'))!.episode - sampledAt).toBeLessThan(5_000);
    expect((await rowOf('db-2'))!.annotations.summary).toBe('db-2 uses 90%');

    await waitFor(async () => (await snapshots(second, 'written')) >= 2 * METRIC_PARTITIONS, {
      what: 'snapshots of each partition',
    });
    await second.kill();
    await system.sample('db-1', 10);
    const third = await system.start('evaluator');
    await waitFor(() => toldOf('db-1').length === 2, { what: 'the end that nobody saw', timeoutMs: 30_000 });
    await system.sample('db-2', 10);
    await waitFor(() => toldOf('db-2').length === 2, { what: 'the end', timeoutMs: 30_000 });

    await waitFor(async () => (await snapshots(third, 'read')) === METRIC_PARTITIONS, {
      what: 'each partition to go on with what was known',
    });
    expect(system.told()).toEqual([
      ...['hook fire db-1', 'hook fire db-2', 'hook resolved db-1', 'hook resolved db-2'],
    ]);
    expect(await rowOf('db-1')).toMatchObject({ state: 'RESOLVED', fireCount: 1 });
    expect(await rowOf('db-2')).toMatchObject({ state: 'RESOLVED', fireCount: 1 });
  },
  STORY_MS,
);
