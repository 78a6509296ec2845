/** `tocsin serve` with lives and groups taken from it: they come back, and people hear of it and of nothing twice. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client as Sql } from 'pg';
import { alertWorkflowId, schemaName } from '../../src/domain/identity';
import { fingerprint } from '../../src/domain/labels';
import { connectClient, type TemporalClient } from '../../src/temporal/client';
import { deleteAuditSchedule } from '../../src/temporal/audit-schedule';
import { startHttpCatcher, type HttpCatcher } from '../harness/http-catcher';
import { serveScene, type ServeScene } from '../harness/serve';
import { testServers } from '../harness/servers';
import { waitFor } from '../harness/wait-for';

const STORY_MS = 180_000;
const ALERTMANAGER = `
route: { receiver: team, group_by: [alertname], group_wait: 0s, group_interval: 2s, repeat_interval: 1h }
receivers: [{ name: team, webhook_configs: [{ url: 'HOOK/team' }] }]
`;

let scene: ServeScene;
let outside: HttpCatcher;
let folder: string;
let temporal: TemporalClient;
let sql: Sql;
beforeAll(async () => {
  scene = await serveScene(testServers());
  outside = await startHttpCatcher();
  folder = await mkdtemp(join(tmpdir(), 'tocsin-audit-'));
  temporal = await connectClient({ address: testServers().temporal, namespace: 'default' });
  sql = new Sql({ connectionString: testServers().postgres });
  await sql.connect();
}, STORY_MS);
afterAll(async () => {
  await deleteAuditSchedule(temporal.client, scene.instance);
  await scene.close();
  await outside.close();
  await temporal.close();
  await sql.end();
  await rm(folder, { recursive: true });
}, STORY_MS);

test(
  'lives and groups that are gone come back, and nobody hears again what was told',
  async () => {
    await scene.configure(ALERTMANAGER);
    const config = join(folder, 'tocsin.yaml');
    const heartbeat = { url: outside.url, every: '1s' };
    const { kafka, temporal: address, postgres } = testServers();
    const servers = { kafka: { brokers: kafka }, temporal: { address }, postgres: { url: postgres } };
    await writeFile(config, JSON.stringify({ ...servers, audit: { every: '3s', heartbeat } }));
    const serve = await scene.start('--config', config);
    const alerts = Array.from({ length: 10 }, (_, n) => ({
      labels: { alertname: `Down${n}`, host: `h${n}` },
    }));
    await serve.post(...alerts);
    await scene.untilPages(10);
    const handles = alerts.map(({ labels }) =>
      temporal.client.workflow.getHandle(alertWorkflowId(scene.instance, fingerprint(labels))),
    );
    const running = async (): Promise<number> => {
      const all = await Promise.all(handles.map((handle) => handle.describe().catch(() => null)));
      return all.filter((each) => each?.status.name === 'RUNNING').length;
    };
    const schema = schemaName(scene.instance);
    const groups = async (): Promise<number> =>
      (await sql.query(`select from ${schema}.groups where id = any($1)`, [ids])).rowCount!;
    const ids = (await sql.query<{ id: string }>(`select id from ${schema}.groups`)).rows.map(({ id }) => id);
    expect(ids).toHaveLength(10);
    await waitFor(async () => (await running()) === 10, { what: 'all lives', timeoutMs: 60_000 });
    await waitFor(() => outside.requests.length > 0, { what: 'a sign of life', timeoutMs: 60_000 });

    await Promise.all(handles.slice(0, 2).map((handle) => handle.terminate('by the test')));
    await sql.query(`delete from ${schema}.groups where id = any($1)`, [ids.slice(0, 5)]);
    await waitFor(async () => (await running()) === 10, { what: 'all lives again', timeoutMs: 60_000 });
    await waitFor(async () => (await groups()) === 10, { what: 'all groups again', timeoutMs: 60_000 });

    const audits = () => scene.pages('find').filter(({ groupKey }) => groupKey.includes('TocsinAudit'));
    await waitFor(() => audits().some(({ status }) => status === 'resolved'), {
      what: 'the end of the finds',
      timeoutMs: 60_000,
    });
    const told = audits().flatMap((page) => page.alerts);
    expect(told).toEqual(
      expect.arrayContaining([
        'life_missing firing',
        'group_missing firing',
        'life_missing resolved',
        'group_missing resolved',
      ]),
    );
    expect(told.filter((each) => !/^(life|group)_missing /.test(each))).toEqual([]);
    expect(scene.pages().filter(({ groupKey }) => !groupKey.includes('TocsinAudit'))).toHaveLength(10);
    expect(await serve.stop()).toBe(0);
  },
  STORY_MS,
);
