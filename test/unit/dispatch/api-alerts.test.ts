/** Alerts as senders post them and readers see them. */
import { createApiAlerts, type AlertMutes, type ApiAlertsOptions } from '../../../src/dispatch/api-alerts';
import { transitionOf } from '../../../src/dispatch/posted';
import { createUnderWay } from '../../../src/dispatch/under-way';
import type { PostedAlert } from '../../../src/api/port';
import { TocsinError } from '../../../src/domain/errors';
import { fingerprint } from '../../../src/domain/labels';
import { parseMatcher } from '../../../src/domain/matchers';
import type { Transition } from '../../../src/domain/transition';
import { groupScene, labelled, MINUTE, route, START } from '../../harness/group-scene';

const iso = (ms: number): string => new Date(ms).toISOString();
const posted = (host: string, more: Partial<PostedAlert> = {}): PostedAlert => ({
  ...{ labels: labelled({ host }), annotations: { summary: 's' }, generatorUrl: 'http://p', timedOut: false },
  ...{ startsAt: iso(START), endsAt: iso(START + 10 * MINUTE), updatedAt: iso(START) },
  ...more,
});
const NO_MUTES: AlertMutes = { silencer: async () => () => [], inhibitedBy: () => [], timeMutedBy: () => [] };
const DAY_ROUTE = { muteTimeIntervals: ['nights'], receiver: 'pager', labels: { tier: 'one' } };

async function api(more: Partial<ApiAlertsOptions> = {}, mutes: Partial<AlertMutes> = {}) {
  const scene = groupScene();
  const matchers = [parseMatcher('host="a"')];
  const one = await scene.process('one', {
    route: route({ routes: [route({ ...DAY_ROUTE, matchers, continue: true }), route({ groupBy: [] })] }),
  });
  const published: Transition[] = [];
  const publish = async (transitions: readonly Transition[]): Promise<void> => {
    published.push(...transitions);
    await scene.apply(one, transitions);
  };
  const now = more.now ?? scene.now;
  const underWay = createUnderWay({ known: one.grouping.known, groupsOf: () => [], now });
  const alerts = createApiAlerts({
    ...{ grouping: one.grouping, publish, mutes: { ...NO_MUTES, ...mutes }, underWay, now },
    ...more,
  });
  return { ...{ scene, one, alerts, published }, hosts: async () => hostsOf(await alerts.list()) };
}
const hostsOf = (shown: readonly { readonly labels: Readonly<Record<string, string>> }[]): string[] =>
  shown.map(({ labels }) => labels['host']!);

