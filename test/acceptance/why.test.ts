/** Each reason for which somebody is told or not, made to happen on servers that run: `why` names what decided. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { testServers } from '../harness/servers';
import { startHttpCatcher, type HttpCatcher } from '../harness/http-catcher';
import { serveScene, type ServeProcess, type ServeScene } from '../harness/serve';
import { waitFor } from '../harness/wait-for';
import { fingerprintOf, untilSaid, type Why } from '../harness/why';

const ENTRY = join(__dirname, '..', '..', 'dist', 'src', 'cli', 'tocsin.js');

let scene: ServeScene;
/** Destinations of their own: what one of them answers must not open the circuit of the others. */
let broken: HttpCatcher;
let strict: HttpCatcher;
beforeEach(async () => {
  [scene, broken, strict] = await Promise.all([
    serveScene(testServers()),
    startHttpCatcher(),
    startHttpCatcher(),
  ]);
  broken.answerAlways({ status: 500 });
  strict.answerAlways({ status: 400 });
});
afterEach(async () => void (await Promise.all([scene, broken, strict].map((each) => each.close()))));

const config = () => `
global: { resolve_timeout: 5m }
route:
  receiver: team
  group_by: [alertname, host]
  group_wait: 500ms
  group_interval: 500ms
  repeat_interval: 1h
  routes:
    - { receiver: night, matchers: ['when="night"'], mute_time_intervals: [always] }
    - { receiver: day, matchers: ['when="day"'], active_time_intervals: [never] }
    - { receiver: broken, matchers: ['to="broken"'] }
    - { receiver: strict, matchers: ['to="strict"'] }
    - { receiver: nobody, matchers: ['to="nobody"'] }
    - { receiver: slow, matchers: ['to="slow"'], group_wait: 1h }
receivers:
  - name: team
    webhook_configs: [{ url: HOOK/team }]
  - name: night
    webhook_configs: [{ url: HOOK/night }]
  - name: day
    webhook_configs: [{ url: HOOK/day }]
  - name: broken
    webhook_configs: [{ url: ${broken.url} }]
  - name: strict
    webhook_configs: [{ url: ${strict.url} }]
  - name: slow
    webhook_configs: [{ url: HOOK/slow }]
  - name: nobody
inhibit_rules:
  - { name: worse first, source_matchers: ['severity="critical"'], target_matchers: ['severity="warning"'], equal: [alertname] }
time_intervals:
  - { name: always, time_intervals: [{ years: ['2000:2999'] }] }
  - { name: never, time_intervals: [{ years: ['1990'] }] }
`;

const alert = (host: string, more: Record<string, string> = {}) => ({
  labels: { alertname: 'Down', host, ...more },
});

async function silence(serve: ServeProcess, host: string): Promise<string> {
  const answer = await fetch(`${serve.url}/api/v2/silences`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      matchers: [{ name: 'host', value: host, isRegex: false, isEqual: true }],
      startsAt: new Date().toISOString(),
      endsAt: new Date(Date.now() + 60_000).toISOString(),
      ...{ createdBy: 'ana', comment: 'planned work' },
    }),
  });
  return ((await answer.json()) as { silenceID: string }).silenceID;
}

test('each stage that decides is named with what it went by, over HTTP and on the command line', async () => {
  await scene.configure(config());
  const serve = await scene.start();
  const silenceId = await silence(serve, 'quiet');
  await serve.post(
    alert('quiet'),
    alert('source', { severity: 'critical' }),
    alert('target', { severity: 'warning' }),
    alert('n', { when: 'night' }),
    alert('d', { when: 'day' }),
    alert('b', { to: 'broken' }),
    alert('s', { to: 'strict' }),
    alert('o', { to: 'nobody' }),
    alert('w', { to: 'slow' }),
  );

  expect(await untilSaid(serve, 'source', 'told')).toMatchObject({
    stage: 'send',
    integration: 'team/webhook/0',
    text: expect.stringContaining('first notification'),
  });
  const again = await untilSaid(serve, 'source', 'told already');
  expect(again).toMatchObject({ stage: 'dedup', integration: 'team/webhook/0' });
  const inMs = Date.parse(again.at!) - Date.now();
  expect(inMs).toBeGreaterThan(50 * 60_000);
  expect(inMs).toBeLessThanOrEqual(60 * 60_000);

  const silenced = await untilSaid(serve, 'quiet', 'held');
  expect(silenced).toMatchObject({
    stage: 'silence',
    by: [{ kind: 'silence', id: silenceId, createdBy: 'ana', comment: 'planned work' }],
    text: expect.stringContaining(`silence ${silenceId} of ana until`),
  });
  expect(await untilSaid(serve, 'target', 'held')).toMatchObject({
    stage: 'inhibition',
    by: [
      {
        kind: 'alert',
        fingerprint: await fingerprintOf(serve, 'source'),
        labels: { host: 'source' },
        rule: { index: 0, name: 'worse first' },
      },
    ],
  });
  expect(await untilSaid(serve, 'n', 'held')).toMatchObject({
    stage: 'time interval',
    by: [{ kind: 'mute time interval', name: 'always' }],
  });
  expect(await untilSaid(serve, 'd', 'held')).toMatchObject({
    stage: 'time interval',
    by: [{ kind: 'active time interval', name: 'never' }],
  });
  expect(await untilSaid(serve, 'b', 'retried')).toMatchObject({
    stage: 'send',
    integration: 'broken/webhook/0',
    text: expect.stringContaining('500'),
  });
  expect(await untilSaid(serve, 's', 'refused')).toMatchObject({
    stage: 'send',
    integration: 'strict/webhook/0',
    text: expect.stringContaining('400'),
  });
  expect(await untilSaid(serve, 'o', 'nobody')).toMatchObject({
    stage: 'route',
    text: expect.stringContaining('receiver nobody, to which route {to="nobody"} leads'),
  });
  const waits = await untilSaid(serve, 'w', 'waits');
  expect(waits).toMatchObject({ stage: 'group', integration: 'slow/webhook/0' });
  expect(Date.parse(waits.at!) - Date.now()).toBeGreaterThan(50 * 60_000);

  expect((await fetch(`${serve.url}/api/v2/silence/${silenceId}`, { method: 'DELETE' })).status).toBe(200);
  const was = await untilSaid(serve, 'quiet', 'was held');
  expect(was).toMatchObject({ stage: 'silence', by: [{ id: silenceId }] });
  expect(Date.parse(was.until!)).toBeGreaterThan(Date.parse(was.at!));
  await untilSaid(serve, 'quiet', 'told');

  const { stdout } = await promisify(execFile)(
    process.execPath,
    [ENTRY, 'why', 'host=~"target|n"', '--instance', scene.instance],
    { env: { ...process.env, TOCSIN_POSTGRES: testServers().postgres } },
  );
  expect(stdout).toMatch(/inhibition +held .*inhibition rule "worse first"/);
  expect(stdout).toMatch(/time interval +held .*"always"/);
});

