/** What senders were answered for and the rows do not show yet: who waits for it, and for how long. */
import { createUnderWay } from '../../../src/dispatch/under-way';
import { transitionOf } from '../../../src/dispatch/posted';
import type { Transition } from '../../../src/domain/transition';
import { groupScene, labelled, MINUTE, route, said, SECOND, START } from '../../harness/group-scene';
import { waitFor } from '../../harness/wait-for';

const iso = (ms: number): string => new Date(ms).toISOString();
const firing = (host: string, alertname = 'Down'): Transition =>
  transitionOf(
    {
      ...{ labels: labelled({ host, alertname }), annotations: {}, generatorUrl: '', timedOut: false },
      ...{ startsAt: iso(START), endsAt: iso(START + 60 * MINUTE), updatedAt: iso(START) },
    },
    START,
    () => false,
  );
const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
};

async function scene() {
  const groups = groupScene();
  const wiring: { underWay?: ReturnType<typeof createUnderWay> } = {};
  const one = await groups.process('one', {
    route: route({ groupBy: ['alertname'] }),
    flusher: {
      underWay: {
        groups: () => wiring.underWay!.groups(),
        isStorm: () => wiring.underWay!.isStorm(),
        shown: (mostMs) => wiring.underWay!.shown(mostMs),
      },
    },
  });
  const underWay = createUnderWay({
    known: one.grouping.known,
    groupsOf: (labels) =>
      one.grouping
        .routing()
        .routes.placesOf(labels)
        .map(({ id }) => id),
    now: groups.now,
  });
  wiring.underWay = underWay;
  return { ...{ groups, one, underWay }, row: (each: Transition) => groups.apply(one, [each]) };
}

it('waits for what is under way, and not for what comes after', async () => {
  const { underWay, row } = await scene();
  underWay.add([firing('a')]);
  let isShown = false;
  const waiting = underWay.shown(MINUTE).then(() => void (isShown = true));
  await turns();
  expect(isShown).toBe(false);
  underWay.add([firing('b')]);
  await row(firing('a'));
  await waiting;
  expect(underWay.size()).toBe(1);
});

it('gives up after the time that it is given', async () => {
  const { groups, underWay } = await scene();
  underWay.add([firing('a')]);
  const waiting = underWay.shown(2 * SECOND);
  await turns();
  groups.advance(2 * SECOND);
  await waiting;
  expect(underWay.size()).toBe(1);
});

it('forgets what does not come: a record that was put aside holds nobody up for ever', async () => {
  const { groups, underWay } = await scene();
  underWay.add([firing('a')]);
  groups.advance(15 * SECOND);
  await underWay.shown(0);
  expect(underWay.size()).toBe(0);
});

it('remembers no more while nobody looks, or the rows cannot be read', async () => {
  const { groups, one, underWay } = await scene();
  one.die();
  underWay.add([firing('a'), firing('b')]);
  groups.advance(15 * SECOND);
  underWay.add([firing('c')]);
  expect(underWay.size()).toBe(1);
  await expect(underWay.shown(0)).rejects.toThrow();
});

it('one that was over is there when its row says so, or a moment later where it stays over', async () => {
  const { groups, underWay, row } = await scene();
  await row(firing('a'));
  await row({ ...firing('a'), kind: 'resolved', ends_at: iso(START), event_time: iso(START + 1) });
  underWay.add([{ ...firing('a'), event_time: iso(START + 2) }]);
  await underWay.shown(0);
  expect(underWay.size()).toBe(1);
  groups.advance(250);
  await underWay.shown(0);
  expect(underWay.size()).toBe(0);
});

it('an end of what nobody knows is there at once', async () => {
  const { underWay } = await scene();
  underWay.add([{ ...firing('a'), kind: 'resolved' }]);
  await underWay.shown(MINUTE);
  expect(underWay.size()).toBe(0);
});

it('a group waits for what it has under way, and tells all of it at once; the others do not wait', async () => {
  const { groups, one, underWay, row } = await scene();
  await row(firing('a'));
  await row(firing('x', 'Other'));
  underWay.add([firing('b')]);
  groups.advance(30 * SECOND);
  // Half a minute has passed since it was posted by the clock of the scene: it is posted again.
  underWay.add([firing('b')]);
  const looking = one.look();
  await turns();
  await one.send();
  expect(groups.heard.map(said)).toEqual([['x firing']]);
  await row(firing('b'));
  await looking;
  await one.send();
  expect(groups.heard.map(said).slice(1)).toEqual([['a firing', 'b firing']]);
});

/** A group is due that has an alert, and of `many` others it is not known yet whether they are in it. */
async function dueInStorm(many: number) {
  const { groups, one, underWay, row } = await scene();
  await row(firing('a'));
  groups.advance(30 * SECOND);
  const storm = Array.from({ length: many }, (_, at) => firing(`h${at}`));
  underWay.add(storm);
  return { groups, one, underWay, storm };
}

it('in a storm a group waits for what comes meanwhile too', async () => {
  const { groups, one, underWay, storm } = await dueInStorm(501);
  const looking = one.look();
  await turns();
  const last = firing('last');
  underWay.add([last]);
  await groups.apply(one, storm);
  await waitFor(() => underWay.size() === 1, { what: 'all but the last to be there', intervalMs: 1 });
  await groups.apply(one, [last]);
  await looking;
  await one.send();
  expect(groups.heard).toHaveLength(1);
  expect(said(groups.heard[0]!)).toContain('last firing');
});

it('a group tells what it has where the rest does not come', async () => {
  const { groups, one, underWay, row } = await scene();
  await row(firing('a'));
  groups.advance(30 * SECOND);
  underWay.add([firing('b')]);
  const looking = one.look();
  await turns();
  groups.advance(2 * SECOND);
  await looking;
  await one.send();
  expect(groups.heard.map(said)).toEqual([['a firing']]);
});

it('in a storm it waits for longer, and in the end tells what it has', async () => {
  const { groups, one, underWay, storm } = await dueInStorm(600);
  let isLookedAt = false;
  const looking = one.look().then(() => void (isLookedAt = true));
  await turns();
  for (const [at, left] of [
    [0, 599],
    [1, 598],
  ] as const) {
    groups.advance(3 * SECOND);
    await groups.apply(one, [storm[at]!]);
    await waitFor(() => underWay.size() === left, { what: 'the row to be seen', intervalMs: 1 });
  }
  expect(isLookedAt).toBe(false);
  groups.advance(6 * SECOND);
  await looking;
  await one.send();
  expect(groups.heard.map(said)).toEqual([['a firing', 'h0 firing', 'h1 firing']]);
});
