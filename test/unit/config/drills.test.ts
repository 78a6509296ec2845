/** Drills in tocsin.yaml: who, and when; what cannot be meant is said with its place. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkConfig } from '../../../src/config/load';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tocsin-drills-'));
  writeFileSync(
    join(folder, 'alertmanager.yml'),
    'route: { receiver: team }\nreceivers: [{ name: team, webhook_configs: [{ url: http://h/ }] }]\n',
  );
  writeFileSync(join(folder, 'broken.yml'), 'route: {}\n');
});
afterAll(() => rmSync(folder, { recursive: true }));

const RECEIVERS = `
receivers: [{ name: hook, type: webhook, url: 'http://h/' }]
route: { receivers: [hook] }
`;
const THERE = 'alertmanager: { file: alertmanager.yml }\n';

const check = (drills: string, more = '') =>
  checkConfig({ text: `${RECEIVERS}${more}drills: [${drills}]`, path: join(folder, 'tocsin.yaml') }, {});
const said = (drills: string, more?: string) =>
  check(drills, more).problems.map(({ path, message }) => `${path} ${message}`);

it('takes receivers of both files, and UTC where no zone is named', () => {
  const { config, problems } = check(
    "{ name: a, receivers: [hook, alertmanager/team], cron: ' 0 10 1 * * ' }, { name: b, receivers: [hook], cron: '0 9 * * mon', time_zone: Europe/Berlin }",
    THERE,
  );
  expect(problems).toEqual([]);
  expect(config!.drills).toEqual([
    { name: 'a', receivers: ['hook', 'alertmanager/team'], cron: '0 10 1 * *', timeZone: 'UTC' },
    { name: 'b', receivers: ['hook'], cron: '0 9 * * mon', timeZone: 'Europe/Berlin' },
  ]);
});

it.each([
  ["{ name: a, receivers: [], cron: '0 10 1 * *' }", /receivers/],
  ["{ name: a, receivers: [hok], cron: '0 10 1 * *' }", /drills\[0\]\.receivers\[0\] is no receiver/],
  ["{ name: a, receivers: [hook, hook], cron: '0 10 1 * *' }", /receivers\[1\] stands here already/],
  ["{ name: a, receivers: [alertmanager/team], cron: '0 10 1 * *' }", /no alertmanager.yml is named/],
  ["{ name: a, receivers: [hook], cron: '0 25 1 * *' }", /drills\[0\]\.cron is not accepted/],
  ["{ name: a, receivers: [hook], cron: '0 1 1 * *', time_zone: Berlin }", /time_zone is no time zone/],
  ['{ name: a, receivers: [hook] }', /cron/],
])('%s', (drills, problem) => expect(said(drills)).toEqual([expect.stringMatching(problem)]));

it('a name that the alertmanager.yml has not', () => {
  const drills = "{ name: a, receivers: [alertmanager/teem], cron: '0 10 1 * *' }";
  expect(check(drills, THERE).problems).toMatchObject([
    { path: 'drills[0].receivers[0]', suggestion: 'alertmanager/team', accepted: 'hook, alertmanager/team' },
  ]);
});

it('of a file with errors nobody knows its receivers: only the errors are told', () => {
  const drills = "{ name: a, receivers: [alertmanager/any], cron: '0 10 1 * *' }";
  const problems = check(drills, 'alertmanager: { file: broken.yml }\n').problems;
  expect(problems.length).toBeGreaterThan(0);
  expect(problems.filter(({ path }) => path.startsWith('drills'))).toEqual([]);
});
