/** One target under watch: what is told of it, when its breaker opens, and what never leaves the process. */
import { DeadlineError } from '../../../src/collect/reasons';
import type { Collector, Limits, Sample, UpReason } from '../../../src/collect/port';
import { openTarget, type Collected, type TargetSession } from '../../../src/collect/target-session';
import type { Metric } from '../../../src/domain/metric';

const LIMITS: Limits = {
  poolMin: 0,
  poolMax: 1,
  idleMs: 1_000,
  acquireMs: 40,
  statementMs: 40,
  failureThreshold: 3,
  resetMs: 60_000,
};
const never = new AbortController().signal;
const START = Date.parse('2026-01-01T00:00:00Z');

type Answer = readonly Sample[] | Error | 'hangs';

interface Scene {
  readonly session: TargetSession;
  /** What the next collections of any group get. */
  answer: Answer;
  now: number;
  opened: number;
  closed: number;
  asked: string[];
  close: () => Promise<void>;
}

class Refused extends Error {
  constructor(
    readonly reason: UpReason,
    message = 'driver says no',
  ) {
    super(message);
  }
}

function sceneOf(connection: string | null = null): Scene {
  const scene = { answer: [] as Answer, now: START, opened: 0, closed: 0, asked: [] as string[] };
  const collector: Collector = {
    type: 'postgresql',
    groups: [
      { name: 'availability', intervalMs: 15_000, metrics: [] },
      { name: 'sizes', intervalMs: 15_000, metrics: [] },
    ],
    classify: (error) =>
      error instanceof Refused ? error.reason : error instanceof DeadlineError ? 'timeout' : 'query',
    open: () => {
      scene.opened++;
      return {
        collect(group) {
          scene.asked.push(group);
          if (scene.answer === 'hangs') return new Promise(() => undefined);
          return scene.answer instanceof Error ? Promise.reject(scene.answer) : Promise.resolve(scene.answer);
        },
        close: () => {
          scene.closed++;
          return whole.close();
        },
      };
    },
  };
  const target = { name: 'orders', type: 'postgresql' as const, connection, tags: { environment: 'test' } };
  const whole = Object.assign(scene, {
    session: openTarget(target, collector, LIMITS, () => scene.now),
    close: () => Promise.resolve(),
  });
  return whole;
}

const upOf = ({ metrics }: Collected): Metric | undefined =>
  metrics.find(({ metric_name: name }) => name === 'up');
const probe = (scene: Scene): Promise<Collected> => scene.session.collect('availability', never);
const sizes = (scene: Scene): Promise<Collected> => scene.session.collect('sizes', never);

describe('the breaker of a target', () => {
  it('closed => open after three failures => half-open after its time => closed', async () => {
    const scene = sceneOf();
    scene.answer = new Refused('tcp');
    for (let i = 0; i < 3; i++) expect((await probe(scene)).outcome).toBe('tcp');
    const refused = await probe(scene);
    expect(refused.outcome).toBe('open');
    expect(upOf(refused)).toMatchObject({
      value: 0,
      metadata: { reason: 'tcp', error: 'driver says no', breaker: 'open' },
    });
    expect((await sizes(scene)).metrics).toMatchObject([{ metric_name: 'collection_success', value: 0 }]);
    expect(scene.asked).toHaveLength(3);

    scene.now += LIMITS.resetMs;
    scene.answer = [];
    expect(upOf(await probe(scene))).toMatchObject({ value: 1 });
    expect((await sizes(scene)).outcome).toBe('ok');
  });

  it('half-open => open when the careful attempt fails, with the new reason', async () => {
    const scene = sceneOf();
    scene.answer = new Refused('tcp');
    for (let i = 0; i < 3; i++) await probe(scene);
    scene.now += LIMITS.resetMs;
    scene.answer = new Refused('auth');
    expect((await probe(scene)).outcome).toBe('auth');
    const refused = await probe(scene);
    expect([refused.outcome, upOf(refused)?.metadata?.['reason']]).toEqual(['open', 'auth']);
  });

  it('half-open: one attempt at a time', async () => {
    const scene = sceneOf();
    scene.answer = new Refused('tcp');
    for (let i = 0; i < 3; i++) await probe(scene);
    scene.now += LIMITS.resetMs;
    scene.answer = 'hangs';
    const [first, second] = await Promise.all([probe(scene), probe(scene)]);
    expect([first.outcome, second.outcome]).toEqual(['timeout', 'open']);
  });

  it('stays closed while a group alone times out or is refused, and opens when it cannot connect', async () => {
    const scene = sceneOf();
    scene.answer = 'hangs';
    for (let i = 0; i < 4; i++) expect((await sizes(scene)).outcome).toBe('timeout');
    scene.answer = new Refused('query');
    for (let i = 0; i < 4; i++) expect((await sizes(scene)).outcome).toBe('query');
    scene.answer = new Refused('dns');
    for (let i = 0; i < 3; i++) expect((await sizes(scene)).outcome).toBe('dns');
    expect((await sizes(scene)).outcome).toBe('open');
  });

  it('does not count a collection that was called off', async () => {
    const scene = sceneOf();
    scene.answer = 'hangs';
    for (let i = 0; i < 4; i++) {
      const off = new AbortController();
      const collecting = scene.session.collect('availability', off.signal);
      off.abort();
      expect(await collecting).toMatchObject({ outcome: 'aborted', metrics: [] });
    }
    scene.answer = [];
    expect((await probe(scene)).outcome).toBe('ok');
  });
});

