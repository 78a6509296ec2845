/** Records of many lives that come at once are written together: as each alone would have been, and none for another's sake. */
import type { Artifact } from '../../../src/domain/artifact';
import type { AlertRow, LifeRecord } from '../../../src/history/port';
import { alertRow, ending, event, firing, lifeRecord, message, remediation, STARTED } from './test-alerts';
import { testHistory, type TestHistory } from './test-history';

const opened: TestHistory[] = [];
const history = async (): Promise<TestHistory> => {
  const one = await testHistory();
  opened.push(one);
  return one;
};
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

const alert = (name: string): AlertRow => alertRow({}, { alertname: name, instance_id: name });
const iso = (ms: number): string => new Date(ms).toISOString();
const artifact = (provider: string): Artifact => ({
  provider,
  type: 'snapshot',
  status: 'ok',
  title: provider,
  data: { of: provider },
  url: null,
  error: null,
  collected_at: iso(STARTED),
  duration_ms: 1,
});
const first = (row: AlertRow, parts: Partial<LifeRecord> = {}): LifeRecord =>
  lifeRecord(row, 1, {
    state: 'FIRING',
    timeline: [event('opened')],
    artifacts: [artifact('recent_window'), artifact('related_alerts')],
    release: ['ops'],
    ...parts,
  });
const acknowledgement = { owner: 'ann', at: iso(STARTED), until: null, comment: null };

/** Each kind of record, with what has to be there before it: transitions by their row, records of the same alert. */
function stories(): {
  readonly row: AlertRow;
  readonly ended?: true;
  readonly records: readonly LifeRecord[];
}[] {
  const [plain, acked, released, quiet, quietOver, escalated, repaired, closed, reopened] = [
    'plain',
    'acked',
    'released',
    'quiet',
    'quietOver',
    'escalated',
    'repaired',
    'closed',
    'reopened',
  ].map(alert) as [AlertRow, AlertRow, AlertRow, AlertRow, AlertRow, AlertRow, AlertRow, AlertRow, AlertRow];
  const later = STARTED + 600_000;
  return [
    { row: plain, records: [first(plain)] },
    { row: acked, records: [first(acked), lifeRecord(acked, 2, { state: 'ACKNOWLEDGED', acknowledgement })] },
    {
      row: released,
      records: [
        first(released),
        lifeRecord(released, 2, { state: 'ACKNOWLEDGED', acknowledgement }),
        lifeRecord(released, 3, { state: 'FIRING', acknowledgement: null }),
      ],
    },
    {
      row: quiet,
      records: [
        first(quiet),
        lifeRecord(quiet, 2, {
          state: 'RESOLVED',
          resolvedBy: 'ann',
          quietUntil: iso(later),
          timeline: [event('resolved', STARTED + 1_000)],
          resolves: { receivers: ['ops'] },
        }),
      ],
    },
    {
      row: quietOver,
      records: [
        first(quietOver),
        lifeRecord(quietOver, 2, {
          state: 'RESOLVED',
          quietUntil: iso(later),
          timeline: [event('resolved')],
        }),
        lifeRecord({ ...quietOver, episode: later }, 3, {
          state: 'FIRING',
          quietUntil: null,
          opens: { startsAt: iso(later), reason: 'still' },
          notifications: [message({ ...quietOver, episode: later }, 'ops')],
        }),
      ],
    },
    {
      row: escalated,
      records: [
        first(escalated),
        lifeRecord(escalated, 2, {
          escalationLevel: 1,
          notifications: [message(escalated, 'lead', 'escalate-1')],
          timeline: [event('escalated')],
        }),
      ],
    },
    {
      row: repaired,
      records: [
        first(repaired, { release: ['lead'] }),
        lifeRecord(repaired, 2, {
          remediation,
          updates: { step: 'remediated-1', receivers: ['ops'] },
          timeline: [event('remediated')],
        }),
      ],
    },
    { row: closed, ended: true, records: [first(closed)] },
    {
      row: reopened,
      records: [first(reopened), first(reopened, { artifacts: [artifact('recent_window')] })],
    },
  ];
}

