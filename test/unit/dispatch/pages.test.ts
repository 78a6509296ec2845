import fc from 'fast-check';
import type { LifePolicy } from '../../../src/domain/life';
import type { Transition } from '../../../src/domain/transition';
import { planPages } from '../../../src/dispatch/pages';
import { pageOf } from '../../../src/dispatch/policy';
import type { AlertRow } from '../../../src/history/port';
import { MINUTE, T0, transition } from '../../builders/alerts';

const page: LifePolicy['page'] = [
  { receiver: 'pager', notifyAfter: 'fire', deadlineMs: 0 },
  { receiver: 'service', notifyAfter: 'remediate', deadlineMs: 30_000 },
  { receiver: 'log', notifyAfter: 'fire', deadlineMs: 0 },
];
const audience = { pageFor: () => page, resolveTo: ['pager', 'service', 'manager'] };
const NOW = new Date(T0 + 100);
const rowsOf = (rows: readonly AlertRow[]) => new Map(rows.map((row) => [row.fingerprint, row]));
const none = rowsOf([]);

/** Handles the transitions in batches of one, as after as many restarts. */
function oneByOne(transitions: readonly Transition[]) {
  let rows: Map<string, AlertRow> = new Map();
  const messages = new Set<string>();
  for (const one of transitions) {
    const change = planPages(rows, [one], audience, NOW);
    rows = new Map([...rows, ...rowsOf(change.rows)]);
    for (const message of change.notifications) messages.add(`${message.messageId}>${message.receiver}`);
    for (const resolve of change.resolves) messages.add(`${resolve.fingerprint}:${resolve.episode}:resolved`);
  }
  return { rows, messages };
}

it('a first firing makes a row, a fired event, and a message to each receiver at its time', () => {
  const firing = transition();
  const change = planPages(none, [firing], audience, NOW);
  expect(change.rows).toMatchObject([
    { fingerprint: firing.fingerprint, state: 'FIRING', episode: T0, fireCount: 1, value: 95 },
  ]);
  expect(change.timeline.map((event) => event.key)).toEqual(['fired']);
  expect(
    change.notifications.map((one) => [one.receiver, one.messageId, one.dueAt.getTime() - NOW.getTime()]),
  ).toEqual([
    ['pager', `${firing.fingerprint}:${T0}:fire`, 0],
    ['service', `${firing.fingerprint}:${T0}:fire`, 30_000],
    ['log', `${firing.fingerprint}:${T0}:fire`, 0],
  ]);
});

it.each([
  ['at once', 100, T0],
  ['held up by an outage', 90_000, T0 + 89_500],
  ['by a clock that is ahead', -2_000, T0 - 2_000],
])('a group counts from when its alert was told of: %s', (_, later, from) => {
  const groupsFor = (_row: AlertRow, at: Date) => [{ id: 'g', routeId: 'r', dueAt: at }];
  const change = planPages(none, [transition()], { ...audience, groupsFor }, new Date(T0 + later));
  expect(change.groups).toEqual([{ id: 'g', routeId: 'r', dueAt: new Date(from) }]);
});

it('a resolve goes to those who want it', () => {
  const change = planPages(
    none,
    [transition(), transition({ kind: 'resolved', at: 1, startsAt: 0 })],
    audience,
    NOW,
  );
  expect(change.rows).toMatchObject([{ state: 'RESOLVED', resolvedBy: 'evaluator' }]);
  expect(change.resolves).toMatchObject([{ episode: T0, receivers: ['pager', 'service', 'manager'] }]);
});

it('a second evaluator with another start of the same condition pages nobody again', () => {
  const change = planPages(none, [transition(), transition({ at: 5 })], audience, NOW);
  expect(change.notifications).toHaveLength(page.length);
  expect(change.rows).toMatchObject([{ episode: T0, fireCount: 1 }]);
});

it('what was posted fires without a value, and nothing is said of one', () => {
  const texts = (one: Transition) => planPages(none, [one], audience, NOW).timeline.map(({ text }) => text);
  const { labels } = transition();
  const posted = { ...transition(), ...{ source: 'api', value: null, threshold: null, rule: null } };
  expect(texts(posted)).toEqual([`${labels.alertname} fires`]);
  expect(texts({ ...transition(), value: null, threshold: null })).toEqual([
    `${labels.alertname} fires: value unknown`,
  ]);
});

