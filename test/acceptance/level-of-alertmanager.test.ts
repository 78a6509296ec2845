/**
 * An escalation's level that names a receiver of the alertmanager.yml: each of its integrations is told once, in Alertmanager's
 * form, one that is down delays no other, and of one that a reload takes away the reason is said.
 */
import { testServers } from '../harness/servers';
import { startSystem, type Role, type System } from '../harness/system';
import { waitFor } from '../harness/wait-for';

const STORY_MS = 240_000;
const ROUTE = 'route: { receiver: team, group_by: [alertname], group_wait: 500ms, group_interval: 1s }\n';
const TEAM = '  - { name: team, webhook_configs: [{ url: HOOK/team }] }\n';
const PAGER = `  - name: pager
    webhook_configs: [{ url: 'http://127.0.0.1:1/' }, { url: HOOK/pager }, { url: HOOK/quiet, send_resolved: false }]
`;

let system: System;
let roles: readonly Role[];
beforeAll(async () => {
  system = await startSystem({
    servers: testServers(),
    groups: `${ROUTE}receivers:\n${TEAM}${PAGER}`,
    more: {
      log: { level: 'debug' },
      route: { receivers: [] },
      escalation: [
        {
          name: 'default',
          delay: '1s',
          levels: [{ name: 'first', receivers: ['alertmanager/pager'], timeout: '1h' }],
        },
      ],
    },
  });
  roles = await system.startEach('evaluator', 'dispatcher', 'effects');
});
afterAll(() => system.close());

const pagesAt = (path: string) => system.pages().filter((page) => page.path.endsWith(path));

test(
  'a level is told once by each integration, and of the end by those that want it',
  async () => {
    await system.sample('db-1', 90);
    await waitFor(() => pagesAt('/pager').length > 0 && pagesAt('/quiet').length > 0, {
      what: 'the level',
      timeoutMs: 60_000,
    });
    const [page] = pagesAt('/pager');
    expect(page).toMatchObject({ status: 'firing', receiver: 'pager', alerts: ['db-1 firing'] });
    expect(page!.json).toMatchObject({
      ...{ version: '4', truncatedAlerts: 0, notification_reason: 'first notification' },
      groupLabels: { alertname: 'ConnectionsHigh', instance_id: 'db-1' },
    });
    const why = await system.command('why', 'instance_id="db-1"');
    expect(why).toContain('told alertmanager/pager/webhook/1 of escalate-1');
    expect(why).toContain('could not tell alertmanager/pager/webhook/0 of escalate-1');

    await system.sample('db-1', 10);
    await waitFor(() => pagesAt('/pager').length > 1, { what: 'the end', timeoutMs: 60_000 });
    expect(pagesAt('/pager').map(({ status, groupKey }) => [status, groupKey])).toEqual([
      ['firing', page!.groupKey],
      ['resolved', page!.groupKey],
    ]);
    expect(pagesAt('/quiet').map(({ status }) => status)).toEqual(['firing']);
  },
  STORY_MS,
);

test(
  'what a reload takes away is told to nobody, and why says so',
  async () => {
    await system.configureGroups(`${ROUTE}receivers:\n${TEAM}  - { name: pager }\n`);
    const [, dispatcher, effects] = roles;
    process.kill(dispatcher!.pid, 'SIGHUP');
    process.kill(effects!.pid, 'SIGHUP');
    await system.sample('db-2', 90);
    await waitFor(
      async () =>
        (await system.command('why', 'instance_id="db-2"')).includes(
          'alertmanager.yml has no integration pager (any more)',
        ),
      { what: 'why nobody is told', timeoutMs: 60_000, intervalMs: 1_000 },
    );
  },
  STORY_MS,
);
