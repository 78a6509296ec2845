/** Alerts whose sender has fallen silent: their end is told once, unless the sender comes back or the end gets lost. */
import { createExpiry } from '../../../src/dispatch/expiry';
import { fingerprint } from '../../../src/domain/labels';
import type { Transition } from '../../../src/domain/transition';
import type { KnownAlert } from '../../../src/history/port';
import { groupScene, labelled, MINUTE, SECOND, START } from '../../harness/group-scene';
import { waitFor } from '../../harness/wait-for';

const iso = (ms: number): string => new Date(ms).toISOString();
const until = (ms: number, host = 'a') => ({ labels: labelled({ host }), endsAt: iso(START + ms) });
const ID = fingerprint(labelled({ host: 'a' }));

describe('in the rows', () => {
  it('an alert that is not told again is over when its time is, said two seconds later', async () => {
    const scene = groupScene();
    const one = await scene.process('one');
    await scene.post(one, until(MINUTE), until(2 * MINUTE, 'b'));
    scene.advance(MINUTE + 2 * SECOND - 1);
    await one.expire();
    expect(scene.published).toEqual([]);
    scene.advance(1);
    await one.expire();
    expect(scene.published).toHaveLength(1);
    const end = iso(START + MINUTE);
    expect(scene.history.rows.get(ID)).toMatchObject({ state: 'RESOLVED', endsAt: end, resolvedBy: 'api' });
  });

  it('one whose sender has come back since the look fires on', async () => {
    const scene = groupScene();
    const one = await scene.process('one');
    await scene.post(one, until(MINUTE));
    scene.advance(MINUTE + 2 * SECOND);
    await one.grouping.known.refresh();
    const seen = [...one.grouping.known.all()];
    await scene.post(one, until(10 * MINUTE));
    const late: Transition[] = [];
    await turnsOf(seen, async (each) => void late.push(...each), scene.now).once();
    expect(late).toHaveLength(1);
    await scene.apply(one, late);
    expect(scene.history.rows.get(ID)).toMatchObject({ state: 'FIRING', endsAt: null });
  });

  it('two processes that tell of the same end tell the same', async () => {
    const scene = groupScene();
    const one = await scene.process('one');
    await scene.post(one, until(MINUTE));
    scene.advance(MINUTE + 2 * SECOND);
    const published: Transition[] = [];
    for (let processes = 0; processes < 2; processes++) {
      const { alerts } = await scene.history.follow().next(async () => []);
      const seen = alerts.map((alert) => ({ ...alert, overAt: alert.expiresAt }));
      await turnsOf(seen, async (each) => void published.push(...each), scene.now).once();
    }
    expect(published).toHaveLength(2);
    expect(published[1]).toEqual(published[0]);
  });
});

const known = (more: Partial<KnownAlert> = {}): KnownAlert => ({
  ...{ fingerprint: ID, labels: labelled({ host: 'a' }), annotations: {}, state: 'FIRING', episode: START },
  ...{ startsAt: START, endsAt: null, expiresAt: START, updatedAt: START, changedAt: START },
  ...{ generatorUrl: '', downTarget: null, acknowledgement: null },
  ...more,
  overAt: more.expiresAt === undefined ? START : more.expiresAt,
});

function turnsOf(
  alerts: readonly KnownAlert[],
  publish: (transitions: readonly Transition[]) => Promise<void>,
  now = (): number => START + MINUTE,
) {
  let looks = 0;
  const log = { warn: jest.fn(), debug: jest.fn() };
  const rows = { alerts };
  const expiry = createExpiry({
    known: {
      refresh: async () => void looks++,
      get: () => undefined,
      all: () => rows.alerts,
      forget: () => undefined,
    },
    ...{ publish, now, log },
  });
  const again = async (): Promise<void> => {
    const before = looks;
    expiry.wake();
    await waitFor(() => looks > before, { what: 'another look', intervalMs: 1 });
    await new Promise(setImmediate);
  };
  return {
    ...{ expiry, rows, again, log },
    looks: () => looks,
    async once() {
      expiry.start();
      await expiry.stop();
    },
  };
}

describe('in a process', () => {
  it('what it has told is not told at each look, until the row shows it', async () => {
    const publish = jest.fn(async () => undefined);
    const { expiry, rows, again } = turnsOf([known()], publish);
    expiry.start();
    await again();
    await again();
    expect(publish).toHaveBeenCalledTimes(1);
    rows.alerts = [known({ state: 'RESOLVED' })];
    await again();
    rows.alerts = [known()];
    await again();
    await expiry.stop();
    expect(publish).toHaveBeenCalledTimes(2);
  });

  it('an alert that came back and fell silent again is told of again', async () => {
    const publish = jest.fn(async (_: readonly Transition[]) => undefined);
    const { expiry, rows, again } = turnsOf([known()], publish);
    expiry.start();
    await again();
    rows.alerts = [known({ expiresAt: START + 10 * SECOND })];
    await again();
    await expiry.stop();
    expect(publish.mock.calls.map(([[one]]) => one!.ends_at)).toEqual([iso(START), iso(START + 10 * SECOND)]);
  });

  it('what could not be told is told with the next look, and the trouble is said', async () => {
    let isAway = true;
    const publish = jest.fn(async () => (isAway ? Promise.reject(new Error('Kafka is away')) : undefined));
    const { expiry, again, log, looks } = turnsOf([known()], publish);
    expiry.start();
    await waitFor(() => log.warn.mock.calls.length > 0, { what: 'the warning', intervalMs: 1 });
    isAway = false;
    const before = looks();
    await again();
    expect(looks()).toBeGreaterThan(before);
    await expiry.stop();
    expect(publish).toHaveBeenCalledTimes(2);
    expect(log.warn).toHaveBeenCalledWith(
      { err: expect.any(Error) },
      'alerts whose time is over cannot be resolved now: Kafka is away',
    );
  });

  it.each<[string, Partial<KnownAlert>]>([
    ['of a rule', { expiresAt: null }],
    ['that is resolved', { state: 'RESOLVED' }],
    ['whose time is not over', { expiresAt: START + MINUTE }],
  ])('an alert %s is left alone', async (_, more) => {
    const publish = jest.fn(async () => undefined);
    await turnsOf([known(more)], publish).once();
    expect(publish).not.toHaveBeenCalled();
  });
});
