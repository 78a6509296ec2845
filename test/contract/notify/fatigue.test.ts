/** The fatigue limit on a real queue: so many by themselves, the others in a digest, nothing lost and nothing twice. */
import { join } from 'node:path';
import { answerWhy } from '../../../src/dispatch/answer-why';
import type { FatigueLimit } from '../../../src/domain/fatigue';
import type { AlertRow } from '../../../src/history/port';
import { runScript, type Script } from '../../harness/script';
import { waitFor } from '../../harness/wait-for';
import { alertRow, change, ending, firing, lifeRecord, message, STARTED } from '../history/test-alerts';
import { postgresUrl } from '../history/test-history';
import { payload, useScene } from './scene';

const processes: Script[] = [];
afterEach(async () => {
  for (const { child } of processes) child.kill('SIGKILL');
  await Promise.all(processes.splice(0).map(({ ended }) => ended));
});

// Ends its own, the schema among it, after them.
const scene = useScene();
const { service, notifier } = scene;

const LIMIT: FatigueLimit = {
  similar: 3,
  windowMs: 3_600_000,
  groupBy: ['alertname'],
  digestAfterMs: 3_600_000,
};
const RECEIVERS = ['ops'];

const alike = (host: string, severity = 'warning', episode = STARTED): AlertRow =>
  alertRow({ episode }, { alertname: 'HighConnections', instance_id: host, severity });
const hosts = (count: number, prefix = 'db'): string[] =>
  Array.from({ length: count }, (_, n) => `${prefix}-${n}`);

const history = () => scene.first().history;
const apply = (what: ReturnType<typeof change>) =>
  history().pages.apply(
    what.rows.map(({ fingerprint }) => fingerprint),
    () => what,
  );
const fire = (rows: readonly AlertRow[]) =>
  apply(change({ rows, notifications: rows.map((row) => message(row, 'ops')) }));

/** `step host[+others]` of all that arrived, in its order. */
const arrived = (): string[] =>
  scene.catcher().requests.map((request) => {
    const { message_id: id, db_instance_id: host, digest_alerts: all } = payload(request);
    return `${id.split(':')[2]} ${all === undefined ? host : `digest of ${all.length}`}`;
  });
const digests = () =>
  scene
    .catcher()
    .requests.map(payload)
    .filter((one) => one.digest_alerts !== undefined);
const resourcesOf = (one: ReturnType<typeof payload>): string[] =>
  one.digest_alerts!.map(({ resource, state }) => `${resource} ${state}`).sort();

const stateOf = async (row: AlertRow, step = 'fire') =>
  (await history().lists.notifications(row.fingerprint, row.episode)).find((one) => one.step === step);
const isHeld = async (row: AlertRow): Promise<boolean> =>
  (await stateOf(row))?.detail?.startsWith('fatigue: ') === true;
const allHeld = (rows: readonly AlertRow[]) =>
  waitFor(async () => (await Promise.all(rows.map(isHeld))).every(Boolean), { what: 'them to be held' });

/** As if so much time had gone by. */
async function later(ms: number): Promise<void> {
  const { sql, schema } = scene.first();
  await sql.query(
    `update ${schema}.notifications set due_at = due_at - $1 * interval '1 millisecond',
       digest_at = digest_at - $1 * interval '1 millisecond', sent_at = sent_at - $1 * interval '1 millisecond'`,
    [ms],
  );
  await sql.query(
    `update ${schema}.notifications set bundle = 'digest:' || alike || ':' || (extract(epoch from digest_at) * 1000)::bigint
     where digest_at is not null`,
  );
}

/** Three are told, and `held` wait for the digest. */
async function flooded(held: readonly AlertRow[]) {
  const { notifier: made, events } = await notifier([service('ops')], { fatigueLimit: LIMIT });
  await fire(hosts(LIMIT.similar, 'told').map((host) => alike(host)));
  await waitFor(() => arrived().length === LIMIT.similar, { what: 'those that are told at once' });
  await fire(held);
  await allHeld(held);
  return { made, events };
}

async function digestLeaves(made: { wake(): void }, count = 1): Promise<void> {
  await later(LIMIT.digestAfterMs);
  made.wake();
  await waitFor(() => digests().length === count, { what: 'the digest' });
}

