/** What is said of an alert from what is on record; that the record comes about is the acceptance test's part. */
import { compileRoutes } from '../../../src/dispatch/routes';
import { rulePagesOf } from '../../../src/dispatch/why-pages';
import { whyOf } from '../../../src/dispatch/why';
import type { RouteOptions, WhyStatement } from '../../../src/dispatch/port';
import type {
  AlertRecords,
  AlertRow,
  NotificationRecord,
  RecordedDelivery,
  RecordedHold,
  RecordedMessage,
  RecordedRouting,
} from '../../../src/history/port';
import { alertRow } from '../cli/fake-context';

const AT = Date.parse('2026-11-22T03:00:00Z');
const time = (seconds: number): Date => new Date(AT + seconds * 1_000);
const ID = '68dd5ba9ea5e1a5a';
const KEY = '{}:{alertname="Down"}';
const HOOK = 'team/webhook/0';

const route = (more: Partial<RouteOptions> = {}): RouteOptions => ({
  ...{ receiver: 'team', groupBy: ['alertname'], groupWaitMs: 30_000, groupIntervalMs: 60_000 },
  ...{ repeatIntervalMs: 3_600_000, matchers: [], continue: false, labels: {}, routes: [] },
  ...{ muteTimeIntervals: [], activeTimeIntervals: [] },
  ...more,
});
const routing: RecordedRouting = { route: route(), integrations: [{ name: HOOK, sendResolved: true }] };
const alert = (more: Partial<AlertRow> = {}): AlertRow =>
  alertRow({
    ...{ fingerprint: ID, labels: { alertname: 'Down', host: 'a' }, rule: null },
    ...{ startsAt: time(0).toISOString() },
    ...more,
  });
const message = (more: Partial<RecordedMessage> = {}): RecordedMessage => ({
  ...{ groupKey: KEY, integration: HOOK, firing: [], resolved: [], toldAt: null, seq: 1 },
  ...{ pending: null, dueAt: null, attempts: 0, error: null },
  ...more,
});
const delivery = (more: Partial<RecordedDelivery> = {}): RecordedDelivery => ({
  ...{ groupKey: KEY, integration: HOOK, at: time(30), outcome: 'sent', reason: 'first notification' },
  ...{ error: null, attempts: 1, said: 'firing' },
  ...more,
});
const hold = (more: Partial<RecordedHold> = {}): RecordedHold => ({
  ...{ groupId: 'g', groupKey: KEY, receiver: 'team', fingerprint: ID, reason: 'silence' },
  by: [{ kind: 'silence', id: 's1', createdBy: 'ana', comment: '', endsAt: time(900).toISOString() }],
  ...{ from: time(10), until: null },
  ...more,
});
const TOLD = message({ firing: [ID], toldAt: time(30) });

function statements(
  records: Partial<AlertRecords>,
  more: { readonly alert?: AlertRow; readonly routing?: RecordedRouting; readonly now?: Date } = {},
): readonly WhyStatement[] {
  const [first] = whyOf({
    ...{ alert: alert(), routing, now: time(100) },
    records: { groups: [], messages: [], deliveries: [], holds: [], ...records },
    ...more,
  });
  return first!.statements;
}
const kinds = (said: readonly WhyStatement[]): string[] => said.map(({ kind }) => kind);
const groups = (flushedAt: Date | null): AlertRecords['groups'] =>
  compileRoutes(routing.route)
    .placesOf(alert().labels)
    .map(({ id }) => ({ id, dueAt: time(130), flushedAt }));

test.each<[string, Partial<AlertRecords>, string[]]>([
  ['nobody has taken it up', {}, ['waits']],
  ['told', { deliveries: [delivery()], messages: [TOLD] }, ['told', 'told already']],
  ['held', { holds: [hold()] }, ['held']],
  [
    'held since it was told',
    { holds: [hold()], deliveries: [delivery()], messages: [TOLD] },
    ['told', 'held'],
  ],
  [
    'held before it was told',
    { holds: [hold({ until: time(20) })], deliveries: [delivery()], messages: [TOLD] },
    ['was held', 'told', 'told already'],
  ],
  ['held in an episode before', { holds: [hold({ from: time(-20), until: time(-10) })] }, ['waits']],
  ['another group of it', { holds: [hold({ groupKey: 'other' })] }, ['waits']],
  [
    'on its way',
    { messages: [message({ pending: { reason: 'first notification', firing: [ID], resolved: [] } })] },
    ['sending'],
  ],
  [
    'taken once, without an error yet',
    {
      messages: [
        message({ attempts: 1, pending: { reason: 'first notification', firing: [ID], resolved: [] } }),
      ],
    },
    ['sending'],
  ],
  [
    'failing',
    {
      messages: [
        message({
          attempts: 2,
          error: '500',
          pending: { reason: 'first notification', firing: [ID], resolved: [] },
        }),
      ],
    },
    ['retried'],
  ],
  [
    'a message that waits, of others',
    { messages: [message({ pending: { reason: 'first notification', firing: ['other'], resolved: [] } })] },
    ['waits'],
  ],
  [
    'refused',
    { deliveries: [delivery({ outcome: 'refused', error: '400' })], messages: [message()] },
    ['refused', 'waits'],
  ],
])('%s', (_, records, expected) => {
  expect(kinds(statements(records))).toEqual(expected);
});

