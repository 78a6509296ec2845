/** What an integration is told of a group: as things are when the message leaves. */
import { composeWith } from '../../../src/dispatch/group-message';
import { fingerprint } from '../../../src/domain/labels';
import { parseMatcher } from '../../../src/domain/matchers';
import type { PendingMessage, TakenMessage } from '../../../src/history/port';
import type { Integration } from '../../../src/notify/port';
import { groupScene, labelled, MINUTE, route, START } from '../../harness/group-scene';

const iso = (ms: number): string => new Date(ms).toISOString();
const idOf = (host: string): string => fingerprint(labelled({ host }));
const KEY = '{}:{alertname="Down"}';
const message = (pending: Partial<PendingMessage>, groupKey = KEY): TakenMessage => ({
  ...{ groupKey, integration: 'team/webhook/0', lease: 'l', seq: 1, attempts: 0, ageMs: 0, memory: {} },
  pending: { reason: 'first notification', firing: [], resolved: [], ...pending },
});
const integration = (sendResolved: boolean): Integration => ({
  ...{ receiver: 'team', kind: 'webhook', index: 0, sendResolved, destination: 'd' },
  notify: async () => ({ kind: 'delivered', detail: '' }),
  close: async () => undefined,
});

async function place() {
  const scene = groupScene();
  const one = await scene.process('one', { route: route({ labels: { tier: 'one' } }) });
  const generatorUrl = 'http://p';
  await scene.post(
    one,
    { labels: labelled({ host: 'b' }) },
    { labels: labelled({ host: 'a' }), generatorUrl },
  );
  await one.grouping.known.refresh();
  return { scene, one, compose: composeWith(one.grouping, scene.now) };
}

it('shows its alerts in order, the firing ones without an end, with what group and route say of themselves', async () => {
  const { compose } = await place();
  const content = compose(message({ firing: [idOf('b'), idOf('a')] }), integration(true));
  expect(content).toMatchObject({
    ...{ groupKey: KEY, receiver: 'team', groupLabels: { alertname: 'Down' }, at: START },
    routeLabels: { tier: 'one' },
  });
  expect(content!.alerts.map(({ labels }) => labels['host'])).toEqual(['a', 'b']);
  expect(content!.alerts[0]).toEqual({
    ...{ fingerprint: idOf('a'), status: 'firing', labels: labelled({ host: 'a' }), annotations: {} },
    ...{ startsAt: iso(START), endsAt: null, generatorUrl: 'http://p' },
  });
});

it('one that has ended since the look is shown as the look saw it: its end is another message', async () => {
  const { scene, one, compose } = await place();
  await scene.post(one, { labels: labelled({ host: 'a' }), endsAt: iso(START) });
  await one.grouping.known.refresh();
  const [alert] = compose(message({ firing: [idOf('a')] }), integration(true))!.alerts;
  expect(alert).toMatchObject({ status: 'firing', endsAt: null });
});

it('resolved alerts have their end, or the time at which they were to be told again', async () => {
  const { scene, one, compose } = await place();
  await scene.post(
    one,
    { labels: labelled({ host: 'a' }), endsAt: iso(START) },
    { labels: labelled({ host: 'b' }), endsAt: iso(START + MINUTE) },
  );
  scene.history.change(idOf('b'), { expiresAt: iso(START + MINUTE) });
  await one.grouping.known.refresh();
  const content = compose(message({ resolved: [idOf('a'), idOf('b')] }), integration(true));
  expect(content!.alerts.map(({ status, endsAt }) => [status, endsAt])).toEqual([
    ['resolved', iso(START)],
    ['resolved', iso(START + MINUTE)],
  ]);
});

it('leaves resolved alerts out where nobody wants them', async () => {
  const { compose } = await place();
  const both = message({ firing: [idOf('a')], resolved: [idOf('b')] });
  expect(compose(both, integration(false))!.alerts.map(({ fingerprint: id }) => id)).toEqual([idOf('a')]);
});

it('leaves out what is not known any more', async () => {
  const { compose } = await place();
  const content = compose(message({ firing: [idOf('a'), 'forgotten'] }), integration(true));
  expect(content!.alerts).toHaveLength(1);
});

it('leaves out what routes lead elsewhere by now: it is told of there', async () => {
  const { one, compose } = await place();
  await one.grouping.reroute(route({ routes: [route({ matchers: [parseMatcher('host="a"')] })] }));
  const both = message({ firing: [idOf('a'), idOf('b')], resolved: [idOf('a')] });
  expect(compose(both, integration(true))!.alerts.map(({ fingerprint: id }) => id)).toEqual([idOf('b')]);
});

it('of a group to which no route leads its alerts there is nothing to say', async () => {
  const { one, compose } = await place();
  expect(compose(message({ firing: [idOf('a')] }, '{}:{host="a"}'), integration(true))).toBeNull();
  await one.grouping.reroute(route({ groupBy: ['host'] }));
  expect(compose(message({ firing: [idOf('a')] }), integration(true))).toBeNull();
  expect(compose(message({ firing: [idOf('a')] }, '{}:{host="a"}'), integration(true))).not.toBeNull();
});