test('beyond the limit they leave as one digest, and it says so', async () => {
  const held = hosts(4).map((host) => alike(host));
  const { made, events } = await flooded(held);
  expect(arrived()).toEqual(hosts(3, 'told').map((host) => `fire ${host}`));
  await digestLeaves(made);
  const [digest] = digests();
  expect(digest).toMatchObject({ subject: '[WARNING, digest] 4 more like HighConnections: 4 firing' });
  expect(digest!.body_text).toMatch(
    /^Digest: 4 more alerts like HighConnections, beyond the limit of 3 in 1h: 4 firing\n/,
  );
  expect(resourcesOf(digest!)).toEqual(hosts(4).map((host) => `${host} FIRING`));
  await waitFor(async () => (await stateOf(held[3]!))?.state === 'sent', { what: 'the record' });
  expect((await stateOf(held[0]!))!.detail).toContain('in the digest of HighConnections, beyond 3 in 1h');
  expect(
    events.filter(({ kind }) => kind === 'held').map((event) => 'reason' in event && event.reason),
  ).toEqual(held.map(() => 'fatigue'));
});

test('critical alerts, and those whose severity nobody knows, are told at once and count for nothing', async () => {
  await notifier([service('ops')], { fatigueLimit: LIMIT });
  const severities = ['critical', 'high', 'gold'];
  await fire(severities.flatMap((severity) => hosts(3).map((host) => alike(host, severity))));
  await waitFor(() => arrived().length === 9, { what: 'all of them' });
  await fire(hosts(3).map((host) => alike(host)));
  await waitFor(() => arrived().length === 12, { what: 'those that are limited' });
  expect(digests()).toEqual([]);
});

test('other labels, and other receivers, count for themselves', async () => {
  await notifier([service('ops'), service('team')], { fatigueLimit: LIMIT });
  const others = hosts(3).map((host) =>
    alertRow({}, { alertname: 'Slow', instance_id: host, severity: 'info' }),
  );
  await fire([...hosts(3).map((host) => alike(host)), ...others]);
  await apply(
    change({
      rows: hosts(3, 'team').map((host) => alike(host)),
      notifications: hosts(3, 'team').map((host) => message(alike(host), 'team')),
    }),
  );
  await waitFor(() => arrived().length === 9, { what: 'all of them' });
});

test('two processes count as one, and both are killed before the digest', async () => {
  const limit = { ...LIMIT, similar: 5 };
  const start = () => {
    const { instance } = scene.first();
    const args = [postgresUrl, instance, scene.catcher().url, 'always', JSON.stringify(limit)];
    const script = runScript(join(__dirname, 'notifier-process.ts'), args);
    processes.push(script);
    return script;
  };
  const rows = hosts(60).map((host) => alike(host));
  const both = [start(), start()];
  await fire(rows);
  await waitFor(
    async () => {
      const held = await Promise.all(rows.map(isHeld));
      const states = await Promise.all(rows.map((row) => stateOf(row)));
      return held.filter(Boolean).length === 55 && states.filter((one) => one?.state === 'sent').length === 5;
    },
    { what: 'five to be told and the others to be held', timeoutMs: 60_000 },
  );
  expect(arrived()).toHaveLength(5);
  for (const { child, ended } of both) {
    child.kill('SIGKILL');
    await ended;
  }
  await later(limit.digestAfterMs - 60_000);
  start();
  const one = alike('one-more');
  await fire([one]);
  await waitFor(() => isHeld(one), { what: 'the next to be held', timeoutMs: 60_000 });
  await later(60_000);
  await waitFor(() => digests().length > 0, { what: 'the digest', timeoutMs: 30_000 });
  expect(resourcesOf(digests()[0]!)).toHaveLength(56);
  const told = arrived().filter((line) => !line.includes('digest'));
  const everywhere = new Set([
    ...told.map((line) => line.slice(5)),
    ...resourcesOf(digests()[0]!).map((line) => line.split(' ')[0]!),
  ]);
  expect([told.length, arrived().length, everywhere.size]).toEqual([5, 6, 61]);
  await waitFor(async () => (await stateOf(one))?.state === 'sent', { what: 'the record' });
});

test('what ends meanwhile is named as over, and holds up neither its end nor its next episode', async () => {
  const [short, long] = [alike('short'), alike('long')];
  const { made } = await flooded([short, long]);
  await apply(ending(short, RECEIVERS));
  await waitFor(async () => (await stateOf(short, 'resolved'))?.state === 'dropped', { what: 'no resolve' });
  const again = alike('short', 'warning', STARTED + 120_000);
  await apply(firing(again, RECEIVERS));
  await allHeld([again]);
  await digestLeaves(made);
  expect(digests()[0]!.subject).toBe('[WARNING, digest] 3 more like HighConnections: 2 firing, 1 over');
  expect(digests()[0]!.state).toBe('FIRING');
  expect(resourcesOf(digests()[0]!)).toEqual(['long FIRING', 'short FIRING', 'short RESOLVED']);
  expect(digests()[0]!.body_text).toMatch(
    /- HighConnections on short \(warning\), RESOLVED, from .*, lasted 1m/,
  );
});