const person = async (...args: readonly string[]): Promise<string> => {
  const all = [ENTRY, ...args, '--instance', scene.instance];
  const { postgres, temporal } = testServers();
  const env = { ...process.env, TOCSIN_POSTGRES: postgres, TOCSIN_TEMPORAL: temporal };
  return (await promisify(execFile)(process.execPath, all, { env })).stdout;
};

test('the story lists what groups told, and a resolve by hand is named while its sender goes on', async () => {
  await scene.configure(config());
  const serve = await scene.start();
  await serve.post(alert('up'));
  await untilSaid(serve, 'up', 'told');
  const id = await fingerprintOf(serve, 'up');
  const story = await person('alerts', 'show', id);
  expect(story).toMatch(/Notifications\n.*\n +team +fire +sent +webhook\/0 +1 .*first notification/);
  expect(story).toContain('Down fires\n');
  await person('alerts', 'resolve', id, '--owner', 'ana');
  const answer = await serve.get<Why>(`/api/tocsin/v1/why?fingerprint=${id}`);
  const said = answer.routes.flatMap(({ statements }) => statements);
  expect(said.find(({ stage }) => stage === 'resolved')).toMatchObject({
    ...{ kind: 'held', by: [{ kind: 'person', name: 'ana' }] },
    text: expect.stringMatching(/^ana resolved it by hand: nobody is told of it again before /),
  });
});

test('a maintenance is named while it holds an alert back, and its end lets the group tell of it', async () => {
  await scene.configure(config());
  const serve = await scene.start();
  await person('maintenance', 'start', 'move', '--target', 'moved', '--comment', 'disks');
  await serve.post(alert('here'), alert('there', { instance: 'moved' }));
  expect(await untilSaid(serve, 'there', 'held')).toMatchObject({
    stage: 'maintenance',
    by: [{ kind: 'maintenance', name: 'move', comment: 'disks', endsAt: null }],
    text: expect.stringMatching(/maintenance move of .* until somebody ends it: disks/),
  });
  const statuses = await serve.get<{ labels: Record<string, string>; status: object }[]>('/api/v2/alerts');
  expect(statuses.find(({ labels }) => labels.host === 'there')?.status).toEqual({
    ...{ state: 'suppressed', mutedBy: ['move'], silencedBy: [], inhibitedBy: [] },
  });
  await untilSaid(serve, 'here', 'told');
  expect(scene.pages().flatMap(({ alerts }) => alerts)).toEqual([expect.stringContaining('here')]);
  await person('maintenance', 'end', 'move');
  await untilSaid(serve, 'there', 'told');
});

test('a silence until its alert is over ends with it, and the next firing is told', async () => {
  await scene.configure(config());
  const serve = await scene.start();
  await serve.post(alert('known'));
  await untilSaid(serve, 'known', 'told');
  await person('silences', 'add', 'host="known"', '--until-resolved');
  const silences = () => serve.get<{ status: { state: string }; comment: string }[]>('/api/v2/silences');
  expect(await silences()).toMatchObject([
    { status: { state: 'active' }, comment: '(until its alerts are over)' },
  ]);
  await serve.kill();
  const again = await scene.start();
  await again.post({ ...alert('known'), endsAt: new Date(Date.now() - 1).toISOString() });
  await waitFor(
    async () =>
      (await again.get<{ status: { state: string } }[]>('/api/v2/silences'))[0]?.status.state === 'expired',
    { what: 'the silence to end', timeoutMs: 30_000 },
  );
  const query = `filter=${encodeURIComponent('host="known"')}`;
  expect(await again.get(`/api/tocsin/v1/silences/preview?${query}`)).toMatchObject({
    now: { count: 0 },
    past: { count: 1, byAlertname: [{ alertname: 'Down', count: 1 }] },
  });
});

test('the fingerprint has to be one, and of an alert that there is', async () => {
  await scene.configure(config());
  const serve = await scene.start();
  const status = async (query: string) => (await fetch(`${serve.url}/api/tocsin/v1/why${query}`)).status;
  expect(await status('')).toBe(400);
  expect(await status('?fingerprint=xyz')).toBe(400);
  expect(await status('?fingerprint=0123456789abcdef')).toBe(404);
});
