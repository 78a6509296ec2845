import { statusQuery, timelineQuery } from '../../workflows/messages';
import { transition } from '../builders/alerts';
import { waitFor } from '../harness/wait-for';
import { realWorld, type World } from './world';

let world: World;
beforeEach(async () => void (world = await realWorld()));
afterEach(() => world.close());

it('3,000 signals and 50 episodes pass through at least three runs, and nothing is lost', async () => {
  const firing = transition();
  await world.deliver(firing);
  const handle = world.handle(firing);
  const runs = new Set<string>();
  const EPISODES = 50;
  const CHANGES = 58;
  for (let episode = 0; episode < EPISODES; episode++) {
    const at = episode * 1_000;
    if (episode > 0) await world.deliver(transition({ at }));
    const changes = Array.from({ length: CHANGES }, (_, n) => transition({ kind: 'changed', at: at + n + 1, startsAt: at, value: n }));
    for (let from = 0; from < CHANGES; from += 15) await Promise.all(changes.slice(from, from + 15).map((one) => world.deliver(one)));
    if (episode < EPISODES - 1) await world.deliver(transition({ kind: 'resolved', at: at + 999, startsAt: at }));
    runs.add((await handle.describe()).runId);
  }
  await waitFor(async () => (await handle.query(statusQuery)).episodes === EPISODES, { what: 'the last episode' });
  await waitFor(() => world.messages().length === EPISODES, { what: 'a page of every episode' });
  runs.add((await handle.describe()).runId);
  expect(runs.size).toBeGreaterThanOrEqual(3);
  const told = world.records.filter((record) => record.notifications?.some((one) => one.step === 'escalate-1')).map((record) => record.episode);
  expect(new Set(told).size).toBe(EPISODES);
  expect((await handle.query(timelineQuery)).length).toBeGreaterThan(0);
}, 180_000);
