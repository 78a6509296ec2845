/** Levels and incidents of tocsin.yaml that name receivers of the alertmanager.yml. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkConfig } from '../../../src/config/load';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tocsin-levels-'));
  writeFileSync(
    join(folder, 'alertmanager.yml'),
    'route: { receiver: pager }\nreceivers: [{ name: pager, webhook_configs: [{ url: http://h/ }] }, { name: nobody }]\n',
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

const THERE = 'alertmanager: { file: alertmanager.yml }\n';
const level = (name: string): string =>
  `escalation: [{ name: default, levels: [{ name: first, receivers: [hook, ${name}], timeout: 5m }] }]\n`;
const incident = (name: string): string => `incidents: [{ name: shop, receivers: [${name}] }]\n`;
const check = (...parts: readonly string[]) =>
  checkConfig(
    {
      text: `receivers: [{ name: hook, type: webhook, url: 'http://h/' }]\n${parts.join('')}`,
      path: join(folder, 'tocsin.yaml'),
    },
    {},
  );

it('are taken, and hear of ends', () => {
  const { config, problems } = check(THERE, level('alertmanager/pager'), incident('alertmanager/pager'));
  expect(problems).toEqual([]);
  expect(config!.escalations[0]!.policy.levels[0]!.receivers).toEqual(['hook', 'alertmanager/pager']);
  expect(config!.incidents[0]!.receivers).toEqual(['alertmanager/pager']);
  expect(config!.resolveTo).toEqual(['hook', 'alertmanager/pager']);
});

it.each([
  [level, 'escalation[0].levels[0].receivers[1]'],
  [incident, 'incidents[0].receivers[0]'],
])('are refused where the file has none of the name, with those that it has', (section, path) => {
  expect(check(THERE, section('alertmanager/pagr')).problems).toMatchObject([
    { path, suggestion: 'alertmanager/pager', accepted: 'hook, alertmanager/pager, alertmanager/nobody' },
  ]);
  expect(check('route: { receivers: [hook] }\n', section('alertmanager/pager')).problems).toMatchObject([
    { path, message: 'is no receiver: no alertmanager.yml is named' },
  ]);
});

const drill = (name: string): string =>
  `drills: [{ name: monthly, receivers: [${name}], cron: '0 10 1 * *' }]\n`;
const file = (more: string): string => `alertmanager: { file: alertmanager.yml, ${more} }\n`;
it.each([
  ['escalation[0].levels[0].receivers[1]', THERE, level('alertmanager/nobody')],
  ['incidents[0].receivers[0]', THERE, incident('alertmanager/nobody')],
  ['drills[0].receivers[0]', THERE, drill('alertmanager/nobody')],
  ['alertmanager.storm_summary', file('storm_summary: nobody')],
  ['alertmanager.receivers[0].fallback', file('receivers: [{ name: pager, fallback: nobody }]')],
])('one without integrations tells nobody: %s', (path, ...parts) => {
  const message = 'tells nobody: receiver nobody of alertmanager.yml has no integrations';
  const { config, problems } = check(...parts);
  expect(problems).toMatchObject([{ level: 'warning', path, message }]);
  expect(config).not.toBeNull();
});