describe('posting', () => {
  it('answers when readers find what was posted', async () => {
    const { alerts, hosts } = await api();
    await alerts.post([posted('a'), posted('b')]);
    expect(await hosts()).toEqual(['a', 'b']);
    await alerts.post([posted('a', { endsAt: iso(START) })]);
    expect(await hosts()).toEqual(['b']);
  });

  it('the same again is marked as no news, and not where its annotations are others or it was over', async () => {
    const { scene, alerts, published } = await api();
    const marks = () => published.splice(0).map(({ told_again: again }) => again === true);
    const post = async (...each: PostedAlert[]) => {
      await alerts.post(each);
      return marks();
    };
    expect(await post(posted('a'))).toEqual([false]);
    expect(await post(posted('a'))).toEqual([true]);
    expect(await post(posted('a', { annotations: { summary: 'other' } }))).toEqual([false]);
    expect(await post(posted('a', { annotations: { summary: 'other', more: '' } }))).toEqual([false]);
    expect(await post(posted('a', { annotations: { more: '', summary: 'other' } }))).toEqual([true]);
    scene.advance(10 * MINUTE);
    expect(await post(posted('a', { endsAt: iso(START + 30 * MINUTE) }))).toEqual([false]);
  });

  it('orders what comes within a millisecond', async () => {
    const { alerts, published } = await api();
    await alerts.post([posted('a')]);
    await alerts.post([posted('a', { endsAt: iso(START) })]);
    const times = published.map(({ event_time: at }) => Date.parse(at) - START);
    expect(times).toEqual([0, 1]);
    expect(published[1]!.kind).toBe('resolved');
  });

  it('nothing is posted where there is nothing', async () => {
    const publish = jest.fn();
    const { alerts } = await api({ publish });
    await alerts.post([]);
    expect(publish).not.toHaveBeenCalled();
  });

  it('where Kafka cannot be had the sender hears so, and sends again', async () => {
    const away = new TocsinError('TOC_DEPENDENCY_AWAY', 'Kafka is away');
    const { alerts } = await api({ publish: () => Promise.reject(away) });
    await expect(alerts.post([posted('a')])).rejects.toBe(away);
  });

  it('what Kafka has is not lost: rows that come late, or cannot be read, delay the answer for no longer than they may', async () => {
    let time = START;
    const now = (): number => (time += 100);
    const { alerts, hosts } = await api({ publish: async () => undefined, now, visibleMs: 500 });
    await alerts.post([posted('a')]);
    expect(time - START).toBeGreaterThanOrEqual(500);
    expect(time - START).toBeLessThan(2_000);
    expect(await hosts()).toEqual([]);
  });

  it('with Postgres away it is posted all the same', async () => {
    const { one, alerts, published } = await api();
    one.die();
    await expect(alerts.post([posted('a')])).resolves.toBeUndefined();
    expect(published).toHaveLength(1);
  });

  it('waits for the row of this post, not for one that an earlier post has made', async () => {
    const scene = groupScene();
    const one = await scene.process('one');
    const rows: (() => Promise<void>)[] = [];
    const publish = async (transitions: readonly Transition[]): Promise<void> =>
      void rows.push(() => scene.apply(one, transitions));
    const { now } = scene;
    const underWay = createUnderWay({ known: one.grouping.known, groupsOf: () => [], now });
    const alerts = createApiAlerts({ grouping: one.grouping, publish, mutes: NO_MUTES, underWay, now });
    await scene.apply(one, [transitionOf(posted('a'), START - 1, () => false)]);
    let isAnswered = false;
    const answer = alerts.post([posted('a')]).then(() => void (isAnswered = true));
    for (let turns = 0; turns < 5; turns++) await new Promise(setImmediate);
    expect(isAnswered).toBe(false);
    await rows[0]!();
    await answer;
  });
});

describe('a storm', () => {
  const many = Array.from({ length: 501 }, (_, at) => posted(`h${at}`));
  /** Rows are written when the test says so. */
  async function slow() {
    const scene = groupScene();
    const one = await scene.process('one');
    const rows: (() => Promise<void>)[] = [];
    const { now } = scene;
    const alerts = createApiAlerts({
      ...{ grouping: one.grouping, mutes: NO_MUTES, now },
      underWay: createUnderWay({ known: one.grouping.known, groupsOf: () => [], now }),
      publish: async (transitions) => void rows.push(() => scene.apply(one, transitions)),
    });
    return { alerts, rows };
  }

  it('has senders wait for Kafka alone, and readers for the rows', async () => {
    const { alerts, rows } = await slow();
    await alerts.post(many);
    let shown: number | null = null;
    const reading = alerts.list().then(({ length }) => void (shown = length));
    for (let turns = 0; turns < 5; turns++) await new Promise(setImmediate);
    expect(shown).toBeNull();
    await rows[0]!();
    await reading;
    expect(shown).toBe(501);
  });

  it('is over when the rows have come: senders wait for theirs again', async () => {
    const { alerts, rows } = await slow();
    await alerts.post(many);
    await rows[0]!();
    await alerts.list();
    let isAnswered = false;
    const answer = alerts.post([posted('a')]).then(() => void (isAnswered = true));
    for (let turns = 0; turns < 5; turns++) await new Promise(setImmediate);
    expect(isAnswered).toBe(false);
    await rows[1]!();
    await answer;
  });
});