it('an alert that fires again after its resolve is the next episode', () => {
  const change = planPages(
    none,
    [transition(), transition({ kind: 'resolved', at: 1, startsAt: 0 }), transition({ at: 2 })],
    audience,
    NOW,
  );
  expect(change.rows).toMatchObject([{ state: 'FIRING', episode: T0 + 2, fireCount: 2, endsAt: null }]);
  expect(change.notifications).toHaveLength(2 * page.length);
});

it('a changed value moves the row and tells nobody', () => {
  const change = planPages(
    none,
    [transition(), transition({ kind: 'changed', at: 3, startsAt: 0, value: 99 })],
    audience,
    NOW,
  );
  expect(change.rows).toMatchObject([{ value: 99, episode: T0 }]);
  expect(change.notifications).toHaveLength(page.length);
});

it('within the quiet time of a manual resolve no episode opens; afterwards one does', () => {
  const [row] = planPages(none, [transition()], audience, NOW).rows;
  const quiet: AlertRow = {
    ...row!,
    state: 'RESOLVED',
    resolvedBy: 'ada',
    quietUntil: new Date(T0 + MINUTE).toISOString(),
  };
  const again = transition({ at: 1_000 });
  expect(planPages(rowsOf([quiet]), [again], audience, NOW).notifications).toEqual([]);
  const later = planPages(rowsOf([quiet]), [again], audience, new Date(T0 + MINUTE));
  expect(later.rows).toMatchObject([{ state: 'FIRING', quietUntil: null }]);
});

it('repeats and late duplicates, alone or in a batch, end in the same rows and messages', () => {
  const story = [
    transition(),
    transition({ kind: 'changed', at: 1, startsAt: 0 }),
    transition({ kind: 'resolved', at: 2, startsAt: 0 }),
    transition({ at: 3 }),
    transition({ kind: 'resolved', at: 4, startsAt: 3 }),
    transition({ at: 5 }),
  ];
  const clean = oneByOne(story);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(story.length - 1), fc.nat(story.length)), { maxLength: 12 }),
      (repeats) => {
        // Each repeat comes at or after its original.
        const noisy = story.flatMap((one, place) => [
          one,
          ...repeats
            .filter(([of, by]) => place === Math.min(of + by, story.length - 1))
            .map(([of]) => story[of]!),
        ]);
        const again = oneByOne(noisy);
        expect(again.messages).toEqual(clean.messages);
        expect(again.rows).toEqual(clean.rows);
      },
    ),
  );
});

it('tells whom the rule names, and the route where none of them is there', () => {
  const toldOf = (receivers?: string[]) => {
    const pageFor = pageOf(page.slice(0, 1), page);
    const one = { ...transition(), ...(receivers && { receivers }) };
    return planPages(none, [one], { ...audience, pageFor }, NOW).notifications.map(
      ({ receiver }) => receiver,
    );
  };
  expect(toldOf()).toEqual(['pager']);
  expect(toldOf(['log', 'service'])).toEqual(['service', 'log']);
  expect(toldOf(['gone'])).toEqual(['pager']);
});

describe('where the route asks for it, the severity says who is told', () => {
  const bySeverity = { high: page.slice(0, 1), medium: page.slice(1, 2), low: [] };
  const named = page.map(({ receiver }) => receiver);
  const toldOf = (severity: string | undefined, more = {}, route = page.slice(1)) =>
    pageOf(
      route,
      page,
      bySeverity,
    )({ ...transition({ labels: severity === undefined ? {} : { severity } }), ...more }).map(
      ({ receiver }) => receiver,
    );

  it.each([
    ['critical', [named[0]]],
    ['HIGH', [named[0]]],
    ['warning', [named[1]]],
    ['medium', [named[1]]],
    ['low', []],
    ['info', []],
    ['page', named.slice(1)],
  ])('%s', (severity, receivers) => expect(toldOf(severity)).toEqual(receivers));

  it('whom a rule names is told all the same', () => {
    expect(toldOf('info', { receivers: [named[0]!] })).toEqual([named[0]]);
  });

  it('a word that nobody knows is for those of high where the route names nobody', () => {
    expect(toldOf('page', {}, [])).toEqual([named[0]]);
  });
});
