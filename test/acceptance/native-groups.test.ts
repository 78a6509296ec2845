/**
 * Alerts of Tocsin's own rules go by the routes of the alertmanager.yml that tocsin.yaml names: one page for a group, its
 * end, the reason on record, a reload that tells nobody anew, and a target that is down.
 */
import { ensureTopics, metricTopic } from '../../src/stream/topics';
import { testServers } from '../harness/servers';
import { METRIC, sampleOf, startSystem, type Role, type System } from '../harness/system';
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
    more: {
      log: { level: 'debug' },
      route: { receivers: [] },
      rules: [
        { name: 'ConnectionsHigh', metric: METRIC, threshold: 80, severity: 'critical' },
        { name: 'TargetDown', metric: 'up', operator: '<', threshold: 1, severity: 'critical' },
      ],
    },
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

test(
  'a target that is down mutes the other alerts of its instance until it is up',
  async () => {
    const up = (value: number) => ({ ...sampleOf('db-9', value, Date.now()), metric_name: 'up' });
    const named = (name: string): string[] =>
      system
        .pages()
        .filter(({ json, alerts }) => json.status === 'firing' && alerts.includes('db-9 firing'))
        .map(({ json }) => (json.groupLabels as { alertname: string }).alertname)
        .filter((each) => each === name);
    await system.publish([up(0)]);
    await waitFor(() => named('TargetDown').length > 0, { what: 'the target', timeoutMs: 30_000 });
    await system.sample('db-9', 95);
    interface Held {
      readonly stage: string;
      readonly text: string;
    }
    const held = async (): Promise<Held | undefined> => {
      const alert = ['alertname="ConnectionsHigh"', 'instance_id="db-9"'];
      const text = await system.command('why', ...alert, '--json').catch(() => '[]');
      const [why] = JSON.parse(text) as { routes: { statements: (Held & { kind: string })[] }[] }[];
      return why?.routes[0]?.statements.find(({ kind }) => kind === 'held');
    };
    let last: Held | undefined;
    await waitFor(async () => (last = await held()) !== undefined, { what: 'the hold', timeoutMs: 30_000 });
    expect(last).toMatchObject({
      stage: 'inhibition',
      text: expect.stringContaining('inhibits it by inhibition rule "target down"') as string,
    });
    expect(named('ConnectionsHigh')).toEqual([]);

    await system.publish([up(1)]);
    await waitFor(() => named('ConnectionsHigh').length > 0, { what: 'what was muted', timeoutMs: 30_000 });
  },
  STORY_MS,
);
