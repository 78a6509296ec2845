/** Who looks whether incidents are over, and until when. */
import { watchIncidents } from '../../../src/dispatch/incident-watch';
import { waitFor } from '../../harness/wait-for';

const log = { info: () => undefined, warn: () => undefined };
const watching = (answers: (() => { resolved: number; open: number })[], isConfigured: boolean) => {
  let looks = 0;
  let woken = 0;
  const seen: number[] = [];
  const watch = watchIncidents({
    store: { resolveOver: async () => answers[Math.min(looks++, answers.length - 1)]!() },
    ...{ resolveTo: [], isConfigured, wakeNotifier: () => void woken++, log, everyMs: 1 },
    onLook: (open) => void seen.push(open),
  });
  return { watch, looks: () => looks, woken: () => woken, seen };
};

it('goes on while they are configured, also after a failure', async () => {
  const failing = (): never => {
    throw new Error('away');
  };
  const { watch, looks, woken } = watching(
    [failing, () => ({ resolved: 1, open: 0 }), () => ({ resolved: 0, open: 0 })],
    true,
  );
  await waitFor(() => looks() > 5, { what: 'several looks' });
  await watch.stop();
  expect(woken()).toBe(1);
});

it('ends when none is open and there will be no more', async () => {
  const { watch, looks, seen } = watching(
    [() => ({ resolved: 0, open: 1 }), () => ({ resolved: 1, open: 0 })],
    false,
  );
  await waitFor(() => looks() === 2, { what: 'the last look' });
  await watch.stop();
  expect([looks(), seen]).toEqual([2, [1, 0]]);
});
