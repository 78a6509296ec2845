/** The outbox: in order, again until acknowledged, bounded, and honest about what it dropped. */
import { createOutbox, type Outbox } from '../../../src/collect/outbox';
import { TocsinError } from '../../../src/domain/errors';
import type { Metric } from '../../../src/domain/metric';
import { waitFor } from '../../harness/wait-for';

const metric = (n: number): Metric => ({
  timestamp: '2026-01-01T00:00:00.000Z',
  database_type: 'host',
  instance_id: 'a',
  metric_name: 'n',
  value: n,
  tags: {},
});
const some = (from: number, to: number): Metric[] =>
  Array.from({ length: to - from }, (_, i) => metric(from + i));
const values = (metrics: readonly Metric[]): unknown[] => metrics.map(({ value }) => value);

const OPTIONS = { bound: 10, batch: 3, retryMs: [1, 4] as const };
const boxes: Outbox[] = [];
afterEach(async () => {
  for (const box of boxes.splice(0)) await box.close(0);
});

function sceneOf(first: readonly Metric[] = []) {
  const scene = {
    away: false,
    attempts: 0,
    batches: [] as number[],
    published: [] as Metric[],
    hangs: false,
    invalid: [] as number[],
  };
  const publish = (metrics: readonly Metric[]): Promise<void> => {
    scene.attempts++;
    if (scene.hangs) return new Promise(() => undefined);
    const bad = metrics.find(({ value }) => scene.invalid.includes(Number(value)));
    if (bad !== undefined)
      return Promise.reject(new TocsinError('TOC_MESSAGE_INVALID', `metric ${String(bad.value)}`));
    if (scene.away) return Promise.reject(new Error('no broker'));
    scene.batches.push(metrics.length);
    scene.published.push(...metrics);
    return Promise.resolve();
  };
  const box = createOutbox({ publish }, OPTIONS, first);
  boxes.push(box);
  return { scene, box };
}

it('publishes in order, in batches', async () => {
  const { scene, box } = sceneOf();
  box.add(some(0, 7));
  expect(await box.close(1_000)).toEqual([]);
  expect(values(scene.published)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(scene.batches).toEqual([3, 3, 1]);
});

it('tries the same batch again until it is acknowledged, and shows why it waits', async () => {
  const { scene, box } = sceneOf();
  scene.away = true;
  box.add(some(0, 4));
  await waitFor(() => scene.attempts >= 3, { what: 'three attempts' });
  expect(box.status()).toMatchObject({ queued: 4, published: 0, error: new Error('no broker') });
  scene.away = false;
  await waitFor(() => box.status().published === 4, { what: 'all published' });
  expect(values(scene.published)).toEqual([0, 1, 2, 3]);
  expect(box.status()).toEqual({
    queued: 0,
    published: 4,
    dropped: 0,
    refused: 0,
    refusal: null,
    error: null,
  });
});

it('leaves out what is refused for good, counts it, and goes on with the others in their order', async () => {
  const { scene, box } = sceneOf();
  scene.invalid = [1, 5];
  box.add(some(0, 8));
  await waitFor(() => box.status().queued === 0, { what: 'the outbox to be empty' });
  expect(values(scene.published)).toEqual([0, 2, 3, 4, 6, 7]);
  expect(box.status()).toMatchObject({ published: 6, refused: 2, dropped: 0, error: null });
  expect(String(box.status().refusal)).toContain('metric 5');
});

it('beyond its bound drops the oldest that it is not sending, and counts them', async () => {
  const { scene, box } = sceneOf();
  scene.hangs = true;
  box.add(some(0, 3));
  await waitFor(() => scene.attempts === 1, { what: 'the first batch under way' });
  box.add(some(3, 25));
  expect(box.status()).toMatchObject({ queued: 10, dropped: 15 });
  expect(values(await box.close(0))).toEqual([0, 1, 2, 18, 19, 20, 21, 22, 23, 24]);
});

it('takes over what the last one left', async () => {
  const { scene, box } = sceneOf(some(0, 2));
  box.add(some(2, 4));
  await box.close(1_000);
  expect(values(scene.published)).toEqual([0, 1, 2, 3]);
});

it('closing gives up after its time, without waiting for a publisher that hangs', async () => {
  const { scene, box } = sceneOf();
  scene.hangs = true;
  box.add(some(0, 2));
  const started = performance.now();
  expect(values(await box.close(20))).toEqual([0, 1]);
  expect(performance.now() - started).toBeLessThan(1_000);
});
