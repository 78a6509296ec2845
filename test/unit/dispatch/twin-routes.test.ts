/**
 * Sibling routes with the same matchers have groups with the same key, as where one of them is active by day and the other
 * by night: what their receiver was told is told for both.
 */
import type { RouteOptions } from '../../../src/dispatch/port';
import { parseMatcher } from '../../../src/domain/matchers';
import {
  groupScene,
  labelled,
  MINUTE,
  route,
  said,
  type GroupProcess,
  type Scene,
} from '../../harness/group-scene';

const iso = (ms: number): string => new Date(ms).toISOString();
const host = (name: string) => ({ labels: labelled({ host: name }) });
const ended = (scene: Scene, name: string) => ({ ...host(name), endsAt: iso(scene.now()) });
const twin = (more: Partial<RouteOptions> = {}): RouteOptions =>
  route({ matchers: [parseMatcher('alertname="Down"')], groupWaitMs: 0, ...more });
const twins = (first: Partial<RouteOptions>, second: Partial<RouteOptions>): RouteOptions =>
  route({ routes: [twin({ ...first, continue: true }), twin(second)] });

async function after(scene: Scene, process: GroupProcess, ms: number): Promise<void> {
  scene.advance(ms);
  await process.look();
  await process.send();
}

it('both active: each alert and each end is told once', async () => {
  const scene = groupScene();
  const one = await scene.process('one', { route: twins({}, {}) });
  await scene.post(one, host('a'));
  await after(scene, one, 0);
  await scene.post(one, host('b'));
  await after(scene, one, 5 * MINUTE);
  await scene.post(one, ended(scene, 'a'));
  for (let looks = 0; looks < 3; looks++) await after(scene, one, 5 * MINUTE);
  expect(scene.heard.map(said)).toEqual([['a firing'], ['a firing', 'b firing'], ['a resolved', 'b firing']]);
});

it.each([
  ['first', twins({ muteTimeIntervals: ['now'] }, {})],
  ['second', twins({}, { muteTimeIntervals: ['now'] })],
])('the %s muted: the other tells, and what it has made is not taken back', async (_, routes) => {
  const scene = groupScene({ mutes: { timeMutedBy: ({ muteTimeIntervals }) => muteTimeIntervals } });
  const one = await scene.process('one', { route: routes });
  await scene.post(one, host('a'));
  await one.look();
  // Nobody can take it yet: the receiver's destination may be away.
  scene.advance(5 * MINUTE);
  await one.look();
  await one.send();
  await scene.post(one, ended(scene, 'a'));
  for (let looks = 0; looks < 3; looks++) await after(scene, one, 5 * MINUTE);
  expect(scene.heard.map(said)).toEqual([['a firing'], ['a resolved']]);
  expect(scene.history.groups.size).toBe(0);
});

it('they change places while a message waits: what the one takes back the other makes', async () => {
  let muted = 'day';
  const scene = groupScene({
    mutes: { timeMutedBy: ({ muteTimeIntervals }) => muteTimeIntervals.filter((name) => name === muted) },
  });
  const routes = twins({ muteTimeIntervals: ['night'] }, { muteTimeIntervals: ['day'] });
  const one = await scene.process('one', { route: routes });
  await scene.post(one, host('a'));
  await one.look();
  muted = 'night';
  for (let looks = 0; looks < 2; looks++) await after(scene, one, 5 * MINUTE);
  expect(scene.heard.map(said)).toEqual([['a firing']]);
  await after(scene, one, 5 * MINUTE);
  expect(scene.heard).toHaveLength(1);
});

it('one that groups more alerts tells of all of them', async () => {
  const scene = groupScene();
  const routes = twins({ groupBy: ['rack'] }, { groupBy: [] });
  const one = await scene.process('one', { route: routes });
  await scene.post(one, host('a'), { labels: labelled({ host: 'b', rack: '1' }) });
  for (let looks = 0; looks < 3; looks++) await after(scene, one, 5 * MINUTE);
  const rack = scene.heard.filter(({ message }) => message.groupLabels['rack'] === '1');
  const all = scene.heard.filter(({ message }) => message.groupLabels['rack'] === undefined);
  expect(rack.map(said)).toEqual([['b firing']]);
  expect(all.map(said).at(-1)).toEqual(['a firing', 'b firing']);
});