test('what is over is told of to those who know of it, and to nobody else', () => {
  const over = alert({ state: 'RESOLVED', endsAt: time(90).toISOString() });
  const end = delivery({ at: time(95), said: 'resolved', reason: 'all alerts resolved' });
  expect(kinds(statements({ messages: [TOLD] }, { alert: over }))).toEqual(['waits']);
  expect(kinds(statements({}, { alert: over }))).toEqual([]);
  const expired = alert({ expiresAt: time(90).toISOString() });
  expect(kinds(statements({ messages: [TOLD] }, { alert: expired }))).toEqual(['waits']);
  expect(kinds(statements({ messages: [TOLD] }, { alert: expired, now: time(80) }))).toEqual([
    'told already',
  ]);
  const heard = { deliveries: [delivery(), end], messages: [message({ toldAt: time(95), resolved: [ID] })] };
  expect(kinds(statements(heard, { alert: over }))).toEqual(['told', 'told of the end']);
  const silent = { ...routing, integrations: [{ name: HOOK, sendResolved: false }] };
  expect(kinds(statements(heard, { alert: over, routing: silent }))).toEqual(['told']);
});

test('waits say by which wait of the route, and until when', () => {
  const [first] = statements({ groups: groups(null) });
  expect(first).toMatchObject({ at: time(130).toISOString(), stage: 'group' });
  expect(first!.text).toContain('group_wait of 30 s of route {}');
  const [later] = statements({ groups: groups(time(70)) });
  expect(later!.text).toContain('group_interval of 60 s of route {}');
});

test('what was told is repeated by the repeat interval, unless somebody holds the alert', () => {
  const [said] = statements({ messages: [TOLD] });
  expect(said).toMatchObject({ stage: 'dedup', at: time(3_630).toISOString() });
  const held = alert({
    acknowledgement: { owner: 'bob', at: time(40).toISOString(), until: null, comment: null },
  });
  const [taken] = statements({ messages: [TOLD] }, { alert: held });
  expect(taken!.text).toContain('held by bob');
});

test.each([
  [[{ kind: 'silence', id: 's1' }] as const, 'team is not told: silence s1'],
  [
    [{ kind: 'silence', id: 's1', createdBy: 'ana', comment: 'work', endsAt: 'T' }] as const,
    'silence s1 of ana until T: work',
  ],
  [
    [{ kind: 'alert', fingerprint: 'ff', labels: { a: 'b' }, rule: { index: 1, name: '' } }] as const,
    'alert ff {a="b"} inhibits it by inhibition rule 2',
  ],
  [
    [{ kind: 'alert', fingerprint: 'ff', labels: {}, rule: { index: 1, name: 'worse' } }] as const,
    'by inhibition rule "worse"',
  ],
  [
    [{ kind: 'person', name: 'ana', at: 'T', until: 'U', comment: 'on it' }] as const,
    'ana has taken it since T until U: on it',
  ],
  [[{ kind: 'mute time interval', name: 'nights' }] as const, 'it is a time of "nights"'],
  [[{ kind: 'active time interval', name: 'days' }] as const, 'it is no time of "days"'],
])('who holds it back stands in the text: %j', (by, text) => {
  expect(statements({ holds: [hold({ by })] })[0]!.text).toContain(text);
});

test('what somebody has taken is not told again, and the stage says so', () => {
  const by = [{ kind: 'person', name: 'ana', at: 'T', until: null, comment: null }] as const;
  const held = hold({ reason: 'acknowledged', by });
  expect(statements({ messages: [TOLD], holds: [held] })).toMatchObject([
    { kind: 'held', stage: 'acknowledged', text: 'team is not told again: ana has taken it since T' },
  ]);
});

test('a receiver without integrations tells nobody, by the route that leads there', () => {
  const [said] = statements(
    {},
    { routing: { route: route(), integrations: [{ name: 'other/webhook/0', sendResolved: true }] } },
  );
  expect(said).toMatchObject({ kind: 'nobody', stage: 'route' });
});

