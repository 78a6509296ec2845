/** From what is on record to the answer: which records are asked for, and what is said of them. */
import { answerWhy } from '../../../src/dispatch/answer-why';
import { rulePagesOf } from '../../../src/dispatch/why-pages';
import { compileRoutes } from '../../../src/dispatch/routes';
import type {
  AlertLists,
  AlertRecords,
  AlertRow,
  GroupRecords,
  NotificationRecord,
  RecordedRouting,
} from '../../../src/history/port';
import { MINUTE, route, START } from '../../harness/group-scene';
import { alertRow } from '../cli/fake-context';

const iso = (ms: number): string => new Date(ms).toISOString();
const NONE: AlertRecords = {
  ...{ groups: [], messages: [], deliveries: [], holds: [], isServed: true },
  hearing: { now: START, since: 0, heardUntil: START, before: 0 },
};
const ROUTING: RecordedRouting = {
  route: route(),
  integrations: [{ name: 'team/webhook/0', sendResolved: true }],
};
const WAITING = { messageId: 'm', receiver: 'mail', fingerprint: 'f', episode: START, step: 'fire' };
const notification = (more: Partial<NotificationRecord> = {}): NotificationRecord => ({
  ...{ ...WAITING, dueAt: new Date(START), state: 'pending', attempts: 0, sentAt: null, via: null },
  detail: null,
  ...more,
});

function asked(records: Partial<AlertRecords> = {}, routing: RecordedRouting | null = ROUTING) {
  const of = jest.fn<Promise<AlertRecords>, Parameters<GroupRecords['of']>>(async () => ({
    ...NONE,
    ...records,
  }));
  const recorded = { of, keepRouting: jest.fn(), routing: jest.fn(async () => routing) };
  const timeline = jest.fn<ReturnType<AlertLists['timeline']>, Parameters<AlertLists['timeline']>>(
    async () => [],
  );
  const notifications = jest.fn(async () => [notification()]);
  return { records: recorded, lists: { timeline, notifications } };
}
const alert = (more: Partial<AlertRow> = {}): AlertRow =>
  alertRow({ labels: { alertname: 'Down' }, rule: null, startsAt: iso(START), ...more });
const now = new Date(START + MINUTE);
const instance = 'blue';

it('asks for the groups that the routes on record make of the alert, from when its episode began', async () => {
  const { records, lists } = asked();
  const answer = await answerWhy(alert({ episode: START - MINUTE }), { instance, records, lists, now });
  const places = compileRoutes(ROUTING.route).placesOf({ alertname: 'Down' });
  const [fingerprint, groups, since] = records.of.mock.calls[0]!;
  expect(fingerprint).toBe(alert().fingerprint);
  expect(groups.map(({ id, key }) => [id, key])).toEqual(places.map(({ id, key }) => [id, key]));
  expect(since).toEqual(new Date(START - MINUTE));
  expect(lists.timeline).toHaveBeenCalledWith(fingerprint, START - MINUTE);
  expect(answer.routes.map(({ groupKey }) => groupKey)).toEqual(['{}:{alertname="Down"}']);
});

it('by the routes that it is given, where somebody asks what other ones would do', async () => {
  const { records, lists } = asked();
  const routing = { ...ROUTING, route: route({ groupBy: [] }) };
  const answer = await answerWhy(alert(), { instance, records, lists, now, routing });
  expect(records.routing).not.toHaveBeenCalled();
  expect(answer.routes.map(({ groupKey }) => groupKey)).toEqual(['{}:{}']);
});

it('an alert of a rule has its pages, and routes only where a group has taken it up', async () => {
  const rule = { group: 'g', name: 'Down', hash: 'h' };
  const { records, lists } = asked();
  const answer = await answerWhy(alert({ rule }), { instance, records, lists, now });
  expect(answer.routes).toEqual([]);
  expect(answer.pages.map(({ kind, integration }) => [kind, integration])).toEqual([['waits', 'mail']]);
  const id = compileRoutes(ROUTING.route).placesOf({ alertname: 'Down' })[0]!.id;
  const taken = asked({ groups: [{ id, dueAt: now, flushedAt: null }] });
  expect((await answerWhy(alert({ rule }), { instance, ...taken, now })).routes).toHaveLength(1);
});

