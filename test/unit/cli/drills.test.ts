/** Drills as people look at them and do one now. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NOW, run, type World } from './fake-context';

let folder: string;
let file: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tocsin-drills-'));
  file = join(folder, 'tocsin.yaml');
  writeFileSync(
    file,
    `
receivers: [{ name: hook, type: webhook, url: 'http://h/1' }, { name: chat, type: webhook, url: 'http://h/2' }]
drills:
  - { name: monthly, receivers: [hook, chat], cron: '0 10 1 * *', time_zone: Europe/Berlin }
  - { name: weekly, receivers: [hook], cron: '0 10 * * mon' }
`,
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

const HOUR = 3_600_000;
const drills = (args: readonly string[], world: World = {}) =>
  run(['drills', ...args, '--config', file], world);
const result = (receiver: string, way: string, isDelivered: boolean, detail: string) => ({
  ...{ drill: 'monthly', receiver, way, isDelivered, detail, at: NOW - HOUR },
  finishedAt: new Date(NOW - HOUR + 5_000).toISOString(),
});

it('shows when each comes next, and what came of each receiver last', async () => {
  const { code, out } = await drills(['list'], {
    drills: {
      times: {
        monthly: { nextAt: NOW + 2 * HOUR, isPaused: false },
        weekly: { nextAt: NOW, isPaused: true },
      },
      latest: [result('hook', 'webhook', true, 'HTTP 200'), result('chat', 'webhook', false, 'HTTP 401')],
    },
  });
  expect(code).toBe(0);
  const lines = out.split('\n');
  expect(lines[1]).toMatch(/^monthly +hook +.*14:12.* +.*11:12.* delivered +HTTP 200$/);
  expect(lines[2]).toMatch(/^monthly +chat +.*not delivered +HTTP 401$/);
  expect(lines[3]).toMatch(/^weekly +hook +paused +never$/);
});

it('for programs, and although Temporal is away', async () => {
  const { code, out, err } = await drills(['--json'], {
    drills: {
      times: { monthly: new Error('temporal is away') },
      latest: [
        result('hook', 'webhook/0', true, 'HTTP 200'),
        result('hook', 'email/1', false, 'no such mailbox'),
      ],
    },
  });
  expect(code).toBe(0);
  expect(err).toContain('when monthly comes next is not known: temporal is away');
  const [hook, chat, weekly] = JSON.parse(out) as Record<string, unknown>[];
  expect(hook).toMatchObject({
    ...{ drill: 'monthly', receiver: 'hook', time_zone: 'Europe/Berlin', next: null, next_state: 'unknown' },
    last: { delivered: false, ways: [{ way: 'webhook/0', delivered: true }, { detail: 'no such mailbox' }] },
  });
  expect([chat!.last, weekly!.next_state]).toEqual([null, 'not scheduled']);
});

it('does one now, and ends with 1 where somebody was not reached', async () => {
  const outcome = { receiver: 'hook', delivered: true, retryable: false, detail: 'HTTP 200' };
  const failed = { ...outcome, receiver: 'chat', delivered: false, detail: 'HTTP 401' };
  const { code, out, calls } = await drills(['run', 'monthly'], { drills: { outcomes: [outcome, failed] } });
  expect(code).toBe(1);
  expect(calls[0]).toEqual(['drill', { drill: 'monthly', receivers: ['hook', 'chat'] }]);
  expect(out).toMatch(/hook +delivered +HTTP 200\nchat +not delivered +HTTP 401/);
  expect((await drills(['run', 'weekly'], { drills: { outcomes: [outcome] } })).code).toBe(0);
});

it('where none is configured, says where one would be', async () => {
  const { code, err } = await run(['drills', 'run', 'monthly'], {});
  expect(code).toBe(2);
  expect(err).toContain('no drill is configured: `drills:` in tocsin.yaml says who is told when');
});

it('a drill that is not there is refused with those that are', async () => {
  const { code, err, calls } = await drills(['run', 'montly']);
  expect([code, calls]).toEqual([2, []]);
  expect(err).toContain('"montly" is no drill; did you mean "monthly"? accepted: monthly, weekly');
});
