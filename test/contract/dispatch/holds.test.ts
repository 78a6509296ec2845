/** What looks at groups hold back, on record: once for as long as it is so, whoever looks. */
import { randomUUID } from 'node:crypto';
import type { RouteOptions } from '../../../src/dispatch/port';
import { transitionOf } from '../../../src/dispatch/posted';
import { whyOf } from '../../../src/dispatch/why';
import { fingerprint } from '../../../src/domain/labels';
import type { Transition } from '../../../src/domain/transition';
import { waitFor } from '../../harness/wait-for';
import { testHistory, type TestHistory } from '../history/test-history';
import { startGroupProcess, type GroupProcess } from './group-process';

const route: RouteOptions = {
  ...{ receiver: 'team', groupBy: ['alertname'], groupWaitMs: 0, groupIntervalMs: 100 },
  ...{ repeatIntervalMs: 3_600_000, matchers: [], continue: false, labels: {}, routes: [] },
  ...{ muteTimeIntervals: [], activeTimeIntervals: [] },
};

const MINUTE_MS = 60_000;
let lastAt = 0;
const told = (host: string, endsInMs = 5 * MINUTE_MS): Transition => {
  const at = (lastAt = Math.max(Date.now(), lastAt + 1));
  const posted = {
    ...{ labels: { alertname: 'Down', host }, annotations: {}, generatorUrl: '', timedOut: false },
    startsAt: new Date(at - MINUTE_MS).toISOString(),
    endsAt: new Date(at + endsInMs).toISOString(),
    updatedAt: new Date(at).toISOString(),
  };
  return transitionOf(posted, at, () => false);
};

let kept: TestHistory;
const processes: GroupProcess[] = [];
beforeEach(async () => {
  kept = await testHistory();
});
afterEach(async () => {
  await Promise.all(processes.splice(0).map((process) => process.stop()));
  await kept.close();
});

interface HoldRow {
  readonly fingerprint: string;
  readonly ended_at: Date | null;
  readonly xmin: string;
}

const holds = async (): Promise<HoldRow[]> =>
  (await kept.sql.query<HoldRow>(`select fingerprint, ended_at, xmin from ${kept.schema}.holds order by id`))
    .rows;

/** So many more looks at the group have been written. */
async function looks(many: number): Promise<void> {
  const seen = new Set<number>();
  await waitFor(
    async () => {
      const { rows } = await kept.sql.query<{ flushed_at: Date | null }>(
        `select flushed_at from ${kept.schema}.groups`,
      );
      for (const { flushed_at: at } of rows) if (at !== null) seen.add(at.getTime());
      return seen.size > many;
    },
    { what: `${many} looks`, intervalMs: 10, timeoutMs: 20_000 },
  );
}

test('many looks of two processes write one row an alert; its end, and a new alert, are written when they come', async () => {
  const id = randomUUID();
  const at = new Date();
  await kept.history.silences.create({
    ...{ id, matchers: [], createdBy: 'ana', comment: 'work' },
    ...{ startsAt: at.toISOString(), endsAt: new Date(at.getTime() + 60 * MINUTE_MS).toISOString() },
  });
  let silenced = true;
  const mutes = { silencer: async () => () => (silenced ? [id] : []) };
  const one = await startGroupProcess({ history: kept.history, route, mutes });
  const other = await startGroupProcess({ history: await kept.another(), route, mutes });
  processes.push(one, other);
  await one.apply(told('a'), told('b'));
  await waitFor(async () => (await holds()).length > 0, { what: 'the holds' });
  const first = await holds();
  expect(first.map((hold) => hold.fingerprint).sort()).toEqual(
    ['a', 'b'].map((host) => fingerprint({ alertname: 'Down', host })).sort(),
  );
  await looks(6);
  expect(await holds()).toEqual(first);

  await other.apply(told('c'));
  await waitFor(async () => (await holds()).length > 2, { what: 'the hold of the new alert' });
  expect((await holds()).slice(0, 2)).toEqual(first);
  const routing = { route, integrations: [{ name: 'team/webhook/0', sendResolved: true }] };
  const alert = (await kept.history.lists.find(first[0]!.fingerprint))!;
  const place = one.grouping.routing().routes.placesOf(alert.labels)[0]!;
  const records = await kept.history.records.of(alert.fingerprint, [place], at);
  expect(records.holds).toMatchObject([
    { reason: 'silence', until: null, by: [{ kind: 'silence', id, createdBy: 'ana', comment: 'work' }] },
  ]);
  const [way] = whyOf({ alert, routing, records, instance: '', now: new Date() });
  expect(way!.statements.map(({ kind }) => kind)).toEqual(['held']);

  silenced = false;
  await waitFor(async () => (await holds()).every((hold) => hold.ended_at !== null), { what: 'their end' });
  await waitFor(() => one.heard.length + other.heard.length > 0, { what: 'the message' });
  expect(await holds()).toHaveLength(3);

  const deliveries = async () =>
    (await kept.sql.query(`select 1 from ${kept.schema}.deliveries`)).rows.length;
  await waitFor(deliveries, { what: 'the delivery on record' });
  expect(await kept.history.forgetBefore(at)).toBe(0);
  expect(await kept.history.forgetBefore(new Date())).toBeGreaterThanOrEqual(4);
  expect(await holds()).toEqual([]);
  expect(await deliveries()).toBe(0);
});

test('an alert that is over is held back no more, and its group goes', async () => {
  const mutes = { timeMutedBy: () => ['night'] };
  const process = await startGroupProcess({ history: kept.history, route, mutes });
  processes.push(process);
  await process.apply(told('a'));
  await waitFor(async () => (await holds()).length === 1, { what: 'the hold' });
  await process.apply(told('a', -1));
  await waitFor(async () => (await holds())[0]!.ended_at !== null, { what: 'its end', timeoutMs: 20_000 });
  await waitFor(async () => (await kept.history.groups.nextDue()) === null, { what: 'the group to be gone' });
});

test('the routes that are in effect are the last that were told, also where they were in effect before', async () => {
  const { records } = kept.history;
  expect(await records.routing()).toBeNull();
  const routing = (receiver: string) => ({ route: { ...route, receiver }, integrations: [] });
  await records.keepRouting(routing('a'));
  await records.keepRouting(routing('b'));
  await records.keepRouting(routing('a'));
  expect(await records.routing()).toEqual(routing('a'));
  for (let n = 0; n < 20; n++) await records.keepRouting(routing(`r${n}`));
  expect(await records.routing()).toEqual(routing('r19'));
  const { rows } = await kept.sql.query(`select 1 from ${kept.schema}.routings`);
  expect(rows.length).toBeLessThan(15);
});
