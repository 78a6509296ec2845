/** Enrichment in an alert's life, on a real Temporal: it is reported in the alert, and nobody waits for it but by choice. */
import { createEnrichmentActivities, type EnrichmentRequest } from '../../../activities/enrichment';
import type { Artifact } from '../../../src/domain/artifact';
import { createEnrich } from '../../../src/enrich/enrich';
import type { EnrichmentProvider, Finding } from '../../../src/enrich/port';
import { acknowledgeUpdate, timelineQuery } from '../../../workflows/messages';
import { waitFor } from '../../harness/wait-for';
import { realWorld, type TestAlert, type World } from '../../workflows/world';

const provider = (name: string, collect: () => Promise<Finding>): EnrichmentProvider => ({
  name,
  type: 'snapshot',
  quick: false,
  applies: () => true,
  collect,
});
const { enrich } = createEnrichmentActivities({
  enrich: createEnrich({
    now: () => new Date(),
    providers: [
      provider('hangs', () => new Promise(() => undefined)),
      provider('throws', () => Promise.reject(new Error('the target is away'))),
      provider('heavy', () => Promise.resolve({ title: 'much', data: Array(1e6).fill('a row of a table') })),
    ],
  }),
});

let world: World;
beforeAll(async () => {
  const breaking = (request: EnrichmentRequest) =>
    request.providers.some((one) => one.provider === 'breaks')
      ? Promise.reject(new Error('no memory left'))
      : enrich(request);
  world = await realWorld({ activities: { enrich: breaking } });
});
afterAll(() => world?.close());

const page = [
  { receiver: 'pager', notifyAfter: 'fire', deadlineMs: 0, sendResolved: true },
  { receiver: 'service', notifyAfter: 'enrich', deadlineMs: 30_000, sendResolved: true },
] as const;
const asked = (...names: string[]) => names.map((name) => ({ provider: name, budgetMs: 1_500 }));
const kinds = (alert: TestAlert) => alert.timeline().map(({ kind }) => kind);
const record = (alert: TestAlert) => alert.records().find(({ artifacts }) => (artifacts ?? []).length > 0);
const outcomes = (artifacts: readonly Artifact[]) =>
  artifacts.map((artifact) => [artifact.provider, artifact.status]);

it('a provider that hangs, one that throws and one that finds megabytes: reported, and nothing waits', async () => {
  const alert = world.alert({ page, enrich: asked('hangs', 'throws', 'heavy') });
  await alert.deliver();
  await waitFor(() => alert.messages().includes('escalate-1>mail-1'), { what: 'the first level to be told' });
  const answer = await alert.handle.executeUpdate(acknowledgeUpdate, { args: [{ owner: 'ann' }] });
  expect(answer.state).toBe('ACKNOWLEDGED');
  expect(kinds(alert)).not.toContain('enriched');

  await waitFor(() => kinds(alert).includes('enriched'), { what: 'the artifacts' });
  const { artifacts, release, timeline } = record(alert)!;
  expect(outcomes(artifacts ?? [])).toEqual([
    ['hangs', 'late'],
    ['throws', 'failed'],
    ['heavy', 'ok'],
  ]);
  expect(timeline[0]!.text).toBe('enriched: hangs late, throws failed, heavy ok');
  expect(release).toEqual(['service']);
  expect(JSON.stringify(artifacts).length).toBeLessThan(80_000);
  expect((await alert.handle.query(timelineQuery)).map(({ kind }) => kind)).toEqual([
    'fired',
    'escalated',
    'acknowledged',
    'enriched',
  ]);
});

it('an enrichment that fails as a whole is reported for each that was asked, and ends the wait', async () => {
  const alert = world.alert({ page, enrich: asked('breaks', 'throws') });
  await alert.deliver();
  await waitFor(() => kinds(alert).includes('enriched'), { what: 'the artifacts' });
  const { artifacts, release } = record(alert)!;
  expect(outcomes(artifacts ?? [])).toEqual([
    ['breaks', 'failed'],
    ['throws', 'failed'],
  ]);
  expect(artifacts![0]!.error).toBe('no memory left');
  expect(release).toEqual(['service']);
});