describe('a target that hangs', () => {
  it('is given up at its deadline, and its up 0 has the time at which that was known', async () => {
    const scene = sceneOf();
    scene.answer = 'hangs';
    const collecting = probe(scene);
    scene.now += 5_000;
    const collected = await collecting;
    expect(collected.outcome).toBe('timeout');
    expect(upOf(collected)?.timestamp).toBe(new Date(START + 5_000).toISOString());
  });

  it('does not hold up the one who closes it', async () => {
    const scene = sceneOf();
    await probe(scene);
    scene.close = () => new Promise(() => undefined);
    const started = performance.now();
    await scene.session.close();
    expect(performance.now() - started).toBeLessThan(4_000);
    expect(scene.closed).toBe(1);
    await scene.session.close();
    expect(scene.closed).toBe(1);
  });
});

it('opens a session at the first collection, and a new one after it was closed', async () => {
  const scene = sceneOf();
  expect(scene.opened).toBe(0);
  await probe(scene);
  await sizes(scene);
  expect(scene.opened).toBe(1);
  await scene.session.close();
  await probe(scene);
  expect(scene.opened).toBe(2);
});

it('a goodbye that fails is nobody’s trouble', async () => {
  const scene = sceneOf();
  await probe(scene);
  scene.close = () => Promise.reject(new Error('already gone'));
  await expect(scene.session.close()).resolves.toBeUndefined();
});

describe('secrets', () => {
  it.each([
    ['postgres://u:s3cr3t-word@h/db', 'no pg_hba.conf entry, password s3cr3t-word', 's3cr3t-word'],
    ['postgres://u:p%40ss%2Fword@h/db', 'cannot log in with p@ss/word', 'p@ss/word'],
    ['postgres://u:p%40ss%2Fword@h/db', 'bad address p%40ss%2Fword', 'p%40ss%2Fword'],
    ['postgres://u:a@b/c@h/db', 'Invalid URL: postgres://u:a@b/c@h/db', 'a@b/c'],
    ['postgres://u:50%off@h/db', 'bad password 50%off', '50%off'],
    [null, 'while asking https://user:other-secret@elsewhere/', 'other-secret'],
  ])('%s: a message with it goes out without', async (connection, message, secret) => {
    const scene = sceneOf(connection);
    scene.answer = new Refused('auth', message);
    const collected = await probe(scene);
    expect(upOf(collected)?.metadata?.['error']).toContain('***');
    expect(JSON.stringify(collected.metrics)).not.toContain(secret);
  });

  it('a message is cut to a length that fits', async () => {
    const scene = sceneOf();
    scene.answer = new Refused('query', 'x'.repeat(10_000));
    expect(String(upOf(await probe(scene))?.metadata?.['error']).length).toBe(300);
  });
});

describe('series that end', () => {
  const table = (name: string): Sample => ({ name: 'table_size_bytes', value: 1, labels: { table: name } });
  const stale = ({ metrics }: Collected): unknown[] =>
    metrics.filter(({ value }) => value === 'stale').map(({ tags }) => tags['table']);

  it('missing from two collections in a row => stale, once; missing from one => nothing', async () => {
    const scene = sceneOf();
    scene.answer = [table('kept'), table('gone'), table('back')];
    await sizes(scene);
    scene.answer = [table('kept')];
    expect(stale(await sizes(scene))).toEqual([]);
    scene.answer = [table('kept'), table('back')];
    expect(stale(await sizes(scene))).toEqual(['gone']);
    expect(stale(await sizes(scene))).toEqual([]);
  });

  it('a failed collection ends nothing', async () => {
    const scene = sceneOf();
    scene.answer = [table('kept')];
    await sizes(scene);
    scene.answer = new Refused('query');
    for (let i = 0; i < 3; i++) expect(stale(await sizes(scene))).toEqual([]);
    scene.answer = [table('kept')];
    expect(stale(await sizes(scene))).toEqual([]);
  });
});

it('a metric’s own label wins over a tag of the same name', async () => {
  const scene = sceneOf();
  scene.answer = [{ name: 'n', value: Infinity, labels: { environment: 'own' } }];
  const [, metric] = (await sizes(scene)).metrics;
  expect(metric).toMatchObject({ tags: { environment: 'own' }, value: '+Inf' });
});
