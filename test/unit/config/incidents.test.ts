/** `incidents`: what is taken, and what is wrong with what is not. */
import { checkConfig, loadConfig } from '../../../src/config/load';
import { problemText } from '../../../src/config/problems';

const BASE = `
receivers: [{ name: slack, type: webhook, url: "http://h/" }]
route: { receivers: [slack] }
people: [{ name: dora, notify: { high: [slack] } }]
schedules: [{ name: commander, layers: [{ name: l, people: [dora], start: 2026-01-05 }] }]
incidents:
`;
const load = (text: string) => loadConfig({ text: BASE + text, path: 'tocsin.yaml' }, {}).incidents;
const problems = (text: string): string[] =>
  checkConfig({ text: BASE + text, path: 'tocsin.yaml' }, {}).problems.map((problem) =>
    problemText(problem).replace(/^tocsin\.yaml:\d+:\d+: /, ''),
  );

it('what is left out is by default', () => {
  expect(load('  - { name: shop, receivers: [slack] }')).toEqual([
    {
      ...{ name: 'shop', matchers: [], groupBy: ['service'], related: {}, windowMs: 300_000, minAlerts: 2 },
      ...{ resolveAfterMs: 60_000, commander: { schedules: [], people: [] }, receivers: ['slack'] },
    },
  ]);
});

it('all of it', () => {
  const text = `
  - name: shop
    matchers: ['team="shop"']
    group_by: [service, environment]
    related: { service: [[orders, payments]] }
    window: 10m
    min_alerts: 3
    resolve_after: 0s
    commander: { schedules: [commander], people: [dora] }
    receivers: [slack]`;
  expect(problems(text)).toEqual([]);
  expect(load(text)).toMatchObject([
    {
      ...{ matchers: [{ name: 'team', op: '=', value: 'shop' }], groupBy: ['service', 'environment'] },
      ...{
        related: { service: [['orders', 'payments']] },
        windowMs: 600_000,
        minAlerts: 3,
        resolveAfterMs: 0,
      },
      commander: { schedules: ['commander'], people: ['dora'] },
    },
  ]);
});

it('names lead somewhere', () => {
  const text = `
  - { name: shop, receivers: [slak], commander: { schedules: [comander], people: [dorra] } }
  - { name: shop, receivers: [slack] }`;
  expect(problems(text)).toEqual([
    'incidents[0].receivers[0]: "slak" is no receiver; did you mean "slack"?; accepted: slack',
    'incidents[0].commander.schedules[0]: "comander" is no schedule; did you mean "commander"?; accepted: commander',
    'incidents[0].commander.people[0]: "dorra" is no person; did you mean "dora"?; accepted: dora',
    'incidents[1].name: "shop" is the name of incidents[0] already',
  ]);
});

it('a value is related to those of one list, of a label that relates alerts', () => {
  const text = `
  - { name: a, receivers: [slack], related: { service: [[orders, payments], [stock, orders]] } }
  - { name: b, receivers: [slack], group_by: [service], related: { team: [[x, y]] } }`;
  expect(problems(text)).toEqual([
    'incidents[0].related.service[1][1]: "orders" stands at incidents[0].related.service[0][0] already: what is related to one of a list is related to all; accepted: one list for both',
    'incidents[1].related.team: relates values of a label by which no alerts are grouped; accepted: one of group_by: service',
  ]);
});

it.each([
  ['receivers: []', 'receivers: a list is too short; accepted: a list of at least 1'],
  [
    'receivers: [slack], min_alerts: 1',
    'min_alerts: 1 is not accepted; accepted: a whole number from 2 to 1000',
  ],
  ['receivers: [slack], group_by: []', 'group_by: a list is too short; accepted: a list of at least 1'],
  [
    'receivers: [slack], related: { service: [[orders]] }',
    'related.service[0]: a list is too short; accepted: a list of at least 2',
  ],
  [
    'receivers: [slack], commander: dora',
    'commander: "dora" is not accepted; accepted: a mapping of keys to values',
  ],
])('%s', (text, expected) => {
  expect(problems(`  - { name: shop, ${text} }`)).toEqual([`incidents[0].${expected}`]);
});
