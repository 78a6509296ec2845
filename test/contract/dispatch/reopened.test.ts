/** An alert that was resolved by hand, and whose condition still holds when the quiet time is over. */
import { transitionOf } from '../../../src/dispatch/posted';
import { waitFor } from '../../harness/wait-for';
import { testHistory, type TestHistory } from '../history/test-history';
import { routeTo, startGroupProcess, type GroupProcess } from './group-process';

const ROUTE = routeTo('team', {});
const iso = (ms: number): string => new Date(ms).toISOString();

let kept: TestHistory;
let process: GroupProcess;
beforeEach(async () => {
  kept = await testHistory();
  process = await startGroupProcess({ history: kept.history, route: ROUTE });
});
afterEach(async () => {
  await process.stop();
  await kept.close();
});

/** `endsInMs`: as its sender has said before it was resolved by hand. */
async function firesAndIsResolvedByHand(endsInMs: number) {
  const now = Date.now();
  const alert = transitionOf(
    {
      ...{ labels: { alertname: 'Down', host: 'a' }, annotations: {}, generatorUrl: '', updatedAt: iso(now) },
      ...{ startsAt: iso(now - 1), endsAt: iso(now + endsInMs), timedOut: true },
    },
    now,
    () => false,
  );
  await process.apply(alert);
  await untilHeard(1);
  const { fingerprint } = alert;
  const episode = Date.parse(alert.starts_at);
  const timeline = [{ key: 'resolved', at: iso(now), kind: 'resolved', actor: 'ada', text: '', details: {} }];
  await kept.history.lives.record({
    ...{ fingerprint, episode, seq: 1, timeline },
    ...{ state: 'RESOLVED', resolvedBy: 'ada', quietUntil: iso(now + 60_000) },
  });
  await untilHeard(2);
  const { rows } = await kept.sql.query(`select 1 from ${kept.schema}.groups`);
  return { fingerprint, rows };
}

const untilHeard = (many: number) =>
  waitFor(() => process.heard.length >= many, { what: `${many} messages`, timeoutMs: 20_000 });
const said = () => process.heard.map(({ message }) => message.alerts.map(({ status }) => status).join());

async function open(fingerprint: string, expiresAt: number): Promise<void> {
  const now = Date.now();
  const opens = { startsAt: iso(now), reason: 'it still holds', expiresAt: iso(expiresAt), timedOut: true };
  await kept.history.lives.record({
    ...{ fingerprint, episode: now, seq: 2, timeline: [], state: 'FIRING', quietUntil: null, opens },
  });
}

test('it is told of like any alert that fires, for as long as its sender tells it again', async () => {
  const { fingerprint } = await firesAndIsResolvedByHand(2_000);
  const row = async () => (await kept.history.lists.find(fingerprint))!;
  await waitFor(async () => Date.parse((await row()).expiresAt!) < Date.now(), {
    what: 'the end that was said',
  });
  await open(fingerprint, Date.now() + 60_000);
  await untilHeard(3);
  expect(said()).toEqual(['firing', 'resolved', 'firing']);
  expect((await row()).state).toBe('FIRING');
});

test('where its sender has fallen silent meanwhile, nobody is told, and it is over', async () => {
  const { fingerprint } = await firesAndIsResolvedByHand(60_000);
  await open(fingerprint, Date.now() - 1_000);
  await waitFor(async () => (await kept.history.lists.find(fingerprint))!.state === 'RESOLVED', {
    what: 'its end',
  });
  expect(said()).toEqual(['firing', 'resolved']);
});
