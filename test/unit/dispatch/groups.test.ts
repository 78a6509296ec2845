/** A group's life in one process and in several, over a history in memory: who is told what, when, and how often. */
import { fingerprint } from '../../../src/domain/labels';
import type { ReadAlerts } from '../../../src/history/port';
import type { Delivery } from '../../../src/notify/port';
import {
  groupScene,
  HOUR,
  labelled,
  MINUTE,
  route,
  said,
  SECOND,
  START,
  type GroupProcess,
  type Scene,
} from '../../harness/group-scene';

const NOTHING: ReadAlerts = {
  isWhole: false,
  alerts: [],
  hearing: { now: START, since: 0, heardUntil: START, before: 0 },
};
const turned = (read: ReadAlerts): ReadAlerts => ({ ...read, alerts: [...read.alerts].reverse() });
const iso = (ms: number): string => new Date(ms).toISOString();
const host = (name: string) => ({ labels: labelled({ host: name }) });
const ended = (scene: Scene, name: string) => ({ ...host(name), endsAt: iso(scene.now()) });

/** Looks and sends, `ms` from now. */
async function after(scene: Scene, process: GroupProcess, ms: number): Promise<void> {
  scene.advance(ms);
  await process.look();
  await process.send();
}

describe('a group', () => {
  it('waits for others, tells of all at once, of a new one and of an end with the next look, and is gone', async () => {
    const scene = groupScene();
    const one = await scene.process('one');
    await scene.post(one, host('a'));
    scene.advance(10 * SECOND);
    await scene.post(one, host('b'));
    await after(scene, one, 20 * SECOND - 1);
    expect(scene.heard).toEqual([]);
    await after(scene, one, 1);
    expect(scene.heard.map(said)).toEqual([['a firing', 'b firing']]);
    expect(scene.heard[0]!.message).toMatchObject({
      ...{ groupKey: '{}:{alertname="Down"}', groupLabels: { alertname: 'Down' }, receiver: 'team' },
      ...{ reason: 'first notification', at: START + 30 * SECOND },
    });
    await scene.post(one, host('c'), ended(scene, 'a'));
    await after(scene, one, 5 * MINUTE - 1);
    expect(scene.heard).toHaveLength(1);
    await after(scene, one, 1);
    expect(said(scene.heard[1]!)).toEqual(['a resolved', 'b firing', 'c firing']);
    await scene.post(one, ended(scene, 'b'), ended(scene, 'c'));
    await after(scene, one, 5 * MINUTE);
    expect(said(scene.heard[2]!)).toEqual(['b resolved', 'c resolved']);
    await after(scene, one, 5 * MINUTE);
    expect(scene.heard).toHaveLength(3);
    expect(scene.history.groups.size).toBe(0);
  });

  it('leaves at once where its alert has fired for longer than group_wait', async () => {
    const scene = groupScene();
    const one = await scene.process('one');
    await scene.post(one, { ...host('a'), startsAt: iso(START - MINUTE) });
    await after(scene, one, 0);
    expect(scene.heard.map(said)).toEqual([['a firing']]);
  });

  it.each([
    ['of the same batch', 0],
    ['that comes later', 5 * SECOND],
  ])('leaves at once where an alert %s has fired for longer than group_wait', async (_, ms) => {
    const scene = groupScene();
    const one = await scene.process('one');
    const old = { ...host('b'), startsAt: iso(START - MINUTE) };
    await scene.post(one, host('a'), ...(ms === 0 ? [old] : []));
    if (ms > 0) {
      await after(scene, one, ms);
      expect(scene.heard).toEqual([]);
      await scene.post(one, old);
    }
    await after(scene, one, 0);
    expect(scene.heard.map(said)).toEqual([['a firing', 'b firing']]);
    await scene.post(one, { ...host('c'), startsAt: iso(START - MINUTE) });
    await after(scene, one, 5 * MINUTE - 1);
    expect(scene.heard).toHaveLength(1);
  });

  it('is repeated when repeat_interval is over and not before, with another key', async () => {
    const scene = groupScene();
    const one = await scene.process('one');
    await scene.post(one, host('a'));
    await after(scene, one, 30 * SECOND);
    for (let looks = 0; looks < 48; looks++) await after(scene, one, 5 * MINUTE);
    expect(scene.heard).toHaveLength(1);
    await after(scene, one, 5 * MINUTE);
    expect(scene.heard[1]!.message.reason).toBe('repeat interval elapsed');
    expect(scene.heard[1]!.message.key).not.toBe(scene.heard[0]!.message.key);
  });

  it('is not repeated while somebody holds all that fires in it', async () => {
    const scene = groupScene();
    const one = await scene.process('one', { route: route({ repeatIntervalMs: 10 * MINUTE }) });
    await scene.post(one, host('a'));
    await after(scene, one, 30 * SECOND);
    const acknowledgement = { owner: 'ana', at: iso(scene.now()), until: null };
    scene.history.change(fingerprint(labelled({ host: 'a' })), {
      state: 'ACKNOWLEDGED',
      acknowledgement: acknowledgement as never,
    });
    for (let looks = 0; looks < 4; looks++) await after(scene, one, 5 * MINUTE);
    expect(scene.heard).toHaveLength(1);
    scene.history.change(fingerprint(labelled({ host: 'a' })), { state: 'FIRING', acknowledgement: null });
    await after(scene, one, 5 * MINUTE);
    expect(scene.heard).toHaveLength(2);
  });

  it('keeps its times where it is looked at a little late, and counts from now where nobody was there', async () => {
    const scene = groupScene();
    const one = await scene.process('one');
    await scene.post(one, host('a'));
    await after(scene, one, 30 * SECOND + 400);
    const next = (): number => [...scene.history.groups.values()][0]!.dueAt - START;
    expect(next()).toBe(30 * SECOND + 5 * MINUTE);
    scene.advance(HOUR);
    const late = scene.now() - START;
    await after(scene, one, 0);
    expect(next()).toBe(late + 5 * MINUTE);
  });

  it('of which nobody is told of ends tells none, and hears of the next beginning', async () => {
    const scene = groupScene({ sendResolved: false });
    const one = await scene.process('one');
    await scene.post(one, host('a'));
    await after(scene, one, 30 * SECOND);
    await scene.post(one, ended(scene, 'a'));
    await after(scene, one, 5 * MINUTE);
    expect(scene.heard).toHaveLength(1);
    await scene.post(one, host('a'));
    await after(scene, one, 5 * MINUTE);
    expect(scene.heard.map(said)).toEqual([['a firing'], ['a firing']]);
    expect(scene.heard[1]!.message.reason).toBe('first notification');
  });
});

