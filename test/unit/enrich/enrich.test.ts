/** Providers run side by side, each in its time; whatever happens to one, each has its artifact. */
import { createEnrich } from '../../../src/enrich/enrich';
import type { EnrichmentProvider, EnrichmentSubject, Finding } from '../../../src/enrich/port';
import {
  quickArtifactsFrom,
  quickProviders,
  remoteProviders,
  remoteProvidersFor,
} from '../../../src/enrich/providers';
import { recentWindow } from '../../../src/enrich/providers/recent-window';
import { relatedAlerts } from '../../../src/enrich/providers/related-alerts';
import type { AlertLists } from '../../../src/history/port';
import type { Transition } from '../../../src/domain/transition';

const subject: EnrichmentSubject = {
  fingerprint: 'f',
  episode: 1,
  labels: { instance_id: 'db-1', database_type: 'postgresql' },
  recent: [],
};
const never = new AbortController().signal;

const provider = (
  name: string,
  collect: (signal: AbortSignal) => Promise<Finding>,
  more: Partial<EnrichmentProvider> = {},
): EnrichmentProvider => ({
  name,
  type: 'snapshot',
  quick: false,
  applies: () => true,
  collect: (_subject, signal) => collect(signal),
  ...more,
});
const enrichWith = (...providers: EnrichmentProvider[]) => createEnrich({ providers, now: () => new Date() });

it('answers an artifact for each provider, in the order asked, whatever happens to it', async () => {
  const enrich = enrichWith(
    provider('good', () => Promise.resolve({ title: 'found', data: { a: 1 }, url: 'http://there' })),
    provider('broken', () => Promise.reject(new Error('the target is away'))),
    provider('thrower', () => {
      throw new Error('thrown at once');
    }),
    provider('unfit', () => Promise.resolve({ title: '', data: null }), { applies: () => false }),
  );
  const asked = ['thrower', 'good', 'broken', 'unfit', 'unknown'].map((name) => ({
    provider: name,
    budgetMs: 1_000,
  }));
  expect(await enrich(subject, asked)).toMatchObject([
    { provider: 'thrower', status: 'failed', error: 'thrown at once' },
    {
      provider: 'good',
      status: 'ok',
      title: 'found',
      data: { a: 1 },
      url: 'http://there',
      error: null,
      collected_at: expect.stringMatching(/Z$/),
    },
    { provider: 'broken', status: 'failed', data: null, error: 'the target is away' },
    { provider: 'unfit', status: 'failed', error: 'it has nothing to say about an alert with these labels' },
    { provider: 'unknown', status: 'failed', error: 'there is no provider "unknown"' },
  ]);
});

it('reports a late provider, tells it to stop, and is not delayed by it, even when it does not heed that', async () => {
  let told = false;
  const enrich = enrichWith(
    provider('deaf', () => new Promise(() => undefined)),
    provider('late', (signal) => new Promise(() => signal.addEventListener('abort', () => (told = true)))),
    provider('swift', () => Promise.resolve({ title: 'found', data: null })),
  );
  const began = Date.now();
  const artifacts = await enrich(subject, [
    { provider: 'deaf', budgetMs: 50 },
    { provider: 'late', budgetMs: 50 },
    { provider: 'swift', budgetMs: 50 },
  ]);
  expect(artifacts.map(({ status, error }) => [status, error])).toEqual([
    ['late', 'no answer within 50 ms'],
    ['late', 'no answer within 50 ms'],
    ['ok', null],
  ]);
  expect(told).toBe(true);
  expect(Date.now() - began).toBeLessThan(1_000);
});

it('keeps short what stands in messages, whatever a provider says', async () => {
  const enrich = enrichWith(
    provider('talker', () =>
      Promise.resolve({ title: 't'.repeat(1e6), data: 'd'.repeat(1e7), url: 'javascript:alert(1)' }),
    ),
    provider('screamer', () => Promise.reject(new Error('e'.repeat(1e6)))),
    provider('circle', () => {
      const data: { again?: unknown } = {};
      data.again = data;
      return Promise.resolve({ title: 'round', data });
    }),
    provider('nothing', () => Promise.resolve(undefined as unknown as Finding)),
  );
  const artifacts = await enrich(
    subject,
    ['talker', 'screamer', 'circle', 'nothing'].map((name) => ({ provider: name, budgetMs: 5_000 })),
  );
  expect(artifacts).toMatchObject([
    { status: 'ok', data: { truncated: true }, url: null },
    { status: 'failed' },
    { status: 'failed', error: 'the data are more than 100 levels deep' },
    { status: 'failed' },
  ]);
  expect(artifacts[0]!.title).toHaveLength(200);
  expect(artifacts[1]!.error).toHaveLength(500);
  expect(Buffer.byteLength(JSON.stringify(artifacts))).toBeLessThan(70_000);
});