it('an alert of a rule that goes by no routes says who resolved it among its pages', async () => {
  const rule = { group: 'g', name: 'Down', hash: 'h' };
  const resolved = { state: 'RESOLVED', resolvedBy: 'ana', quietUntil: iso(START + 5 * MINUTE) } as const;
  const { records, lists } = asked();
  const { pages } = await answerWhy(alert({ rule, ...resolved }), { instance, records, lists, now });
  expect(pages.map(({ stage }) => stage)).toEqual(['send', 'resolved']);
});

it('where no process has ever said by which routes it works there is none', async () => {
  const { records, lists } = asked({}, null);
  expect((await answerWhy(alert(), { instance, records, lists, now })).routes).toEqual([]);
  expect(records.of.mock.calls[0]![1]).toEqual([]);
});

describe('pages of receivers of tocsin.yaml', () => {
  const noted = (kind: 'notified' | 'not_notified', text: string, details: object | null) =>
    ({ at: iso(START), kind, text, details }) as never;

  it.each([
    [
      'a message that left',
      noted('notified', 'told mail', { receiver: 'mail', detail: '250 ok' }),
      'told',
      'told mail',
    ],
    [
      'one that did not, and why',
      noted('not_notified', 'mail was not told', { receiver: 'mail', reason: 'gone', detail: 'no such box' }),
      'was held',
      'mail was not told: no such box',
    ],
    [
      'one whose text says why already',
      noted('not_notified', 'mail was not told: no such box', { receiver: 'mail', detail: 'no such box' }),
      'was held',
      'mail was not told: no such box',
    ],
    ['one without details', noted('not_notified', 'nobody was told', null), 'was held', 'nobody was told'],
  ])('%s', (_, event, kind, text) => {
    expect(rulePagesOf([event], [])).toMatchObject([{ kind, text, at: iso(START) }]);
  });

  it('a silence is named as the stage that held it', () => {
    const silenced = noted('not_notified', 'mail was not told', { receiver: 'mail', reason: 'silence' });
    expect(rulePagesOf([silenced], [])).toMatchObject([{ stage: 'silence', integration: 'mail' }]);
  });

  it('what else the timeline tells is no page', () => {
    expect(rulePagesOf([{ at: iso(START), kind: 'fired', text: 'fires' } as never], [])).toEqual([]);
  });

  it.each<[Partial<NotificationRecord>, string, string]>([
    [{}, 'waits', 'tells mail of fire then'],
    [{ detail: 'silence s1' }, 'waits', 'tells mail of fire then, for it is held back: silence s1'],
    [{ attempts: 1 }, 'retried', 'could not tell mail of fire, tried once: no answer; it is tried again'],
    [
      { attempts: 3, detail: '503' },
      'retried',
      'could not tell mail of fire, tried 3 times: 503; it is tried again',
    ],
  ])('a message that waits, %j, %s', (more, kind, text) => {
    expect(rulePagesOf([], [notification(more)])).toMatchObject([
      { kind, text, at: iso(START), stage: 'send' },
    ]);
  });

  it.each([
    ['silenced: silence s1', 'silence'],
    ['fatigue: 5 like Down were told', 'throttle'],
    ['HTTP 503: away', 'send'],
  ])('what holds one back names its stage: %s', (detail, stage) => {
    expect(rulePagesOf([], [notification({ detail })])).toMatchObject([{ kind: 'waits', stage }]);
  });

  it.each(['sent', 'dropped', 'dead'] as const)('one that is %s waits no more', (state) => {
    expect(rulePagesOf([], [notification({ state })])).toEqual([]);
  });
});
