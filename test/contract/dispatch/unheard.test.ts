/** Senders could not be heard for a while: that is not taken for their silence. */
import { transitionOf } from '../../../src/dispatch/posted';
import type { Transition } from '../../../src/domain/transition';
import { waitFor } from '../../harness/wait-for';
import { groupProcesses, routeTo } from './group-process';

const TERM_MS = 3_000;
const MINUTE = 60_000;

const scene = groupProcesses(routeTo('team', { groupIntervalMs: 200 }));

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
const said = (): string[] => scene.heard.map(({ message }) => message.alerts[0]!.status);
const untilSaid = (many: number) => waitFor(() => scene.heard.length >= many, { what: `${many} messages` });

/** As if everything had stood still for that long since the last post. */
async function standStill(ms: number): Promise<void> {
  const { sql, schema } = scene.kept;
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
  const first = await scene.start();
  await first.apply(told());
  await untilSaid(1);
  await first.stop();
  await standStill(30 * MINUTE);
  const second = await scene.start();
  const again = told();
  await second.apply(again);
  await untilSaid(2);
  expect(said()).toEqual(['firing', 'resolved']);
  expect(scene.heard[1]!.at).toBeGreaterThanOrEqual(Date.parse(again.expires_at!));
});

test('and where its sender is silent, it ends as long afterwards as its sender had promised', async () => {
  const first = await scene.start();
  await first.apply(told());
  await untilSaid(1);
  await first.stop();
  await standStill(30 * MINUTE);
  const began = Date.now();
  await scene.start();
  await untilSaid(2);
  expect(said()).toEqual(['firing', 'resolved']);
  expect(scene.heard[1]!.at - began).toBeGreaterThanOrEqual(TERM_MS);
});

test('while Kafka is away no alert ends', async () => {
  let isHeard = true;
  const process = await scene.start({ isHeard: () => isHeard });
  await process.apply(told());
  await untilSaid(1);
  isHeard = false;
  const { schema } = scene.kept;
  await standStill(MINUTE);
  const looks = async (): Promise<number> => {
    const { rows } = await scene.kept.sql.query<{ at: Date }>(
      `select flushed_at as at from ${schema}.groups`,
    );
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
