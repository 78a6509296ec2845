/** A flood of alerts that are alike: the first have a page each, the others a digest, and one message tells that they are over. */
import { ensureTopics, metricTopic } from '../../src/stream/topics';
import { testServers } from '../harness/servers';
import { METRIC, sampleOf, startSystem, type System } from '../harness/system';
import { waitFor } from '../harness/wait-for';

const STORY_MS = 180_000;
const HOSTS = ['db-1', 'db-2', 'db-3', 'db-4', 'db-5', 'db-6'];
const RULE = { metric: METRIC, threshold: 80, recovery_threshold: 60 };

let system: System;
beforeAll(async () => {
  system = await startSystem({
    servers: testServers(),
    more: {
      log: { level: 'debug' },
      rules: [{ ...RULE, name: 'ConnectionsHigh', severity: 'warning' }],
      route: {
        receivers: ['hook'],
        fatigue_limit: { similar: 2, window: '1h', group_by: ['alertname'], digest_after: '4s' },
      },
    },
  });
  const { kafka, instance } = system;
  await ensureTopics(kafka, instance, [metricTopic(instance, sampleOf('db-1', 0, 0))], { development: true });
  const [evaluator] = await Promise.all([
    system.start('evaluator'),
    system.start('dispatcher'),
    system.start('effects'),
    system.start('effects'),
  ]);
  await waitFor(() => evaluator.output().includes('evaluate: assigned'), {
    what: 'its partitions',
    timeoutMs: 30_000,
  });
});
afterAll(() => system.close());

test(
  'two are told by themselves, four in a digest, and of the end in the same way',
  async () => {
    const all = (value: number) => system.publish(HOSTS.map((host) => sampleOf(host, value, Date.now())));
    const digests = () => system.messages().filter(({ payload }) => payload.digest_alerts !== undefined);
    await all(90);
    await waitFor(() => digests().length > 0, { what: 'the digest', timeoutMs: 60_000 });
    expect(digests()[0]!.payload.subject).toBe('[WARNING, digest] 4 more like ConnectionsHigh: 4 firing');
    const singles = system.messages().filter(({ payload }) => payload.digest_alerts === undefined);
    const inDigest = digests()[0]!.payload.digest_alerts!.map(({ resource }) => resource!);
    expect([...singles.map(({ instanceId }) => instanceId), ...inDigest].sort()).toEqual(HOSTS);
    expect(singles).toHaveLength(2);

    const { fingerprint } = digests()[0]!.payload.digest_alerts![0]!;
    const told = await system.command('why', fingerprint, '--json');
    expect((JSON.parse(told) as { pages: unknown[] }[])[0]!.pages).toContainEqual(
      expect.objectContaining({
        stage: 'throttle',
        by: [
          expect.objectContaining({
            kind: 'fatigue limit',
            limit: 2,
            told: 2,
            like: { alertname: 'ConnectionsHigh' },
          }),
        ],
      }),
    );

    await all(10);
    await waitFor(() => system.messages().length >= 6, { what: 'the ends', timeoutMs: 60_000 });
    await waitFor(async () => (await system.history.queue.nextDueInMs()) === null, {
      what: 'nothing to wait',
      timeoutMs: 30_000,
    });
    expect(digests().map(({ payload: { subject } }) => subject)[1]).toBe(
      '[RESOLVED, digest] 4 like ConnectionsHigh are over',
    );
    expect(system.messages().map(({ step }) => step)).toEqual([
      'fire',
      'fire',
      'fire',
      'resolved',
      'resolved',
      'resolved',
    ]);
  },
  STORY_MS,
);