test('of a digest that told of several, the end is told once: when the last is over', async () => {
  const rows = [alike('a'), alike('b'), alike('c')];
  const { made } = await flooded(rows);
  await digestLeaves(made);
  await waitFor(async () => (await stateOf(rows[2]!))?.state === 'sent', { what: 'the record' });
  await apply(ending(rows[0]!, RECEIVERS));
  await waitFor(
    async () => (await stateOf(rows[0]!, 'resolved'))?.detail?.includes('2 more of that digest') === true,
    { what: 'the first end to wait' },
  );
  const again = alike('a', 'critical', STARTED + 120_000);
  await fire([again]);
  await waitFor(() => arrived().includes('fire a'), { what: 'what fires anew, which waits for nothing' });
  await apply(ending(rows[1]!, RECEIVERS));
  await apply(ending(rows[2]!, RECEIVERS));
  await waitFor(() => digests().length === 2, { what: 'the end' });
  expect(digests()[1]).toMatchObject({
    state: 'RESOLVED',
    subject: '[RESOLVED, digest] 3 like HighConnections are over',
  });
  await waitFor(async () => (await history().queue.nextDueInMs()) === null, { what: 'nothing to wait' });
  expect(arrived().filter((line) => line.startsWith('resolved'))).toEqual(['resolved digest of 3']);
});

test('an escalation leaves at once, past the first message that waits, and its end too', async () => {
  const row = alike('slow');
  const { made } = await flooded([row]);
  await history().lives.record(lifeRecord(row, 1, { notifications: [message(row, 'ops', 'escalate-1')] }));
  await waitFor(() => arrived().includes('escalate-1 slow'), { what: 'the escalation' });
  await apply(ending(row, RECEIVERS));
  await waitFor(() => arrived().includes('resolved slow'), { what: 'the end of what was heard of' });
  await digestLeaves(made);
  expect(resourcesOf(digests()[0]!)).toEqual(['slow RESOLVED']);
});

test('`why` and the timeline name the limit, and when the digest comes', async () => {
  const row = alike('asked');
  await flooded([row]);
  const alert = (await history().lists.find(row.fingerprint))!;
  const { pages } = await answerWhy(alert, {
    instance: '',
    lists: history().lists,
    records: history().records,
    now: new Date(),
  });
  const text = expect.stringContaining('3 like HighConnections were told in the last 1h, and the limit is 3');
  expect(pages).toEqual([
    expect.objectContaining({
      ...{ stage: 'throttle', kind: 'was held', integration: 'ops', text },
      by: [
        expect.objectContaining({
          ...{ kind: 'fatigue limit', name: 'HighConnections', like: { alertname: 'HighConnections' } },
          ...{ told: 3, limit: 3, windowMs: LIMIT.windowMs, digestAt: expect.stringMatching(/^\d{4}-.*Z$/) },
        }),
      ],
    }),
    expect.objectContaining({ stage: 'throttle', kind: 'waits', integration: 'ops', text }),
  ]);
});

test('where messages cannot be counted they go out, and say so', async () => {
  const { sql, schema } = scene.first();
  await sql.query(`alter table ${schema}.notifications rename column alike to not_there`);
  await notifier([service('ops')], { fatigueLimit: LIMIT });
  const rows = hosts(5).map((host) => alike(host));
  await fire(rows);
  await waitFor(() => arrived().length === 5, { what: 'all of them' });
  await waitFor(async () => (await stateOf(rows[4]!))?.state === 'sent', { what: 'the record' });
  expect((await stateOf(rows[4]!))!.detail).toContain('could not be counted against the fatigue limit');
});

test('where the digest fails it is tried again, as one', async () => {
  const { made } = await flooded(hosts(4).map((host) => alike(host)));
  scene.catcher().answer({ status: 503 });
  await digestLeaves(made, 2);
  expect(digests().map(resourcesOf)).toEqual([expect.anything(), hosts(4).map((host) => `${host} FIRING`)]);
  expect(digests()[0]!.message_id).toBe(digests()[1]!.message_id);
});
