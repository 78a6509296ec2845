/** Groups when routes change, rows are lost or processes begin: they move with their alerts, and nobody is told anew. */
import type { RouteOptions } from '../../../src/dispatch/port';
import { fingerprint } from '../../../src/domain/labels';
import { parseMatcher } from '../../../src/domain/matchers';
import {
  groupScene,
  HOUR,
  labelled,
  MINUTE,
  route,
  said,
  SECOND,
  type GroupProcess,
  type Scene,
} from '../../harness/group-scene';
import { waitFor } from '../../harness/wait-for';

const iso = (ms: number): string => new Date(ms).toISOString();
const host = (name: string) => ({ labels: labelled({ host: name }) });
const idOf = (name: string): string => fingerprint(labelled({ host: name }));
const ended = (scene: Scene, name: string) => ({ ...host(name), endsAt: iso(scene.now()) });
const below = (...routes: Partial<RouteOptions>[]): RouteOptions => route({ routes: routes.map(route) });
const down = { matchers: [parseMatcher('alertname="Down"')] };

async function after(scene: Scene, process: GroupProcess, ms: number): Promise<void> {
  scene.advance(ms);
  await process.look();
  await process.send();
}

async function told(scene: Scene, ...hosts: string[]): Promise<GroupProcess> {
  const one = await scene.process('one');
  await scene.post(one, ...hosts.map(host));
  await after(scene, one, 30 * SECOND);
  expect(scene.heard).toHaveLength(1);
  return one;
}