describe('an alert that comes and goes between two looks', () => {
  const comesAndGoes = async (scene: Scene, one: GroupProcess): Promise<void> => {
    await scene.post(one, host('b'));
    scene.advance(1);
    await scene.post(one, ended(scene, 'b'));
  };

  it('is told as over with what else there is to tell, once', async () => {
    const scene = groupScene();
    const one = await scene.process('one');
    await scene.post(one, host('a'));
    await after(scene, one, 30 * SECOND);
    await comesAndGoes(scene, one);
    for (let looks = 0; looks < 3; looks++) await after(scene, one, 5 * MINUTE);
    expect(scene.heard.slice(1).map(said)).toEqual([['a firing', 'b resolved']]);
  });

  it('before the first look too', async () => {
    const scene = groupScene();
    const one = await scene.process('one');
    await scene.post(one, host('a'));
    await comesAndGoes(scene, one);
    await after(scene, one, 30 * SECOND);
    expect(scene.heard.map(said)).toEqual([['a firing', 'b resolved']]);
  });

  it('and whose row no look could see yet', async () => {
    const scene = groupScene();
    const changes = scene.history.follow();
    let areUncommitted = false;
    const one = await scene.process('one', {
      grouping: { changes: { next: async (wanted) => (areUncommitted ? NOTHING : changes.next(wanted)) } },
    });
    await scene.post(one, host('a'));
    await after(scene, one, 30 * SECOND);
    scene.advance(5 * MINUTE - SECOND);
    await comesAndGoes(scene, one);
    areUncommitted = true;
    await after(scene, one, SECOND - 1);
    areUncommitted = false;
    await after(scene, one, 5 * MINUTE);
    expect(scene.heard.slice(1).map(said)).toEqual([['a firing', 'b resolved']]);
  });

  it('alone in its group is told of to nobody', async () => {
    const scene = groupScene();
    const one = await scene.process('one');
    await comesAndGoes(scene, one);
    for (let looks = 0; looks < 3; looks++) await after(scene, one, 5 * MINUTE);
    expect(scene.heard).toEqual([]);
    expect(scene.history.groups.size).toBe(0);
  });
});

