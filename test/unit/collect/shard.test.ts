/** A shard: targets side by side, each group in its own rhythm, whatever one of them does. */
import type { Collector, Limits, Sample, Target } from '../../../src/collect/port';
import { createShardRunner, type RunnerOptions, type ShardStatus } from '../../../src/collect/shard';
import type { Metric } from '../../../src/domain/metric';
import { waitFor } from '../../harness/wait-for';

const LIMITS: Limits = {
  poolMin: 0,
  poolMax: 1,
  idleMs: 60_000,
  acquireMs: 200,
  statementMs: 200,
  failureThreshold: 3,
  resetMs: 60_000,
};

type Read = (target: string, group: string, signal: AbortSignal) => Promise<readonly Sample[]>;

interface Scene {
  readonly published: Metric[];
  readonly begun: string[];
  readonly opened: string[];
  readonly closed: string[];
  readonly most: Map<string, number>;
  readonly options: Partial<RunnerOptions>;
  kafka: 'answers' | 'is away' | 'hangs';
  run(targets: readonly Target[]): { end: () => Promise<ShardStatus>; beats: ShardStatus[] };
  close(): Promise<void>;
}

const targetOf = (name: string, groupMs = 20, tags = {}): Target => ({
  name,
  type: 'postgresql',
  connection: name,
  tags,
  intervals: { availability: groupMs, sizes: groupMs },
});

const scenes: Scene[] = [];
afterEach(async () => {
  for (const scene of scenes.splice(0)) await scene.close();
});

function sceneOf(read: Read, options: Partial<RunnerOptions> = {}): Scene {
  const [published, begun, opened, closed] = [[] as Metric[], [] as string[], [] as string[], [] as string[]];
  const [atOnce, most] = [new Map<string, number>(), new Map<string, number>()];
  const collector: Collector = {
    type: 'postgresql',
    groups: ['availability', 'sizes'].map((name) => ({ name, intervalMs: 15_000, metrics: [] })),
    classify: () => 'timeout',
    open(connection) {
      const name = String(connection);
      opened.push(name);
      return {
        async collect(group, signal) {
          const key = `${name} ${group}`;
          begun.push(key);
          atOnce.set(key, (atOnce.get(key) ?? 0) + 1);
          most.set(key, Math.max(most.get(key) ?? 0, atOnce.get(key)!));
          try {
            return await read(name, group, signal);
          } finally {
            atOnce.set(key, atOnce.get(key)! - 1);
          }
        },
        close: async () => void closed.push(name),
      };
    },
  };
  const runner = createShardRunner({
    limits: LIMITS,
    collectors: () => collector,
    spreadMs: 1,
    heartbeatMs: 10,
    drainMs: 100,
    ...options,
  });
  const ends: Array<() => Promise<unknown>> = [];
  const scene: Scene = {
    published,
    begun,
    opened,
    closed,
    most,
    options,
    kafka: 'answers',
    run(targets) {
      const stop = new AbortController();
      const beats: ShardStatus[] = [];
      const publisher = {
        publish(metrics: readonly Metric[]): Promise<void> {
          if (scene.kafka === 'hangs') return new Promise(() => undefined);
          if (scene.kafka === 'is away') return Promise.reject(new Error('no broker'));
          published.push(...metrics);
          return Promise.resolve();
        },
      };
      const heartbeat = (status: ShardStatus): void => void beats.push(status);
      const running = runner.run({ targets, publisher, signal: stop.signal, heartbeat });
      const end = (): Promise<ShardStatus> => {
        stop.abort();
        return running;
      };
      ends.push(end);
      return { beats, end };
    },
    async close() {
      await Promise.all(ends.map((end) => end()));
      await runner.close();
    },
  };
  scenes.push(scene);
  return scene;
}

const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
const count = (all: readonly string[], key: string): number => all.filter((each) => each === key).length;

it('a target that hangs delays no other, and no other group of its own', async () => {
  const scene = sceneOf((target, group, signal) =>
    target === 'hung' && group === 'sizes' ? untilAborted(signal) : Promise.resolve([]),
  );
  const run = scene.run([targetOf('hung'), targetOf('quick')]);
  await waitFor(
    () => count(scene.begun, 'quick sizes') >= 10 && count(scene.begun, 'hung availability') >= 10,
    {
      what: 'ten collections beside the hung one',
    },
  );
  expect(count(scene.begun, 'hung sizes')).toBeLessThan(count(scene.begun, 'quick sizes') / 2);
  await run.end();
});