describe('other routes', () => {
  it('open groups move, nobody hears again of what was told, and each end is told in the new group', async () => {
    const scene = groupScene();
    const one = await told(scene, 'a', 'b');
    await one.grouping.reroute(below({ ...down, groupBy: ['host'] }));
    for (let looks = 0; looks < 3; looks++) await after(scene, one, 5 * MINUTE);
    expect(scene.heard).toHaveLength(1);
    await scene.post(one, ended(scene, 'a'));
    await after(scene, one, 5 * MINUTE);
    expect(scene.heard.slice(1).map(said)).toEqual([['a resolved']]);
    expect(scene.heard[1]!.message.groupKey).toBe('{}/{alertname="Down"}:{host="a"}');
  });

  it('a page that is leaving when the routes change is not told again by the group that its alert is in then', async () => {
    let answer: () => void = () => undefined;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    const scene = groupScene({
      answer: async () => {
        await answered;
        return { kind: 'delivered', detail: '' };
      },
    });
    const one = await scene.process('one');
    await scene.post(one, host('a'));
    scene.advance(30 * SECOND);
    await one.look();
    const sending = one.send();
    await waitFor(() => [...scene.history.messages.values()].some(({ leaseUntil }) => leaseUntil !== null), {
      what: 'the page to be on its way',
      intervalMs: 1,
    });
    const asked: (readonly string[])[] = [];
    const { told: toldBefore } = one.store;
    Object.assign(one.store, {
      told: (keys: readonly string[]) => toldBefore(keys).finally(() => void asked.push(keys)),
    });
    const changed = one.grouping.reroute(below({ ...down, groupBy: ['host'], groupWaitMs: 0 }));
    await waitFor(() => asked.length > 1, {
      what: 'looks at what is leaving, and at nothing else',
      intervalMs: 1,
    });
    expect(asked[0]).toHaveLength(1);
    answer();
    await Promise.all([sending, changed]);
    for (let looks = 0; looks < 3; looks++) await after(scene, one, 5 * MINUTE);
    expect(scene.heard.map(said)).toEqual([['a firing']]);
  });

  it('an alert that leaves a group which stays is not told of anew, and its end is told where it is now', async () => {
    const scene = groupScene();
    const one = await told(scene, 'a', 'b');
    await one.grouping.reroute(below({ matchers: [parseMatcher('host="a"')], groupWaitMs: 0 }));
    for (let looks = 0; looks < 2; looks++) await after(scene, one, 5 * MINUTE);
    expect(scene.heard).toHaveLength(1);
    await scene.post(one, ended(scene, 'a'));
    await after(scene, one, 5 * MINUTE);
    expect(scene.heard.slice(1).map(said)).toEqual([['a resolved']]);
    expect(scene.heard[1]!.message.groupKey).toBe('{}/{host="a"}:{alertname="Down"}');
  });

  it('an alert that came with the new routes is told of, beside those that were told before', async () => {
    const scene = groupScene();
    const one = await told(scene, 'a');
    await one.grouping.reroute(below(down));
    await scene.post(one, host('b'));
    await after(scene, one, 30 * SECOND);
    expect(scene.heard.slice(1).map(said)).toEqual([['a firing', 'b firing']]);
    expect(scene.heard[1]!.message.reason).toBe('new alerts added');
  });

  it('another receiver has not heard of it, and is told', async () => {
    const scene = groupScene({ receivers: ['team', 'others'] });
    const one = await told(scene, 'a');
    await one.grouping.reroute(below({ ...down, receiver: 'others', groupWaitMs: 10 * SECOND }));
    await after(scene, one, 10 * SECOND);
    expect(scene.heard.slice(1).map((each) => [each.integration, ...said(each)])).toEqual([
      ['others/webhook/0', 'a firing'],
    ]);
    const under = [...scene.history.messages.values()].filter(({ groupKey }) => groupKey.includes('/'));
    expect(under.map(({ integration }) => integration)).toEqual(['others/webhook/0']);
  });

  it('the repeat interval counts from the last message of any of the groups that it takes over', async () => {
    const scene = groupScene();
    const one = await scene.process('one', { route: route({ groupBy: ['host'], groupWaitMs: 0 }) });
    await scene.post(one, host('a'));
    await after(scene, one, 0);
    await scene.post(one, host('b'));
    await after(scene, one, HOUR);
    expect(scene.heard.map(said)).toEqual([['a firing'], ['b firing']]);
    await one.grouping.reroute(route({ groupBy: [], groupWaitMs: 0 }));
    await after(scene, one, 3 * HOUR + 30 * MINUTE);
    expect(scene.heard).toHaveLength(2);
    await after(scene, one, HOUR);
    expect(said(scene.heard[2]!)).toEqual(['a firing', 'b firing']);
  });

  it('looks come as if all alerts had come now, which is what Alertmanager makes of a reload', async () => {
    const scene = groupScene();
    const one = await scene.process('one');
    await scene.post(one, host('a'));
    scene.advance(10 * SECOND);
    await one.grouping.known.refresh();
    await one.grouping.reroute(route({ groupWaitMs: MINUTE }));
    const [group] = scene.history.groups.values();
    expect(group!.dueAt).toBe(scene.now() + MINUTE);
    scene.advance(2 * MINUTE);
    await one.grouping.reroute(route({ groupWaitMs: MINUTE }));
    expect(group!.dueAt).toBe(scene.now());
  });

  it('an alert that ended before the reload is told of its end by the group that it is in now', async () => {
    const scene = groupScene();
    const one = await told(scene, 'a');
    await scene.post(one, ended(scene, 'a'));
    await one.grouping.known.refresh();
    await one.grouping.reroute(below(down));
    await after(scene, one, 0);
    expect(scene.heard.slice(1).map(said)).toEqual([['a resolved']]);
  });

  it('of an alert that is over and of which nobody was told no group is made', async () => {
    const scene = groupScene();
    const one = await scene.process('one');
    await scene.post(one, host('a'));
    await one.grouping.known.refresh();
    await scene.post(one, ended(scene, 'a'));
    await one.grouping.known.refresh();
    await one.grouping.reroute(below(down));
    expect([...scene.history.groups.values()].map(({ routeId }) => routeId)).toEqual(['{}']);
  });

  it('what waits to be sent in the old words is refused, and the new group tells', async () => {
    const scene = groupScene();
    const one = await scene.process('one');
    await scene.post(one, host('a'));
    scene.advance(30 * SECOND);
    await one.look();
    await one.grouping.reroute(below({ ...down, groupWaitMs: 0 }));
    await one.send();
    expect(scene.heard).toEqual([]);
    expect(scene.history.deliveries).toMatchObject([
      { outcome: 'refused', error: 'its group or receiver is not there any more' },
    ]);
    await after(scene, one, 0);
    expect(scene.heard.map(({ message }) => message.groupKey)).toEqual([
      '{}/{alertname="Down"}:{alertname="Down"}',
    ]);
  });

  it('a receiver whose name has slashes keeps what it was told', async () => {
    const scene = groupScene({ receivers: ['team/a/b'] });
    const one = await scene.process('one', { route: route({ receiver: 'team/a/b' }) });
    await scene.post(one, host('a'));
    await after(scene, one, 30 * SECOND);
    await one.grouping.reroute(route({ receiver: 'team/a/b', groupBy: [] }));
    for (let looks = 0; looks < 2; looks++) await after(scene, one, 5 * MINUTE);
    expect(scene.heard).toHaveLength(1);
  });
});

