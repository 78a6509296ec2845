/** docs/oncall.md and examples/oncall.yaml: what the page says is what happens. */
import { readFileSync } from 'node:fs';
import { checkConfig, loadConfig } from '../../../src/config/load';
import { planEscalation } from '../../../src/domain/escalation';
import { createOnCall } from '../../../src/oncall/on-call';
import { wallText } from '../../../src/oncall/wall-clock';
import { run } from '../cli/fake-context';

const FILE = 'examples/oncall.yaml';
const page = readFileSync('docs/oncall.md', 'utf8');
const ZONE = 'Europe/Berlin';
/** A Friday. */
const FIRED = Date.parse('2026-03-27T22:00:00+01:00');

test('the example complains of nothing', () => {
  expect(checkConfig(FILE, {}).problems).toEqual([]);
});

/** What stands below a command in the page. */
function shown(command: string): string[] {
  const [, output] = page.split(`$ tocsin ${command}\n`);
  return output!.split('\n```')[0]!.split('\n');
}

test.each([
  'oncall shifts dba --from 2026-03-27T17:00 --to 2026-03-31T09:00',
  'oncall show --at 2026-03-27T22:00',
])('tocsin %s', async (command) => {
  const { out } = await run([...command.split(' '), '--config', FILE], {}, { now: () => FIRED });
  expect(out.split('\n')).toEqual(shown(command));
});

test('an alert that fires on a Friday night, and whom its chain tells', async () => {
  const { escalations, onCall, pageBySeverity } = loadConfig(FILE, {});
  const labels = { severity: 'critical' };
  const { resolve } = createOnCall({ ...onCall, overrides: { between: async () => [] } });
  const lines: string[] = [];
  const otherwise = pageBySeverity!.high.map(({ receiver }) => receiver);
  for (const step of planEscalation(escalations[0]!.policy, { labels, openAlerts: 7 }, FIRED)) {
    const { receivers, people = [], schedules = [] } = step.spec;
    const asked = { labels, receivers, people, schedules, otherwise, urgency: null };
    const { recipients } = await resolve(asked, new Date(step.at));
    const ways = recipients.map(({ receiver, afterMs }) =>
      afterMs > 0 ? `${receiver} ${afterMs / 60_000} minutes later` : receiver,
    );
    lines.push(
      `| ${wallText(step.at, ZONE).slice(15, 20)} | ${step.level} ${step.spec.name} | ${ways.join(', ')} |`,
    );
  }
  for (const line of lines) expect(page).toContain(line);
  expect(lines).toHaveLength(4);
});
