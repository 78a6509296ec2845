/** What `tocsin receivers test` sends, through the channels themselves, to a server that answers. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../../src/config/load';
import { testReceivers } from '../../../workers/receiver-test';
import { startHttpCatcher, type HttpCatcher } from '../../harness/http-catcher';

let folder: string;
let catcher: HttpCatcher;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tocsin-receivers-'));
  catcher = await startHttpCatcher();
  catcher.answerAlways(({ path }) => ({ status: path === '/strict' ? 403 : 200 }));
});
afterEach(async () => {
  await catcher.close();
  rmSync(folder, { recursive: true });
});

function filed() {
  const alertmanagerFile = join(folder, 'alertmanager.yml');
  writeFileSync(
    alertmanagerFile,
    `
route: { receiver: team }
receivers:
  - { name: nobody }
  - name: team
    webhook_configs: [{ url: ${catcher.url}/team }, { url: ${catcher.url}/quiet, send_resolved: false }]
  - { name: strict, webhook_configs: [{ url: ${catcher.url}/strict }] }
`,
  );
  const path = join(folder, 'tocsin.yaml');
  const text = `
alertmanager: { file: alertmanager.yml }
receivers: [{ name: hook, type: webhook, url: '${catcher.url}/hook' }]
`;
  return { config: loadConfig({ text, path }, {}), alertmanagerFile };
}

const test_ = (names: readonly string[], files = filed()) =>
  testReceivers({
    ...files,
    ...{ externalUrl: 'http://tocsin', matcherMode: 'fallback', by: 'ana', names },
    signal: new AbortController().signal,
  });

it('tells every way of every receiver, each with what came of it', async () => {
  const tested = await test_([]);
  expect(tested.map(({ file, receiver, kind, isDelivered }) => [file, receiver, kind, isDelivered])).toEqual([
    ['tocsin.yaml', 'hook', 'webhook', true],
    ['alertmanager.yml', 'team', 'webhook', true],
    ['alertmanager.yml', 'team', 'webhook', true],
    ['alertmanager.yml', 'strict', 'webhook', false],
  ]);
  expect(tested.at(-1)!.detail).toContain('403');
  const statuses = (path: string): unknown[] =>
    catcher.requests
      .filter((request) => request.path === path)
      .map(({ json }) => (json as { status?: string }).status);
  const own = catcher.requests.filter(({ path }) => path === '/hook');
  expect(own.map(({ json }) => (json as { state?: string }).state)).toEqual(['FIRING', 'RESOLVED']);
  expect([statuses('/team'), statuses('/quiet'), statuses('/strict')]).toEqual([
    ['firing', 'resolved'],
    ['firing'],
    ['firing'],
  ]);
});

it('says in the message that it is a test, and who asked for it', async () => {
  await test_(['hook', 'team']);
  const bodies = catcher.requests.map(({ body }) => body);
  expect(bodies).toHaveLength(5);
  for (const body of bodies) {
    expect(body).toContain('TocsinTest');
    expect(body).toContain('asked for by ana: nothing is wrong');
  }
  const [own] = catcher.requests.filter(({ path }) => path === '/hook');
  expect((own!.json as { message_id: string }).message_id).toMatch(/:test-/);
});

it('a name that no file has is refused before anybody is told', async () => {
  await expect(test_(['team', 'tema'])).rejects.toThrow(/tema: no receiver .*hook, team, strict/);
  expect(catcher.requests).toEqual([]);
});