it('stops when nobody waits any more', async () => {
  const stop = new AbortController();
  const answer = enrichWith(provider('slow', () => new Promise(() => undefined)))(
    subject,
    [{ provider: 'slow', budgetMs: 60_000 }],
    stop.signal,
  );
  stop.abort();
  expect(await answer).toMatchObject([{ status: 'failed', error: 'nobody waits for it any more' }]);
});

describe('the recent window', () => {
  it('is the points before the alert, with their range; odd values count for nothing in it', async () => {
    const recent = [
      [1_000, 5],
      [2_000, 'NaN'],
      [3_000, '+Inf'],
      [4_000, 9],
    ] as const;
    const { title, data } = await recentWindow.collect({ ...subject, recent }, never);
    expect(title).toBe('4 points before the alert');
    expect(data).toEqual({
      points: recent,
      from: '1970-01-01T00:00:01.000Z',
      to: '1970-01-01T00:00:04.000Z',
      min: 5,
      max: 9,
      first: 5,
      last: 9,
    });
  });
});

const related = (count: number): Pick<AlertLists, 'related'> => ({
  related: (_row, limit) =>
    Promise.resolve(
      Array.from({ length: Math.min(count, limit) }, (_, i) => ({
        fingerprint: String(i),
        alert_name: 'A',
        severity: null,
        resource: null,
        state: 'FIRING',
        starts_at: '',
      })),
    ),
});

it('counts related alerts, and says when there are more than it lists', async () => {
  expect((await relatedAlerts(related(2)).collect(subject, never)).title).toBe(
    '2 other alerts fire on this instance',
  );
  expect((await relatedAlerts(related(50)).collect(subject, never)).title).toBe(
    '20 or more other alerts fire on this instance',
  );
});

describe('who asks which provider', () => {
  const budgets = ['recent_window', 'related_alerts', 'postgres_sessions', 'postgres_blockers'].map(
    (name) => ({ provider: name, budgetMs: 5_000 }),
  );

  it('an activity asks those that reach a target, where it is of their kind and configured', () => {
    const targets = new Set(['db-1']);
    expect(remoteProvidersFor(subject.labels, budgets, targets)).toEqual(budgets.slice(2));
    expect(remoteProvidersFor(subject.labels, budgets.slice(0, 3), targets)).toEqual([budgets[2]]);
    expect(remoteProvidersFor({ ...subject.labels, instance_id: 'db-2' }, budgets, targets)).toEqual([]);
    expect(remoteProvidersFor({ instance_id: 'm-1', database_type: 'mongodb' }, budgets, targets)).toEqual(
      [],
    );
    expect(remoteProvidersFor({ database_type: 'postgresql' }, budgets, targets)).toEqual([]);
  });

  it('an opening alert asks the quick ones', async () => {
    const transition = {
      fingerprint: 'f',
      labels: subject.labels,
      recent: [[1, 2]],
    } as unknown as Transition;
    const quick = quickArtifactsFrom({ lists: related(1), budgets });
    expect((await quick(transition, 1)).map(({ provider: name, status }) => [name, status])).toEqual([
      ['recent_window', 'ok'],
      ['related_alerts', 'ok'],
    ]);
    expect(await quickArtifactsFrom({ lists: related(1), budgets: [] })(transition, 1)).toEqual([]);
  });

  it('nobody asks for the last points of an alert that came without', async () => {
    const transition = { fingerprint: 'f', labels: subject.labels, recent: [] } as unknown as Transition;
    const artifacts = await quickArtifactsFrom({ lists: related(1), budgets })(transition, 1);
    expect(artifacts.map(({ provider: name }) => name)).toEqual(['related_alerts']);
  });

  it('each is one or the other', () => {
    expect(quickProviders(related(0)).every(({ quick }) => quick)).toBe(true);
    expect(remoteProviders({ read: () => Promise.resolve([]) }).some(({ quick }) => quick)).toBe(false);
  });
});
