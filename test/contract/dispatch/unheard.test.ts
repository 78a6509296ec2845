/** Senders could not be heard for a while: that is not taken for their silence. */
import type { RouteOptions } from '../../../src/dispatch/port';
import { transitionOf } from '../../../src/dispatch/posted';
import type { Transition } from '../../../src/domain/transition';
import { waitFor } from '../../harness/wait-for';
import { testHistory, type TestHistory } from '../history/test-history';
import { startGroupProcess, type GroupProcess, type GroupProcessOptions, type Heard } from './group-process';

const ROUTE: RouteOptions = {
  ...{ receiver: 'team', groupBy: ['alertname'], matchers: [], continue: false, labels: {}, routes: [] },
  ...{ groupWaitMs: 0, groupIntervalMs: 200, repeatIntervalMs: 3_600_000 },
  ...{ muteTimeIntervals: [], activeTimeIntervals: [] },
};
const TERM_MS = 3_000;
const MINUTE = 60_000;

let kept: TestHistory;
let heard: Heard[];
const processes: GroupProcess[] = [];
beforeEach(async () => {
  kept = await testHistory();
  heard = [];
});
afterEach(async () => {
  await Promise.all(processes.splice(0).map((process) => process.stop()));
  await kept.close();
});

async function start(more: Partial<GroupProcessOptions> = {}): Promise<GroupProcess> {
  const history = await kept.another();
  const process = await startGroupProcess({ history, route: ROUTE, heard, ...more });
  processes.push(process);
  return process;
}

const STARTS_AT = new Date(Date.now() - 60 * MINUTE).toISOString();
const told = (): Transition => {
  const now = Date.now();
  const endsAt = new Date(now + TERM_MS).toISOString();
  const labels = { alertname: 'Down', host: 'a' };
  return transitionOf(
    {
      labels,
      annotations: {},
      startsAt: STARTS_AT,
      endsAt,
      timedOut: false,
      updatedAt: '',
      generatorUrl: '',
    },
    now,
    () => false,
  );
};
const said = (): string[] => heard.map(({ message }) => message.alerts[0]!.status);
const untilSaid = (many: number) => waitFor(() => heard.length >= many, { what: `${many} messages` });

/** As if everything had stood still for that long since the last post. */
async function standStill(ms: number): Promise<void> {
  const { sql, schema } = kept;
  const back = (...columns: string[]): string =>
    columns.map((each) => `${each} = ${each} - $1 * interval '1 millisecond'`).join(', ');
  await sql.query(
    `update ${schema}.alerts set ${back('expires_at')}, event_time = event_time - $1::bigint`.replace(
      '$1 *',
      '$1::bigint *',
    ),
    [ms],
  );
  await sql.query(`update ${schema}.hearing set ${back('since', 'served_until', 'heard_until')}`, [ms]);
}

test('all processes were away when an alert would have ended: its sender has time to tell it again', async () => {
  const first = await start();
  await first.apply(told());
  await untilSaid(1);
  await first.stop();
  await standStill(30 * MINUTE);
  const second = await start();
  const again = told();
  await second.apply(again);
  await untilSaid(2);
  expect(said()).toEqual(['firing', 'resolved']);
  expect(heard[1]!.at).toBeGreaterThanOrEqual(Date.parse(again.expires_at!));
});

test('and where its sender is silent, it ends as long afterwards as its sender had promised', async () => {
  const first = await start();
  await first.apply(told());
  await untilSaid(1);
  await first.stop();
  await standStill(30 * MINUTE);
  const began = Date.now();
  await start();
  await untilSaid(2);
  expect(said()).toEqual(['firing', 'resolved']);
  expect(heard[1]!.at - began).toBeGreaterThanOrEqual(TERM_MS);
});

test('while Kafka is away no alert ends', async () => {
  let isHeard = true;
  const process = await start({ isHeard: () => isHeard });
  await process.apply(told());
  await untilSaid(1);
  isHeard = false;
  const { schema } = kept;
  await standStill(MINUTE);
  const looks = async (): Promise<number> => {
    const { rows } = await kept.sql.query<{ at: Date }>(`select flushed_at as at from ${schema}.groups`);
    return rows[0]?.at.getTime() ?? NaN;
  };
  const since = Date.now();
  // It is looked at, and there is nothing to tell.
  await waitFor(async () => (await looks()) > since + 1_000, { what: 'looks' });
  expect(said()).toEqual(['firing']);
  isHeard = true;
  await untilSaid(2);
  expect(said()).toEqual(['firing', 'resolved']);
});
