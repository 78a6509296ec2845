/** Two alerts of one group that nobody takes reach a level as one message, which lists both; each has it on record. */
import { ensureTopics, metricTopic } from '../../src/stream/topics';
import { testServers } from '../harness/servers';
import { sampleOf, startSystem, type System } from '../harness/system';
import { waitFor } from '../harness/wait-for';

const STORY_MS = 180_000;
const GROUPS = `
route: { receiver: team, group_by: [alertname], group_wait: 500ms, group_interval: 1s, repeat_interval: 1h }
receivers:
  - { name: team, webhook_configs: [{ url: HOOK/team }] }
`;

let system: System;
beforeAll(async () => {
  system = await startSystem({
    servers: testServers(),
    groups: GROUPS,
    levels: [3_000],
    more: { log: { level: 'debug' }, route: { receivers: [] } },
  });
  const { kafka, instance } = system;
  await ensureTopics(kafka, instance, [metricTopic(instance, sampleOf('db-1', 0, 0))], { development: true });
  const [evaluator] = await Promise.all([
    system.start('evaluator'),
    system.start('dispatcher'),
    system.start('effects'),
  ]);
  await waitFor(() => evaluator.output().includes('evaluate: assigned'), {
    what: 'its partitions',
    timeoutMs: 30_000,
  });
});
afterAll(() => system.close());

test(
  'a level is told once of all alerts of a group, and of the end of each',
  async () => {
    const at = Date.now();
    await system.publish(['db-1', 'db-2'].map((name) => sampleOf(name, 90, at)));
    await waitFor(() => system.messages().length > 0, { what: 'the escalation', timeoutMs: 60_000 });
    const rows = await system.history.lists.list({});
    const storyOf = async (fingerprint: string): Promise<string[]> =>
      (await system.history.lists.timeline(fingerprint)).map(({ kind }) => kind);
    await waitFor(
      async () => {
        const stories = await Promise.all(rows.map(({ fingerprint }) => storyOf(fingerprint)));
        return stories.length === 2 && stories.every((kinds) => kinds.includes('notified'));
      },
      { what: 'both records', timeoutMs: 30_000 },
    );
    const escalations = system.messages().filter(({ step }) => step === 'escalate-1');
    expect(escalations).toHaveLength(1);
    const { escalated_alerts: all, subject } = escalations[0]!.payload;
    expect(all!.map(({ resource }) => resource).sort()).toEqual(['db-1', 'db-2']);
    expect(subject).toContain('and 1 more');

    await system.publish(['db-1', 'db-2'].map((name) => sampleOf(name, 10, Date.now())));
    await waitFor(() => system.told().filter((line) => line.startsWith('level1 resolved')).length === 2, {
      what: 'both ends',
      timeoutMs: 30_000,
    });
    expect(system.told().filter((line) => line.includes('escalate'))).toHaveLength(1);
  },
  STORY_MS,
);