describe('where an alert belongs', () => {
  it('an alert in two groups by `continue` is told of in both, and its end too', async () => {
    const pager = route({ receiver: 'pager', groupBy: ['host'], continue: true });
    const routes = [pager, route({ groupWaitMs: 0, groupBy: [] })];
    const scene = groupScene({ receivers: ['team', 'pager'] });
    const one = await scene.process('one', { route: route({ routes }) });
    await scene.post(one, host('a'), host('b'));
    await after(scene, one, 0);
    expect(scene.heard.map(({ integration }) => integration)).toEqual(['team/webhook/0']);
    await after(scene, one, 30 * SECOND);
    expect(scene.heard.slice(1).map(said).sort()).toEqual([['a firing'], ['b firing']]);
    await scene.post(one, ended(scene, 'a'));
    await after(scene, one, 5 * MINUTE);
    const ends = scene.heard.slice(3).map((each) => `${each.integration} ${said(each).join()}`);
    expect(ends.sort()).toEqual(['pager/webhook/0 a resolved', 'team/webhook/0 a resolved,b firing']);
  });

  it('group_by "..." makes a group of every alert', async () => {
    const scene = groupScene();
    const one = await scene.process('one', { route: route({ groupBy: null, groupWaitMs: 0 }) });
    await scene.post(one, host('a'), host('b'));
    await after(scene, one, 0);
    expect(scene.heard.map(({ message }) => message.groupLabels)).toEqual(
      expect.arrayContaining([labelled({ host: 'a' }), labelled({ host: 'b' })]),
    );
    expect(scene.heard).toHaveLength(2);
  });
});

describe('what is no longer so', () => {
  it('a message that nobody has taken yet says what is so by the next look', async () => {
    const scene = groupScene();
    const one = await scene.process('one');
    await scene.post(one, host('a'));
    scene.advance(30 * SECOND);
    await one.look();
    await scene.post(one, host('b'));
    await after(scene, one, 5 * MINUTE);
    expect(scene.heard.map(said)).toEqual([['a firing', 'b firing']]);
  });

  it('a message of an alert that is over before anybody has taken it is not sent at all', async () => {
    const scene = groupScene();
    const one = await scene.process('one');
    await scene.post(one, host('a'));
    scene.advance(30 * SECOND);
    await one.look();
    await scene.post(one, ended(scene, 'a'));
    await after(scene, one, 5 * MINUTE);
    await after(scene, one, 5 * MINUTE);
    expect(scene.heard).toEqual([]);
    expect(scene.history.groups.size).toBe(0);
  });

  it('an alert that ends while its message is on its way: its end is told when that has arrived', async () => {
    let arrive = (_: Delivery): void => undefined;
    const delivered: Delivery = { kind: 'delivered', detail: '' };
    let isSlow = true;
    const scene = groupScene({
      answer: () => (isSlow ? new Promise((resolve) => (arrive = resolve)) : Promise.resolve(delivered)),
    });
    const one = await scene.process('one');
    await scene.post(one, host('a'));
    scene.advance(30 * SECOND);
    await one.look();
    const sending = one.send();
    await new Promise(setImmediate);
    await scene.post(one, ended(scene, 'a'));
    for (let looks = 0; looks < 3; looks++) {
      scene.advance(5 * MINUTE);
      await one.look();
    }
    expect(scene.history.groups.size).toBe(1);
    isSlow = false;
    arrive(delivered);
    await sending;
    await after(scene, one, 5 * MINUTE);
    expect(scene.heard.map(said)).toEqual([['a firing'], ['a resolved']]);
    await scene.post(one, host('a'));
    await after(scene, one, 5 * MINUTE);
    expect(said(scene.heard[2]!)).toEqual(['a firing']);
  });

  it('what is on its way is not made anew by a process that knows the same alerts in another order', async () => {
    let arrive = (_: Delivery): void => undefined;
    const scene = groupScene({ answer: () => new Promise((resolve) => (arrive = resolve)) });
    const one = await scene.process('one');
    await scene.post(one, host('a'), host('b'));
    scene.advance(30 * SECOND);
    await one.look();
    const sending = one.send();
    await new Promise(setImmediate);
    const changes = scene.history.follow();
    const other = await scene.process('other', {
      grouping: { changes: { next: async (wanted) => turned(await changes.next(wanted)) } },
    });
    scene.advance(5 * MINUTE);
    await other.look();
    arrive({ kind: 'delivered', detail: '' });
    await sending;
    expect([...scene.history.messages.values()].map(({ pending }) => pending)).toEqual([null]);
  });

  it('a message that is refused for good is decided anew with the next look', async () => {
    const answers: Delivery[] = [{ kind: 'refused', error: '400' }];
    const scene = groupScene({ answer: async () => answers.shift() ?? { kind: 'delivered', detail: '' } });
    const one = await scene.process('one');
    await scene.post(one, host('a'));
    await after(scene, one, 30 * SECOND);
    await after(scene, one, 5 * MINUTE);
    expect(scene.heard.map(said)).toEqual([['a firing']]);
  });
});

