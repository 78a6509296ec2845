/** Who looks whether incidents are over, and what he does where one could not be told. */
import { createIncidentWatch, type IncidentWatchOptions } from '../../../src/dispatch/incident-watch';
import { waitFor } from '../../harness/wait-for';

type Answer = () => { resolved: number; open: number };

function watching(answers: readonly Answer[], more: Partial<IncidentWatchOptions['store']> = {}) {
  let looks = 0;
  let woken = 0;
  const seen: number[] = [];
  const said: string[] = [];
  const saying = (level: string) => (_: unknown, text?: string) => void said.push(`${level} ${text}`);
  const watch = createIncidentWatch({
    store: {
      resolveOver: async () => answers[Math.min(looks++, answers.length - 1)]!(),
      sendWithheld: async () => 0,
      tellTaken: async () => 0,
      ...more,
    },
    ...{
      resolveTo: [],
      acknowledgedTo: [],
      isConfigured: true,
      wakeNotifier: () => void woken++,
      everyMs: 1,
    },
    log: { info: saying('info'), warn: saying('warn'), debug: saying('debug') } as never,
    onLook: (open) => void seen.push(open),
  });
  return { watch, looks: () => looks, woken: () => woken, seen, said };
}

const failing: Answer = () => {
  throw new Error('away');
};

it('goes on after failures, of which the first in a row is a warning, and tells the notifier of ends', async () => {
  const ended: Answer = () => ({ resolved: 1, open: 2 });
  const { watch, looks, woken, seen, said } = watching([
    failing,
    failing,
    ended,
    () => ({ resolved: 0, open: 0 }),
  ]);
  watch.start();
  await waitFor(() => looks() > 5, { what: 'several looks' });
  await watch.stop();
  expect(woken()).toBe(1);
  expect(seen.slice(0, 2)).toEqual([2, 0]);
  expect(said).toEqual([
    'warn incidents are looked at later: away',
    'debug incidents are looked at later: away',
    'info incidents resolved: 1',
  ]);
});

it('says which pages are sent after all, and wakes the notifier for them', async () => {
  const counts = [3];
  const sendWithheld = async () => counts.shift() ?? 0;
  const { watch, looks, woken, said } = watching([() => ({ resolved: 0, open: 1 })], { sendWithheld });
  watch.start();
  await waitFor(() => looks() > 2, { what: 'several looks' });
  await watch.stop();
  expect(woken()).toBe(1);
  expect(said).toEqual(['warn first pages are sent after all, since incidents could not be told: 3']);
});