test('groups that it has left come last, and only with what was said there', () => {
  const records = {
    ...{ groups: [], messages: [], holds: [hold({ groupKey: 'old', receiver: 'old', until: time(20) })] },
    deliveries: [delivery({ groupKey: '{}/{a="b"}:{}', integration: 'a/b/webhook/1' })],
  };
  const ways = whyOf({ alert: alert(), routing, records, now: time(100) });
  expect(ways.map(({ receiver, isCurrent }) => [receiver, isCurrent])).toEqual([
    ['team', true],
    ['a/b', false],
    ['old', false],
  ]);
  expect(ways[1]).toMatchObject({ route: '{}/{a="b"}', statements: [{ kind: 'told' }] });
  expect(whyOf({ alert: alert(), routing: null, records, now: time(100) })).toHaveLength(2);
});

const MAINTENANCE = { kind: 'maintenance', name: 'move', createdBy: 'ana', comment: '', endsAt: null };

test("messages of rules: the timeline's words, then what waits", () => {
  const noted = (kind: string, text: string, details = {}) => ({
    at: time(1).toISOString(),
    kind,
    text,
    details,
  });
  const record = (more: Partial<NotificationRecord>): NotificationRecord => ({
    ...{ messageId: 'm', receiver: 'mail', fingerprint: ID, episode: 1, step: 'fire', dueAt: time(200) },
    ...{ state: 'pending', attempts: 0, sentAt: null, via: null, detail: null },
    ...more,
  });
  const said = rulePagesOf(
    [
      noted('fired', 'it fires'),
      noted('not_notified', 'did not tell mail of fire yet: silence s1', {
        receiver: 'mail',
        reason: 'silenced',
        detail: 'silence s1',
        by: [{ kind: 'silence', id: 's1' }],
      }),
      noted('not_notified', 'did not tell mail of fire yet: maintenance move', {
        receiver: 'mail',
        reason: 'maintenance',
        detail: 'maintenance move',
        by: [MAINTENANCE],
      }),
      noted('remediated', 'restart: refused. maintenance: move: "db-1" is under maintenance move'),
      noted('remediated', 'restart: succeeded. it recovered'),
      noted('not_notified', 'did not tell mail of resolved', {
        receiver: 'mail',
        reason: 'dedup',
        detail: 'never told',
      }),
      noted('notified', 'told mail of fire', { receiver: 'mail' }),
    ],
    [record({}), record({ attempts: 2, detail: '503' }), record({ state: 'sent' })],
  );
  expect(said.map(({ kind, stage, text }) => [kind, stage, text])).toEqual([
    ['was held', 'silence', 'did not tell mail of fire yet: silence s1'],
    ['was held', 'maintenance', 'did not tell mail of fire yet: maintenance move'],
    [
      'was held',
      'remediation',
      'no runbook acts: restart: refused. maintenance: move: "db-1" is under maintenance move',
    ],
    ['was held', 'send', 'did not tell mail of resolved: never told'],
    ['told', 'send', 'told mail of fire'],
    ['waits', 'send', 'tells mail of fire then'],
    ['retried', 'send', 'could not tell mail of fire, tried 2 times: 503; it is tried again'],
  ]);
  expect(said.map(({ by }) => by).slice(0, 2)).toEqual([[{ kind: 'silence', id: 's1' }], [MAINTENANCE]]);
});

test('who told it in place of an integration, and why', () => {
  const instead = delivery({ via: 'mails/email/0', error: 'HTTP 400', attempts: 2 });
  const [said] = statements({ deliveries: [instead], messages: [TOLD] });
  expect(said).toMatchObject({ kind: 'told', integration: HOOK });
  expect(said!.text).toBe(
    'mails/email/0 was told that it fires instead of team/webhook/0 (first notification): HTTP 400',
  );
});

test('a message that waits for a rate limit', () => {
  const pending = { reason: 'first notification', firing: [ID], resolved: [] };
  const [said] = statements({ messages: [message({ pending, limitedUntil: time(120) })] });
  expect(said).toMatchObject({ kind: 'waits', stage: 'rate limit', integration: HOOK });
  expect(said!.text).toBe(
    `team/webhook/0 is told (first notification) when its rate limit lets it: the next message leaves at ${time(120).toISOString()}, what is critical first`,
  );
  const [tried] = statements({
    messages: [message({ pending, limitedUntil: time(120), attempts: 1, error: 'HTTP 503' })],
  });
  expect(tried!.kind).toBe('retried');
});
