/** Looks that cannot be had, or that nobody here knows what to do with: nothing is lost, and it is said once. */
import { createFlusher, type FlusherOptions } from '../../../src/dispatch/flusher';
import { TocsinError } from '../../../src/domain/errors';
import type { GroupStore } from '../../../src/history/port';
import type { GroupVerdict } from '../../../src/notify/port';
import { groupScene, labelled, MINUTE, oneTurn, route, said, SECOND } from '../../harness/group-scene';
import { waitFor } from '../../harness/wait-for';

const host = (name: string) => ({ labels: labelled({ host: name }) });
const NOTHING: GroupVerdict = { messages: [], held: [] };

/** A flusher of one's own over a scene's store, which runs until the test has seen what it waits for. */
async function running(store: Partial<GroupStore>, more: Partial<FlusherOptions>, until: () => boolean) {
  const scene = groupScene();
  const one = await scene.process('one');
  const log = { warn: jest.fn(), debug: jest.fn() };
  const onMessages = jest.fn();
  const flusher = createFlusher({
    ...{ store: { ...scene.history.storeOf('it'), ...store }, known: one.grouping.known, log, onMessages },
    ...{ routing: one.grouping.routing, now: scene.now, verdicts: async () => () => NOTHING },
    ...more,
  });
  flusher.start();
  await waitFor(until, { what: 'the looks', intervalMs: 1 });
  await flusher.stop();
  return { log, onMessages };
}

it.each(['told', 'flushed'] as const)(
  'groups wait where the history cannot do %s, and are told of later',
  async (what) => {
    const scene = groupScene();
    const one = await scene.process('one');
    await scene.post(one, host('a'));
    scene.advance(30 * SECOND);
    const does = one.store[what];
    (one.store as { [name in typeof what]: unknown })[what] = async () => Promise.reject(new Error('away'));
    await one.look();
    await one.send();
    expect(scene.heard).toEqual([]);
    (one.store as { [name in typeof what]: unknown })[what] = does;
    scene.advance(10 * SECOND);
    await one.look();
    await one.send();
    expect(scene.heard.map(said)).toEqual([['a firing']]);
  },
);

it('a group whose look Postgres refuses for good waits alone', async () => {
  const scene = groupScene();
  const one = await scene.process('one', { route: route({ groupBy: ['host'] }) });
  await scene.post(one, ...['a', 'bad', 'b', 'c'].map(host));
  scene.advance(30 * SECOND);
  const { flushed } = one.store;
  one.store.flushed = async (results) => {
    if (results.some(({ messages }) => messages.some(({ groupKey }) => groupKey.includes('bad'))))
      throw new TocsinError('TOC_VALUE_REFUSED', 'its key is too long');
    return flushed(results);
  };
  await one.look();
  await one.send();
  expect(scene.heard.flatMap(said).sort()).toEqual(['a firing', 'b firing', 'c firing']);
});

it('groups wait where what is new of alerts cannot be read: an old view could tell of what is over', async () => {
  const scene = groupScene();
  let isAway = false;
  const changes = scene.history.follow();
  const one = await scene.process('one', {
    grouping: {
      changes: { next: (wanted) => (isAway ? Promise.reject(new Error('away')) : changes.next(wanted)) },
    },
  });
  await scene.post(one, host('a'));
  scene.advance(30 * SECOND);
  isAway = true;
  await one.look();
  expect(scene.history.messages.size).toBe(0);
  isAway = false;
  scene.advance(10 * SECOND);
  await one.look();
  expect(scene.history.messages.size).toBe(1);
});

it('that it cannot look is a warning once, and a word for the curious after that', async () => {
  let looks = 0;
  const takeDue = async () => Promise.reject(new Error(`away ${++looks}`));
  const { log } = await running({ takeDue }, {}, () => looks >= 2);
  expect(log.warn.mock.calls.map(([, text]) => text as string)).toEqual([
    'groups cannot be looked at, they wait: away 1',
  ]);
  expect(log.debug).toHaveBeenCalledWith({ err: expect.any(Error) }, expect.stringContaining('away 2'));
});

it('looks at a few first, and again at once at twice as many while more are due', async () => {
  const scene = groupScene();
  const one = await scene.process('one', { route: route({ groupBy: null, groupWaitMs: 0 }) });
  await scene.post(one, ...Array.from({ length: 1_001 }, (_, n) => host(`h${n}`)));
  const sizes: number[] = [];
  const store = scene.history.storeOf('it');
  const flusher = createFlusher({
    ...{ known: one.grouping.known, routing: one.grouping.routing, now: scene.now },
    ...{ log: { warn: jest.fn(), debug: jest.fn() }, onMessages: jest.fn() },
    store: {
      ...store,
      takeDue: async (...args) => {
        const due = await store.takeDue(...args);
        sizes.push(due.length);
        return due;
      },
    },
    verdicts: async () => () => NOTHING,
  });
  flusher.start();
  await waitFor(() => sizes.length >= 5, { what: 'five looks', intervalMs: 1 });
  await flusher.stop();
  expect(sizes.slice(0, 5)).toEqual([50, 100, 200, 400, 251]);
});

it('wakes the sender only where there is something to send', async () => {
  const scene = groupScene();
  const onMessages = jest.fn();
  const one = await scene.process('one', { flusher: { onMessages } });
  await scene.post(one, host('a'));
  scene.advance(30 * SECOND);
  await one.look();
  expect(onMessages).toHaveBeenCalledTimes(1);
  scene.advance(5 * MINUTE);
  await one.send();
  await one.look();
  expect(onMessages).toHaveBeenCalledTimes(1);
});

it('a group of routes that are not in effect here is removed, and said to be a stray', async () => {
  const scene = groupScene();
  const onStray = jest.fn();
  const one = await scene.process('one', { flusher: { onStray } });
  await scene.post(one, host('a'));
  scene.advance(30 * SECOND);
  await one.look();
  expect(onStray).not.toHaveBeenCalled();
  await one.store.join([{ id: 'of another tree', routeId: '{}/{x="y"}/0', dueAt: new Date(scene.now()) }]);
  await one.look();
  expect(onStray).toHaveBeenCalledTimes(1);
  expect([...scene.history.groups.values()].map(({ routeId }) => routeId)).toEqual(['{}']);
});

it('tells whoever counts looks what was decided, and of a group without open alerts nothing', async () => {
  const scene = groupScene();
  const onLook = jest.fn();
  const verdicts = jest.fn(async () => () => NOTHING);
  const one = await scene.process('one', { flusher: { onLook, verdicts } });
  await scene.post(one, host('a'));
  scene.advance(30 * SECOND);
  await one.look();
  expect(onLook.mock.calls[0]![0]).toMatchObject({ key: '{}:{alertname="Down"}', receiver: 'team' });
  expect(onLook.mock.calls[0]![1]).toBe(NOTHING);
  expect(verdicts).toHaveBeenCalledWith(new Date(scene.now()));
});

it('nothing due, nothing asked of alerts', async () => {
  const refresh = jest.fn();
  const scene = groupScene();
  const one = await scene.process('one');
  const log = { warn: jest.fn(), debug: jest.fn() };
  await oneTurn(
    createFlusher({
      ...{ store: one.store, routing: one.grouping.routing, now: scene.now, log, onMessages: jest.fn() },
      known: { ...one.grouping.known, refresh },
      verdicts: async () => () => NOTHING,
    }),
  );
  expect(refresh).not.toHaveBeenCalled();
});