test('what records write together is what they write one after the other', async () => {
  const [apart, together] = [await history(), await history()];
  const answers = { apart: new Map<string, unknown>(), together: new Map<string, unknown>() };
  for (const { history: into } of [apart, together])
    for (const { row, ended } of stories()) {
      await into.pages.apply([row.fingerprint], () => firing(row, ['ops'], new Date(STARTED + 3_600_000)));
      if (ended) await into.pages.apply([row.fingerprint], () => ending(row));
    }
  for (const { row, records } of stories())
    for (const [place, record] of records.entries())
      answers.apart.set(`${row.fingerprint} ${place}`, await apart.history.lives.record(record));
  // A wave holds a record of each story: written in as few transactions as they come in.
  for (let place = 0; place < 3; place++) {
    const wave = stories().filter(({ records }) => records.length > place);
    await Promise.all(
      wave.map(async ({ row, records }) => {
        answers.together.set(
          `${row.fingerprint} ${place}`,
          await together.history.lives.record(records[place]!),
        );
      }),
    );
  }
  const view = async ({ history: { lists } }: TestHistory) =>
    Promise.all(
      stories().map(async ({ row: { fingerprint } }) => ({
        row: await lists.find(fingerprint),
        timeline: await lists.timeline(fingerprint),
        artifacts: await lists.artifacts(fingerprint, STARTED),
        notifications: (await lists.notifications(fingerprint)).map(({ dueAt, ...rest }) => ({
          ...rest,
          due: dueAt.getTime() <= Date.now(),
        })),
      })),
    );
  expect(answers.together).toEqual(answers.apart);
  expect(await view(together)).toEqual(await view(apart));
});

test('an alert whose row somebody holds holds up its own record alone', async () => {
  const { history: mine, sql, schema } = await history();
  const [held, free] = [alert('held'), alert('free')];
  for (const row of [held, free]) await mine.pages.apply([row.fingerprint], () => firing(row));
  await sql.query('begin');
  await sql.query(`select 1 from ${schema}.alerts where fingerprint = $1 for update`, [held.fingerprint]);
  let written = false;
  const waiting = mine.lives.record(first(held)).then(() => (written = true));
  await mine.lives.record(first(free));
  expect(await mine.lists.timeline(free.fingerprint)).toContainEqual(
    expect.objectContaining({ kind: 'opened' }),
  );
  // Later records pass it too: nothing queues behind it.
  await mine.lives.record(lifeRecord(free, 2, { state: 'ACKNOWLEDGED', acknowledgement }));
  expect(written).toBe(false);
  await sql.query('rollback');
  await waiting;
  expect(await mine.lists.artifacts(held.fingerprint, STARTED)).toHaveLength(2);
});

test('a record that Postgres refuses is refused alone', async () => {
  const { history: mine } = await history();
  const [bad, good] = [alert('bad'), alert('good')];
  const [refused, recorded] = await Promise.allSettled([
    mine.lives.record(first(bad, { timeline: [{ ...event('opened'), at: 'not a time' }] })),
    mine.lives.record(first(good)),
  ]);
  expect(refused).toMatchObject({ status: 'rejected', reason: { code: 'TOC_VALUE_REFUSED' } });
  expect(recorded).toMatchObject({ status: 'fulfilled', value: { closed: false } });
  expect(await mine.lists.timeline(good.fingerprint)).toHaveLength(1);
});

test('a burst of records shares its transactions', async () => {
  const { history: mine, sql, schema } = await history();
  const rows = Array.from({ length: 40 }, (_, i) => alert(`burst-${i}`));
  await Promise.all(rows.map((row) => mine.lives.record(first(row))));
  const { rows: written } = await sql.query<{ records: number; transactions: number }>(
    `select count(*)::int as records, count(distinct xmin::text)::int as transactions from ${schema}.episodes`,
  );
  expect(written[0]!.records).toBe(40);
  expect(written[0]!.transactions).toBeLessThanOrEqual(3);
});

test('a first record that is written again, because its answer was lost, is answered as before', async () => {
  const { history: mine } = await history();
  const row = alert('again');
  await mine.pages.apply([row.fingerprint], () => firing(row));
  await mine.pages.apply([row.fingerprint], () => ending(row));
  const record = { ...first(row), seq: 7 };
  const answer = await mine.lives.record(record);
  expect(answer).toMatchObject({ closed: true });
  expect(await mine.lives.record(record)).toEqual(answer);
});