describe('a process that begins', () => {
  it('makes the groups that its routes have and the rows have not', async () => {
    const scene = groupScene();
    const one = await told(scene, 'a');
    one.die();
    const other = await scene.process('other', { route: below({ ...down, groupBy: ['host'] }) });
    await scene.post(other, ended(scene, 'a'));
    await after(scene, other, 5 * MINUTE);
    expect(scene.heard.slice(1).map(said)).toEqual([['a resolved']]);
  });

  it('knows an alert that is over where somebody has yet to hear so, and no other', async () => {
    const scene = groupScene();
    const one = await told(scene, 'a');
    const unheard = labelled({ host: 'b', alertname: 'Other' });
    await scene.post(one, { labels: unheard }, ended(scene, 'a'));
    await scene.post(one, { labels: unheard, endsAt: iso(scene.now()) });
    const other = await scene.process('other');
    expect([...other.grouping.known.all()].map(({ labels }) => labels['host'])).toEqual(['a']);
  });
});

describe('rows that are gone', () => {
  it('a group with open alerts is made again, once, and told nothing anew', async () => {
    const scene = groupScene();
    const one = await told(scene, 'a');
    expect(await one.grouping.mend()).toBe(0);
    scene.history.removeGroup([...scene.history.groups.keys()][0]!);
    expect(await one.grouping.mend()).toBe(1);
    expect(await one.grouping.mend()).toBe(0);
    await after(scene, one, 0);
    expect(scene.heard).toHaveLength(1);
    await scene.post(one, ended(scene, 'a'));
    await after(scene, one, 5 * MINUTE);
    expect(scene.heard.slice(1).map(said)).toEqual([['a resolved']]);
  });

  it('a group whose last alert ended between the two looks is left alone', async () => {
    const scene = groupScene();
    const one = await told(scene, 'a');
    await scene.post(one, ended(scene, 'a'));
    await after(scene, one, 5 * MINUTE);
    await after(scene, one, 5 * MINUTE);
    expect(scene.history.groups.size).toBe(0);
    expect(await one.grouping.mend()).toBe(0);
    expect(scene.history.groups.size).toBe(0);
  });
});

describe('what is forgotten', () => {
  const isKnown = (one: GroupProcess): boolean => one.grouping.known.get(idOf('a')) !== undefined;

  it('an alert that is long over and told of, not before the slowest look, and its group with it', async () => {
    const forgotten: string[] = [];
    const scene = groupScene();
    const one = await scene.process('one', {
      grouping: { onForgotten: ({ fingerprint: id }) => forgotten.push(id) },
    });
    await scene.post(one, host('a'));
    await after(scene, one, 30 * SECOND);
    await scene.post(one, ended(scene, 'a'));
    await after(scene, one, 5 * MINUTE);
    // group_wait, two group_intervals, and two minutes for a message on its way; 5 of them are over.
    scene.advance(7 * MINUTE + 29 * SECOND);
    await one.grouping.forget();
    expect(isKnown(one)).toBe(true);
    scene.advance(2 * SECOND);
    await one.grouping.forget();
    expect(isKnown(one)).toBe(false);
    expect(forgotten).toEqual([idOf('a')]);
    expect([...one.grouping.routing().index.groups()]).toEqual([]);
  });

  it('not one whose end somebody has yet to hear, however long ago it was', async () => {
    const scene = groupScene();
    const one = await told(scene, 'a');
    await scene.post(one, ended(scene, 'a'));
    await one.grouping.known.refresh();
    scene.advance(24 * HOUR);
    await one.grouping.forget();
    expect(isKnown(one)).toBe(true);
    await after(scene, one, 0);
    await one.grouping.forget();
    expect(said(scene.heard[1]!)).toEqual(['a resolved']);
    expect(isKnown(one)).toBe(false);
  });

  it('not one that fires', async () => {
    const scene = groupScene();
    const one = await told(scene, 'a');
    scene.advance(23 * HOUR);
    await one.grouping.forget();
    expect(isKnown(one)).toBe(true);
  });
});
