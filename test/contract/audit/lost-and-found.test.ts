/** What is lost on the way comes back within a period of the auditor, and nobody hears again what was told. */
import { alertWorkflowId, auditWorkflowId } from '../../../src/domain/identity';
import { acknowledgeUpdate, auditQuery, statusQuery } from '../../../workflows/messages';
import { transition } from '../../builders/alerts';
import { waitFor } from '../../harness/wait-for';
import { auditScene, type AuditScene } from './scene';

const EVERY_MS = 5_000;
const ALERTS = 100;
const STORY_MS = 240_000;

let scene: AuditScene;
const alerts = Array.from({ length: ALERTS }, (_, n) =>
  transition({
    at: Date.now() - Date.parse('2026-01-01T00:00:00.000Z'),
    labels: { alertname: `Down${n % 10}`, host: `h${n}` },
  }),
);
const fingerprints = alerts.map(({ fingerprint }) => fingerprint);
const terminated = fingerprints.slice(0, 20);
const rowless = fingerprints.slice(50, 53);

beforeAll(async () => {
  scene = await auditScene();
}, STORY_MS);
afterAll(() => scene.close(), STORY_MS);

const handle = (fingerprint: string) =>
  scene.client.workflow.getHandle(alertWorkflowId(scene.kept.instance, fingerprint));
const isRunning = async (fingerprint: string): Promise<boolean> =>
  (await handle(fingerprint).describe()).status.name === 'RUNNING';
const count = async (table: string, where = 'true', ...values: unknown[]): Promise<number> => {
  const { rows } = await scene.kept.sql.query(
    `select count(*)::int as n from ${scene.kept.schema}.${table} where ${where}`,
    values,
  );
  return (rows[0] as { n: number }).n;
};
const openRows = () => count('alerts', `state <> 'RESOLVED' and fingerprint = any($1)`, fingerprints);
const groupRows = () => count('groups', `id in (select id from ${scene.kept.schema}.groups_kept)`);

test(
  '20 of 100 workflows, 3 rows and 5 of 10 groups are back within a period',
  async () => {
    await scene.publish(...alerts);
    await waitFor(async () => (await openRows()) === ALERTS, { what: 'the rows', timeoutMs: 60_000 });
    await waitFor(async () => (await count('episodes', 'life_seq > 0')) === ALERTS, {
      what: 'the lives',
      timeoutMs: 60_000,
    });
    await handle(terminated[0]!).executeUpdate(acknowledgeUpdate, { args: [{ owner: 'ada' }] });
    await waitFor(
      async () => (await scene.kept.history.lists.find(terminated[0]!))?.state === 'ACKNOWLEDGED',
      {
        what: 'the acknowledgement',
      },
    );
    await scene.schedule(EVERY_MS, 2_000);
    await waitFor(() => scene.audited() > 0, { what: 'an audit', timeoutMs: 60_000 });
    expect([...scene.found]).toEqual([]);

    const { sql, schema } = scene.kept;
    const messages = await count('notifications', 'fingerprint = any($1)', fingerprints);
    await sql.query(`create table ${schema}.groups_kept as select id from ${schema}.groups`);
    expect(await groupRows()).toBe(10);
    await Promise.all(terminated.map((each) => handle(each).terminate('by the test')));
    await sql.query(`delete from ${schema}.alerts where fingerprint = any($1)`, [rowless]);
    await sql.query(
      `delete from ${schema}.groups where id in (select id from ${schema}.groups order by id limit 5)`,
    );
    const before = scene.audited();
    // The first may have been under way when it happened.
    await waitFor(() => scene.audited() >= before + 2, { what: 'the next audits', timeoutMs: 60_000 });
    await waitFor(async () => (await openRows()) === ALERTS, { what: 'the rows' });

    expect(await Promise.all(terminated.map(isRunning))).not.toContain(false);
    expect(await groupRows()).toBe(10);
    expect(Object.fromEntries(scene.found)).toEqual({ life_missing: 20, row_missing: 3, group_missing: 5 });
    expect(await count('notifications', 'fingerprint = any($1)', fingerprints)).toBe(messages);
    const resumed = await handle(terminated[0]!).query(statusQuery);
    expect(resumed).toMatchObject({
      state: 'ACKNOWLEDGED',
      acknowledgement: { owner: 'ada' },
      episode: Date.parse(alerts[0]!.starts_at),
      escalation: { told: 1, nextAt: null },
    });
    expect(await handle(terminated[1]!).query(statusQuery)).toMatchObject({
      state: 'FIRING',
      escalation: { told: 1, nextAt: expect.any(String) },
    });
    expect((await scene.kept.history.lists.timeline(terminated[1]!)).map(({ kind }) => kind)).toContain(
      'resumed',
    );
  },
  STORY_MS,
);

test(
  'each kind was raised as an alert, which is over when nothing is found any more',
  async () => {
    const own = async () =>
      (await scene.kept.history.lists.list({ matchers: ['alertname="TocsinAudit"'], limit: 50 })).map(
        ({ labels, state, value }) => `${labels.find} ${value} ${state}`,
      );
    await waitFor(async () => (await own()).every((each) => each.endsWith('RESOLVED')), {
      what: 'the end of the finds',
      timeoutMs: 60_000,
    });
    expect((await own()).sort()).toEqual([
      'group_missing 0 RESOLVED',
      'life_missing 0 RESOLVED',
      'row_missing 0 RESOLVED',
    ]);
  },
  STORY_MS,
);

test(
  'a life that was begun again hears of the end, and one that has not heard of it is told',
  async () => {
    const resolved = alerts.slice(0, 2).map(({ labels, starts_at }) =>
      transition({
        kind: 'resolved',
        labels,
        at: Date.now() - Date.parse('2026-01-01T00:00:00.000Z'),
        more: { starts_at },
      }),
    );
    await scene.publish(resolved[0]!);
    await waitFor(async () => !(await isRunning(terminated[0]!)), { what: 'the end of the life' });
    const { sql, schema } = scene.kept;
    await sql.query(`update ${schema}.alerts set state = 'RESOLVED' where fingerprint = $1`, [terminated[1]]);
    await waitFor(
      async () =>
        !(await isRunning(terminated[1]!)) ||
        (await handle(terminated[1]!).query(auditQuery)).state === 'RESOLVED',
      { what: 'the end of the other life', timeoutMs: 60_000 },
    );
    await waitFor(() => scene.found.get('life_stale') === 1, { what: 'the find' });
    expect(
      (await scene.client.schedule.getHandle(auditWorkflowId(scene.kept.instance)).describe()).policies,
    ).toMatchObject({ overlap: 'SKIP' });
  },
  STORY_MS,
);
