import { compileRoutes } from '../../../src/dispatch/routes';
import type { RouteOptions } from '../../../src/dispatch/port';
import { parseMatcherList } from '../../../src/domain/alertmanager-matchers';
import { createGroupIndex } from '../../../src/dispatch/group-index';

interface Sketch {
  readonly to: string;
  readonly when?: string;
  readonly by?: readonly string[] | null;
  readonly goesOn?: boolean;
  readonly below?: readonly Sketch[];
}

const routeOf = ({
  to,
  when = '',
  by = ['alertname'],
  goesOn = false,
  below = [],
}: Sketch): RouteOptions => ({
  receiver: to,
  groupBy: by,
  ...{ groupWaitMs: 1_000, groupIntervalMs: 2_000, repeatIntervalMs: 3_000 },
  matchers: parseMatcherList(when, 'fallback').matchers,
  continue: goesOn,
  ...{ muteTimeIntervals: [], activeTimeIntervals: [], labels: {} },
  routes: below.map(routeOf),
});

const tree = compileRoutes(
  routeOf({
    to: 'all',
    below: [
      {
        to: 'db',
        when: 'service="db"',
        below: [
          { to: 'dba', when: 'severity=~"crit.*"' },
          { to: 'night', when: 'env!="dev"' },
        ],
      },
      { to: 'audit', when: 'audit="yes"', goesOn: true },
      { to: 'web', when: 'service="web"', by: null },
    ],
  }),
);
const receivers = (labels: Record<string, string>) =>
  tree.placesOf(labels).map(({ route }) => route.options.receiver);

it.each([
  ['matches nothing below', { service: 'mail' }, ['all']],
  ['matches a route and none below it', { service: 'db', env: 'dev' }, ['db']],
  ['matches two siblings: the first has it', { service: 'db', severity: 'critical', env: 'prod' }, ['dba']],
  ['has no label that is compared with !=', { service: 'db' }, ['night']],
  ['goes on behind a route that says so', { audit: 'yes', service: 'web' }, ['audit', 'web']],
  ['goes on and finds nothing more', { audit: 'yes' }, ['audit']],
])('an alert that %s goes to %j', (_, labels, expected) => {
  expect(receivers(labels)).toEqual(expected);
});

it('keys and ids are as Alertmanager writes them', () => {
  const [place] = tree.placesOf({ alertname: 'X', service: 'db', severity: 'critical', host: 'a' });
  expect(place).toMatchObject({
    key: '{}/{service="db"}/{severity=~"crit.*"}:{alertname="X"}',
    labels: { alertname: 'X' },
    route: { id: '{}/{service="db"}/0/{severity=~"crit.*"}/0' },
  });
});

it('without group_by all labels make the group; a label that the alert has not is not in it', () => {
  expect(tree.placesOf({ service: 'web', host: 'a' })[0]!.labels).toEqual({ service: 'web', host: 'a' });
  expect(tree.placesOf({ service: 'mail' })[0]!.labels).toEqual({});
});

it('alerts of other values are in another group, and the same route under another place in the tree has another id', () => {
  const id = (labels: Record<string, string>) => tree.placesOf(labels)[0]!.id;
  expect(id({ alertname: 'X' })).toBe(id({ alertname: 'X', host: 'a' }));
  expect(id({ alertname: 'X' })).not.toBe(id({ alertname: 'Y' }));
  expect(id({ alertname: 'X', service: 'db', env: 'dev' })).not.toBe(id({ alertname: 'X' }));
});

it('the index has a group as long as it has members', () => {
  const index = createGroupIndex(tree);
  const [place] = index.add('f1', { alertname: 'X' });
  index.add('f2', { alertname: 'X' });
  expect([...index.group(place!.id)!.members]).toEqual(['f1', 'f2']);
  index.leave(place!.id, 'f1');
  expect(index.placesOf('f1')).toHaveLength(1);
  index.remove('f2');
  expect([...index.groups()]).toEqual([]);
});
