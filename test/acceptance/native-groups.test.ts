/**
 * Alerts of Tocsin's own rules go by the routes of the alertmanager.yml that tocsin.yaml names: one page for a group, its
 * end, the reason on record, and a reload that tells nobody anew.
 */
import { ensureTopics, metricTopic } from '../../src/stream/topics';
import { testServers } from '../harness/servers';
import { sampleOf, startSystem, type Role, type System } from '../harness/system';
import { waitFor } from '../harness/wait-for';

const STORY_MS = 180_000;
const GROUPS = `
route: { receiver: team, group_by: [alertname], group_wait: 2s, group_interval: 2s, repeat_interval: 1h }
receivers:
  - { name: team, webhook_configs: [{ url: HOOK/team }] }
  - { name: dba, webhook_configs: [{ url: HOOK/dba }] }
`;

let system: System;
let dispatcher: Role;

beforeAll(async () => {
  system = await startSystem({
    servers: testServers(),
    groups: GROUPS,
    more: { log: { level: 'debug' }, route: { receivers: [] } },
  });
  const { kafka, instance } = system;
  await ensureTopics(kafka, instance, [metricTopic(instance, sampleOf('db-1', 0, 0))], { development: true });
  const [evaluator, other] = await Promise.all([system.start('evaluator'), system.start('dispatcher')]);
  dispatcher = other;
  await waitFor(() => evaluator.output().includes('evaluate: assigned'), {
    what: 'its partitions',
    timeoutMs: 30_000,
  });
});

afterAll(() => system.close());

const pagesOf = (receiver: string): string[] =>
  system
    .pages()
    .filter((page) => page.receiver === receiver)
    .map(({ status, alerts }) => `${status}: ${[...alerts].sort().join(', ')}`);

const until = (receiver: string, many: number) =>
  waitFor(() => pagesOf(receiver).length >= many, {
    what: `${many} pages of ${receiver}: ${JSON.stringify(system.pages())}`,
    timeoutMs: 30_000,
  });

test(
  'one page for all that fires together, one for what joins it, and one for the end',
  async () => {
    await Promise.all([system.sample('db-1', 90), system.sample('db-2', 95)]);
    await until('team', 1);
    expect(pagesOf('team')).toEqual(['firing: db-1 firing, db-2 firing']);

    await system.sample('db-3', 90);
    await until('team', 2);
    expect(pagesOf('team')[1]).toBe('firing: db-1 firing, db-2 firing, db-3 firing');

    const why = JSON.parse(await system.command('why', 'instance_id="db-1"', '--json')) as {
      routes: { receiver: string; statements: { kind: string; text: string }[] }[];
    }[];
    expect(why[0]!.routes).toMatchObject([{ receiver: 'team' }]);
    expect(why[0]!.routes[0]!.statements[0]).toMatchObject({ kind: 'told', integration: 'team/webhook/0' });
  },
  STORY_MS,
);

test(
  'a reload moves open groups, and whoever was told is not told anew; a bad file changes nothing',
  async () => {
    const before = system.pages().length;
    await system.configureGroups('route: { receiver: nobody }');
    process.kill(dispatcher.pid, 'SIGHUP');
    await waitFor(() => dispatcher.output().includes('was not read again'), { what: 'the refusal' });

    await system.configureGroups(GROUPS.replace('group_by: [alertname]', 'group_by: [alertname, severity]'));
    process.kill(dispatcher.pid, 'SIGHUP');
    for (const each of ['db-1', 'db-2', 'db-3']) await system.sample(each, 50);
    await waitFor(() => pagesOf('team').at(-1)?.startsWith('resolved'), {
      what: 'the end',
      timeoutMs: 30_000,
    });
    const later = system.pages().slice(before);
    expect(later.every(({ groupKey }) => groupKey.length > 0)).toBe(true);
    expect(
      later
        .flatMap(({ alerts }) => alerts)
        .filter((each) => each.endsWith('resolved'))
        .sort(),
    ).toEqual(['db-1 resolved', 'db-2 resolved', 'db-3 resolved']);
  },
  STORY_MS,
);