describe('lists', () => {
  it('show an alert with its receivers and its times', async () => {
    const { alerts } = await api();
    await alerts.post([posted('a')]);
    expect(await alerts.list()).toEqual([
      {
        ...{ fingerprint: fingerprint(labelled({ host: 'a' })), labels: labelled({ host: 'a' }) },
        ...{ annotations: { summary: 's' }, generatorUrl: 'http://p', receivers: ['pager', 'team'] },
        ...{ startsAt: iso(START), endsAt: iso(START + 10 * MINUTE), updatedAt: iso(START) },
        status: { state: 'active', silencedBy: [], inhibitedBy: [] },
      },
    ]);
  });

  it('an alert whose sender could not be heard has the end that it is given then, not one that has passed', async () => {
    const { scene, one, alerts } = await api();
    await alerts.post([posted('a')]);
    scene.advance(20 * MINUTE);
    const { known } = one.grouping;
    const overAt = START + 25 * MINUTE;
    const unheard = { ...known.get(fingerprint(labelled({ host: 'a' })))!, overAt };
    jest.spyOn(known, 'all').mockImplementation(() => [unheard]);
    expect((await alerts.list()).map(({ endsAt }) => endsAt)).toEqual([iso(overAt)]);
  });

  it('an alert of a rule has no end, and one whose time is over is not shown though its row says that it fires', async () => {
    const { scene, one, alerts, hosts } = await api();
    await alerts.post([posted('a'), posted('b')]);
    scene.history.change(fingerprint(labelled({ host: 'b' })), { expiresAt: null });
    scene.advance(10 * MINUTE);
    expect(await hosts()).toEqual(['b']);
    expect((await alerts.list())[0]!.endsAt).toBe('9999-12-31T23:59:59.000Z');
    expect(one.grouping.known.get(fingerprint(labelled({ host: 'a' })))!.state).toBe('FIRING');
  });

  it.each<[string, Partial<AlertMutes>, object]>([
    [
      'silenced',
      {
        silencer:
          async () =>
          ({ host }) =>
            host === 'a' ? ['s1', 's2'] : [],
      },
      { state: 'suppressed', silencedBy: ['s1', 's2'], inhibitedBy: [] },
    ],
    [
      'inhibited',
      { inhibitedBy: ({ labels }, at) => (labels['host'] === 'a' && at === START ? ['f'] : []) },
      { state: 'suppressed', silencedBy: [], inhibitedBy: ['f'] },
    ],
  ])('what is %s is suppressed, by whom, and nothing else is', async (_, mutes, status) => {
    const { alerts } = await api({}, mutes);
    await alerts.post([posted('a'), posted('b')]);
    const [a, b] = await alerts.list();
    expect(a!.status).toEqual(status);
    expect(b!.status.state).toBe('active');
  });

  it.each(['list', 'groups'] as const)('%s cannot be had where the rows cannot be read', async (what) => {
    const { one, alerts } = await api();
    one.die();
    await expect(alerts[what]()).rejects.toMatchObject({
      ...{ code: 'TOC_DEPENDENCY_AWAY', message: 'alerts cannot be read now' },
      cause: expect.objectContaining({ message: 'the process has ended' }),
    });
  });
});

describe('groups', () => {
  async function shown({ alerts }: Pick<Awaited<ReturnType<typeof api>>, 'alerts'>) {
    return (await alerts.groups()).map(({ receiver, labels, alerts: members }) => [
      receiver,
      labels,
      hostsOf(members),
    ]);
  }

  it('have their members in Alertmanager’s order, each in every group that it belongs to', async () => {
    const { alerts } = await api();
    await alerts.post([posted('b'), posted('a')]);
    expect(await shown({ alerts })).toEqual([
      ['team', {}, ['a', 'b']],
      ['pager', { alertname: 'Down' }, ['a']],
    ]);
  });

  it('without open alerts are left out, and so is an alert that is over', async () => {
    const { alerts } = await api();
    await alerts.post([posted('b'), posted('a')]);
    await alerts.post([posted('a', { endsAt: iso(START) })]);
    expect(await shown({ alerts })).toEqual([['team', {}, ['b']]]);
  });

  it('say by which times they are muted, and what their route says of itself', async () => {
    const timeMutedBy = jest.fn<readonly string[], Parameters<AlertMutes['timeMutedBy']>>(
      ({ muteTimeIntervals }) => muteTimeIntervals,
    );
    const { alerts } = await api({}, { timeMutedBy });
    await alerts.post([posted('a')]);
    const groups = await alerts.groups();
    const words = groups.map(({ receiver, mutedBy, routeLabels }) => [receiver, mutedBy, routeLabels]);
    expect(words).toEqual([
      ['pager', ['nights'], { tier: 'one' }],
      ['team', [], {}],
    ]);
    expect(timeMutedBy.mock.calls.map(([, at]) => at)).toEqual([START, START]);
  });
});