it('two collections of a group never overlap, however short its interval', async () => {
  let slow = true;
  const scene = sceneOf(
    async (_target, _group, signal) => {
      if (slow) await untilAborted(signal);
      return [];
    },
    { limits: { ...LIMITS, resetMs: 50 } },
  );
  const run = scene.run([targetOf('slow', 5)]);
  await waitFor(() => count(scene.begun, 'slow sizes') >= 2, { what: 'a second turn' });
  slow = false;
  await waitFor(() => count(scene.begun, 'slow sizes') >= 10, { what: 'ten turns' });
  await run.end();
  expect([...scene.most.values()]).toEqual([1, 1]);
});

it('turns that were missed are not made up for', async () => {
  let release: (() => void) | undefined;
  const scene = sceneOf((_target, group) =>
    group === 'sizes' && release === undefined
      ? new Promise((resolve) => (release = () => resolve([])))
      : Promise.resolve([]),
  );
  const run = scene.run([targetOf('once', 50)]);
  await waitFor(() => count(scene.begun, 'once availability') >= 3, {
    what: 'three turns of the other group',
  });
  release!();
  const before = performance.now();
  await waitFor(() => count(scene.begun, 'once sizes') >= 3, { what: 'two more turns' });
  // Two turns are at least one interval apart; three that were made up for would come at once.
  expect(performance.now() - before).toBeGreaterThan(40);
  await run.end();
});

it('ends promptly while a target hangs, and says nothing of what it called off', async () => {
  const scene = sceneOf(() => new Promise(() => undefined), { limits: { ...LIMITS, acquireMs: 60_000 } });
  const run = scene.run([targetOf('hung')]);
  await waitFor(() => scene.begun.length === 2, { what: 'both groups under way' });
  const started = performance.now();
  expect(await run.end()).toMatchObject({ collections: 0, failures: 0, published: 0 });
  expect(performance.now() - started).toBeLessThan(1_000);
});

it('counts, beats, and keeps its connections from one run to the next', async () => {
  const scene = sceneOf(() => Promise.resolve([]));
  const first = scene.run([targetOf('kept')]);
  await waitFor(() => first.beats.some(({ published }) => published > 0), {
    what: 'a beat with what was published',
  });
  const status = await first.end();
  expect(status).toMatchObject({ targets: 1, failures: 0, dropped: 0, queued: 0 });
  expect(status.collections).toBeGreaterThan(0);
  const second = scene.run([targetOf('kept')]);
  await waitFor(() => second.beats.some(({ collections }) => collections > 0), {
    what: 'collections of the second run',
  });
  await second.end();
  expect([scene.opened, scene.closed]).toEqual([['kept'], []]);
});

it('a target that was changed begins anew, and the old connection ends', async () => {
  const scene = sceneOf(() => Promise.resolve([]));
  const first = scene.run([targetOf('changed')]);
  await waitFor(() => scene.published.length > 0, { what: 'something published' });
  await first.end();
  const second = scene.run([targetOf('changed', 20, { team: 'dba' })]);
  await waitFor(() => scene.published.some(({ tags }) => tags['team'] === 'dba'), { what: 'the new tag' });
  await second.end();
  expect([scene.opened, scene.closed]).toEqual([['changed', 'changed'], ['changed']]);
});

it('a target that was taken away loses its connection after its idle time', async () => {
  let now = 1_000_000;
  const scene = sceneOf(() => Promise.resolve([]), { now: () => now });
  const first = scene.run([targetOf('gone')]);
  await waitFor(() => scene.opened.length === 1, { what: 'its session' });
  await first.end();
  await scene.run([]).end();
  expect(scene.closed).toEqual([]);
  now += LIMITS.idleMs + 1;
  await scene.run([]).end();
  expect(scene.closed).toEqual(['gone']);
});

it.each(['is away', 'hangs'] as const)(
  'Kafka %s: what was collected goes out with the next run',
  async (trouble) => {
    const scene = sceneOf(() => Promise.resolve([]));
    scene.kafka = trouble;
    const first = scene.run([targetOf('waiting')]);
    await waitFor(() => first.beats.some(({ queued }) => queued >= 6), { what: 'messages that wait' });
    const { queued, published } = await first.end();
    expect(published).toBe(0);
    scene.kafka = 'answers';
    const second = scene.run([]);
    await waitFor(() => scene.published.length >= queued, { what: 'what was left over' });
    await second.end();
    const times = scene.published.map(({ timestamp }) => timestamp);
    expect(times).toEqual([...times].sort());
  },
);
