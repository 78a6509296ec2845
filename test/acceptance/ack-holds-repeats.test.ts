/**
 * Somebody takes an alert that came over the API: its group is not repeated while another, that nobody has taken, is; `why`
 * names him. Once it is given back it is repeated again.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { testServers } from '../harness/servers';
import { serveScene, type ServeProcess, type ServeScene } from '../harness/serve';
import { waitFor } from '../harness/wait-for';

const ENTRY = join(__dirname, '..', '..', 'dist', 'src', 'cli', 'tocsin.js');
const STORY_MS = 120_000;
const CONFIG = `
route: { receiver: team, group_by: [host], group_wait: 100ms, group_interval: 500ms, repeat_interval: 500ms }
receivers:
  - { name: team, webhook_configs: [{ url: HOOK }] }
`;

let scene: ServeScene;
let serve: ServeProcess;
beforeAll(async () => {
  scene = await serveScene(testServers());
  await scene.configure(CONFIG);
  serve = await scene.start();
}, STORY_MS);
afterAll(() => scene.close());

const repeatsOf = (host: string): number =>
  scene.pages().filter(({ alerts }) => alerts.includes(`${host} firing`)).length;

const untilRepeats = (host: string, more: number): Promise<unknown> => {
  const before = repeatsOf(host);
  return waitFor(() => repeatsOf(host) >= before + more, {
    what: `${more} more pages of ${host}`,
    timeoutMs: 30_000,
  });
};

async function tocsin(...args: readonly string[]): Promise<string> {
  const servers = testServers();
  const env = {
    ...process.env,
    TOCSIN_KAFKA: servers.kafka.join(','),
    TOCSIN_TEMPORAL: servers.temporal,
    TOCSIN_POSTGRES: servers.postgres,
  };
  const all = [ENTRY, ...args, '--instance', scene.instance];
  return (await promisify(execFile)(process.execPath, all, { env })).stdout;
}

async function statements(fingerprint: string) {
  const [answer] = JSON.parse(await tocsin('why', fingerprint, '--json')) as {
    routes: { statements: { kind: string; stage: string; text: string; by: object[] }[] }[];
  }[];
  return answer!.routes[0]!.statements;
}

test(
  'an acknowledged alert is not repeated until it is given back',
  async () => {
    await serve.post(
      { labels: { alertname: 'Down', host: 'a' } },
      { labels: { alertname: 'Down', host: 'b' } },
    );
    await Promise.all([untilRepeats('a', 2), untilRepeats('b', 2)]);
    const found = await serve.get<{ fingerprint: string; labels: { host: string } }[]>('/api/v2/alerts');
    const { fingerprint } = found.find(({ labels }) => labels.host === 'a')!;

    await tocsin('alerts', 'ack', fingerprint, '--owner', 'ana', '--comment', 'on it');
    const isHeld = async (): Promise<boolean> =>
      (await statements(fingerprint)).some(({ kind }) => kind === 'held');
    await waitFor(isHeld, { what: 'the hold', timeoutMs: 30_000 });
    // What was on its way when it was taken has arrived by then.
    await untilRepeats('b', 2);
    const held = repeatsOf('a');
    await untilRepeats('b', 3);
    expect(repeatsOf('a')).toBe(held);
    expect((await statements(fingerprint)).find(({ kind }) => kind === 'held')).toMatchObject({
      stage: 'acknowledged',
      text: expect.stringMatching(/^team is not told again: ana has taken it since .*: on it$/) as string,
      by: [{ kind: 'person', name: 'ana', comment: 'on it' }],
    });

    await tocsin('alerts', 'unack', fingerprint, '--owner', 'ana');
    await untilRepeats('a', 2);
    const after = await statements(fingerprint);
    expect(after.some(({ kind, stage }) => kind === 'was held' && stage === 'acknowledged')).toBe(true);
    expect(after.some(({ kind }) => kind === 'held')).toBe(false);
  },
  STORY_MS,
);