describe('processes', () => {
  it('a group that another has taken over is not written by the one that was too slow', async () => {
    const scene = groupScene();
    const slow = await scene.process('slow');
    const other = await scene.process('other');
    await scene.post(slow, host('a'));
    scene.advance(30 * SECOND);
    const [taken] = await slow.store.takeDue(new Date(scene.now()), 10, 10_000);
    await after(scene, other, 9_999);
    expect(scene.heard).toEqual([]);
    await after(scene, other, 1);
    expect(scene.heard).toHaveLength(1);
    const before = { ...[...scene.history.groups.values()][0]! };
    await slow.store.flushed([
      {
        ...{
          id: taken!.id,
          lease: taken!.lease,
          routeId: taken!.routeId,
          joined: taken!.joined,
          lookAgainMs: 0,
        },
        ...{ dueAt: null, flushedAt: new Date(scene.now()), messages: [] },
      },
    ]);
    expect([...scene.history.groups.values()]).toEqual([before]);
  });

  it('killed between the look and the sending, the message is sent by another, once', async () => {
    const scene = groupScene();
    const one = await scene.process('one');
    await scene.post(one, host('a'));
    scene.advance(30 * SECOND);
    await one.look();
    one.die();
    const other = await scene.process('other');
    await other.send();
    await after(scene, other, 5 * MINUTE);
    expect(scene.heard.map(({ by }) => by)).toEqual(['other']);
  });

  it('killed between the sending and the record, the message is sent again with its key, after the lease', async () => {
    let killed: GroupProcess | null = null;
    const scene = groupScene({
      answer: async () => {
        killed?.die();
        killed = null;
        return { kind: 'delivered', detail: '' };
      },
    });
    const one = await scene.process('one');
    const other = await scene.process('other');
    await scene.post(one, host('a'));
    scene.advance(30 * SECOND);
    await one.look();
    killed = one;
    await one.send();
    await other.send();
    expect(scene.heard).toHaveLength(1);
    await after(scene, other, 5 * SECOND);
    expect(scene.heard).toHaveLength(2);
    expect(scene.heard[1]!.message.key).toBe(scene.heard[0]!.message.key);
    await after(scene, other, 5 * MINUTE);
    expect(scene.heard).toHaveLength(2);
  });

  it('killed in the middle of a look, the group is looked at by another when the lease is over', async () => {
    const scene = groupScene();
    const one = await scene.process('one', { flusher: { onLook: () => one.die() } });
    await scene.post(one, host('a'));
    scene.advance(30 * SECOND);
    await one.look();
    expect(scene.history.messages.size).toBe(0);
    const other = await scene.process('other');
    await after(scene, other, 0);
    expect(scene.heard).toEqual([]);
    await after(scene, other, 10 * SECOND);
    expect(scene.heard.map(said)).toEqual([['a firing']]);
  });

  it('an alert that joins while its empty group is being removed keeps it', async () => {
    const scene = groupScene();
    const one = await scene.process('one');
    const other = await scene.process('other');
    const write = other.store.flushed;
    let joins = 0;
    other.store.flushed = async (results) => {
      const removes = results.some(({ dueAt }) => dueAt === null);
      if (removes && joins++ === 0) await scene.post(one, host('b'));
      await write(results);
    };
    await scene.post(one, host('a'));
    await after(scene, other, 30 * SECOND);
    await scene.post(one, ended(scene, 'a'));
    await after(scene, other, 5 * MINUTE);
    await after(scene, other, 5 * MINUTE);
    expect(joins).toBe(1);
    await after(scene, other, 0);
    expect(scene.heard.map(said)).toEqual([['a firing'], ['a resolved'], ['b firing']]);
  });
});
