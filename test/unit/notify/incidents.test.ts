/** Messages about incidents: what they say, who is muted, rung up or offered a button, and where they arrive. */
import type { NotificationOutcome } from '../../../src/history/port';
import type { Mutes } from '../../../src/mute/port';
import { createIncidentRoomChannel, roomName } from '../../../src/notify/channels/incident-room';
import { alertBlocks } from '../../../src/notify/channels/slack-blocks';
import { createEmailChannel } from '../../../src/notify/channels/email';
import { createPagerdutyChannel } from '../../../src/notify/channels/pagerduty';
import { createSlackChannel } from '../../../src/notify/channels/slack';
import { smsText } from '../../../src/notify/channels/twilio';
import { buildPayload } from '../../../src/notify/payload';
import type { Memory, OutgoingMessage } from '../../../src/notify/port';
import { silenceStage } from '../../../src/notify/stages/silence';
import type { Notification, Stage } from '../../../src/notify/stages/stage';
import { timelyStage } from '../../../src/notify/stages/timely';
import { startHttpCatcher, type HttpCatcher } from '../../harness/http-catcher';
import { startSmtpCatcher } from '../../harness/smtp-catcher';
import { pagerdutyEvents } from '../../servers/vendors/incidents';
import { startSlack, type SlackStandIn } from '../../servers/vendors/slack';
import {
  delivered,
  fakeChannel,
  FIRED,
  incident,
  incidentFacts,
  NOW,
  queued,
  receiver,
} from './test-notification';

const RESOLVED = {
  ...{ state: 'resolved' as const, resolvedAt: new Date(FIRED + 600_000).toISOString(), resolvedBy: 'eve' },
};

function message(
  step: string,
  { told = incidentFacts(), person = 'dora', memory = {} } = {},
): OutgoingMessage {
  const messageId = `INC-7:${FIRED}:${step}`;
  const payload = buildPayload(told, { messageId, step, routingKey: null, onCallPerson: person, now: NOW });
  const alerts = [told.alert];
  return { payload, fingerprint: 'INC-7', episode: FIRED, step, attempts: 0, memory, alerts };
}

describe('what is said', () => {
  it('all alerts, who commands and what to do', () => {
    const { payload } = message('incident');
    expect(payload).toMatchObject({
      ...{
        subject: '[CRITICAL] Incident INC-7 shop: 2 alerts of service=orders|payments',
        severity: 'critical',
      },
      ...{ alert_name: 'INC-7 shop', state: 'FIRING', on_call_person: 'dora' },
      incident: { id: 'INC-7', name: 'shop', commander: 'dora', state: 'open', alerts: 2, open_alerts: 2 },
    });
    expect(payload.body_text).toBe(`Incident INC-7 shop is FIRING (service=orders|payments)
Severity: critical
Commander: dora
Since: 2026-05-04 03:00:00 UTC

Its 2 alerts, 2 of them open:
- HighConnections on pg-main (critical), FIRING, since 2026-05-04 03:00:00 UTC: tocsin alerts show 01234567
- Slow on payments (warning), FIRING, since 2026-05-04 03:00:00 UTC: tocsin alerts show fedcba98, runbook http://wiki/slow

What to do:
Look at it: tocsin incidents show INC-7
Take all of it: tocsin incidents ack INC-7
Hand it over: tocsin incidents commander INC-7 PERSON
End it: tocsin incidents resolve INC-7; it ends by itself when its alerts are over`);
  });

  it('that it is worse, who commands now, that it is over', () => {
    expect(message('raised-1').payload.body_text).toContain('Severity: critical, which is new');
    const handed = message('commander-1', { told: incidentFacts({ commander: 'ben' }) }).payload;
    expect(handed.subject).toContain('ben commands');
    expect(handed.body_text).toContain('Commander: ben, from now on');
    const over = message('resolved', { told: incidentFacts(RESOLVED, 'RESOLVED') }).payload;
    expect(over.subject).toBe(
      '[RESOLVED] Incident INC-7 shop: after 10m, 2 alerts of service=orders|payments',
    );
    expect(over.body_text).toContain('lasted 10m\nResolved by: eve');
    expect(over.body_text).not.toContain('incidents resolve');
  });

  it('of many alerts the first, and how many more', () => {
    const [one] = incident().alerts;
    const many = incidentFacts({ alerts: Array(60).fill(one!), count: 700, openCount: 9 });
    const { body_text: text } = message('incident', { told: many }).payload;
    expect(text).toContain('Its 700 alerts, 9 of them open:');
    expect(text).toContain('- and 650 more');
  });

  it('that nobody commands', () => {
    const { body_text: text } = message('incident', { told: incidentFacts({ commander: null }) }).payload;
    expect(text).toContain('Commander: nobody is on call for it');
  });
});

const decide = async (stage: Stage, change: Partial<Notification>): Promise<NotificationOutcome | null> => {
  const ops = receiver('ops', fakeChannel('http://ops', () => delivered).channel);
  const one = {
    queued: queued(),
    receiver: ops,
    facts: incidentFacts(),
    outcome: null,
    notes: [],
    ...change,
  };
  const { outcome } = await stage.exec({ now: () => NOW, signal: new AbortController().signal }, one);
  return outcome;
};

describe('mutes', () => {
  /** Covers alerts by their names, each until so many seconds from now. */
  const mutes = (covered: Readonly<Record<string, number>>): Mutes => ({
    verdict: async ({ alertname = '' }) => {
      const seconds = covered[alertname];
      if (seconds === undefined) return { muted: false };
      const until = new Date(NOW.getTime() + seconds * 1_000).toISOString();
      const holder = { kind: 'silence' as const, id: alertname };
      return { muted: true, reason: 'silence' as const, detail: alertname, by: alertname, until, holder };
    },
  });
  const verdict = (covered: Readonly<Record<string, number>>, told = incidentFacts()) =>
    decide(silenceStage(mutes(covered)), { queued: queued({ step: 'incident' }), facts: told });

  it('hold it while they cover all of its open alerts, until the first of them ends', async () => {
    expect(await verdict({ HighConnections: 60, Slow: 30 })).toMatchObject({ kind: 'held', forMs: 30_000 });
    expect(await verdict({ HighConnections: 60 })).toBeNull();
    expect(await verdict({})).toBeNull();
  });

  it('of alerts that are over do not count', async () => {
    const [first, second] = incident().alerts;
    const half = incidentFacts({ alerts: [first!, { ...second!, state: 'RESOLVED' }], openCount: 1 });
    expect(await verdict({ HighConnections: 60 }, half)).toMatchObject({ kind: 'held' });
    expect(await verdict({ Slow: 60 }, half)).toBeNull();
  });

  it('hold nothing where there are more alerts than were looked at', async () => {
    expect(await verdict({ HighConnections: 60, Slow: 30 }, incidentFacts({ count: 3 }))).toBeNull();
  });
});

describe('what has no use any more', () => {
  const over = incidentFacts(RESOLVED, 'RESOLVED');
  const taken = incidentFacts({}, 'ACKNOWLEDGED');
  it.each<[string, Partial<Notification>, string | null]>([
    ['an incident', { queued: queued({ step: 'incident' }) }, null],
    [
      'one that is over, of which nobody has heard',
      { queued: queued({ step: 'incident' }), facts: over },
      null,
    ],
    ['that it was worse', { queued: queued({ step: 'raised-1' }), facts: over }, 'ended'],
    ['that somebody commanded', { queued: queued({ step: 'commander-1' }), facts: over }, 'ended'],
    [
      'another way, over',
      { queued: queued({ step: 'incident', unlessAcknowledged: true }), facts: over },
      'ended',
    ],
    [
      'another way, taken',
      { queued: queued({ step: 'incident', unlessAcknowledged: true }), facts: taken },
      'acknowledged',
    ],
  ])('%s', async (_, change, reason) => {
    const outcome = await decide(timelyStage, change);
    expect(outcome === null || !('reason' in outcome) ? null : outcome.reason).toBe(reason);
  });

  it.each([
    ['incident', incidentFacts(), null],
    ['raised-1', incidentFacts(), null],
    ['commander-1', incidentFacts(), null],
    ['incident', taken, 'no_action_needed'],
    ['resolved', over, 'no_action_needed'],
  ])('a call of %s', async (step, told, reason) => {
    const phone = receiver('dora-phone', {
      ...fakeChannel('http://telephones', () => delivered).channel,
      interrupts: true,
    });
    const change = { queued: queued({ step, told: true }), receiver: phone, facts: told };
    expect(await decide(timelyStage, change)).toEqual(
      reason === null ? null : expect.objectContaining({ reason }),
    );
  });
});

it('its buttons take or silence all of it, while it asks for that; there is nothing to answer by telephone', () => {
  const buttons = (one: OutgoingMessage, interactive = true) =>
    (alertBlocks(one, interactive).blocks as { elements?: { text: { text: string }; value: string }[] }[])
      .flatMap(({ elements = [] }) => elements)
      .map(({ text, value }) => [text.text, value]);
  const of = `INC-7:${FIRED}`;
  expect(buttons(message('incident'))).toEqual([
    ['Acknowledge all', of],
    ['Silence all 1 h', of],
  ]);
  expect(buttons(message('acknowledged-1', { told: incidentFacts({}, 'ACKNOWLEDGED') }))).toEqual([
    ['Silence all 1 h', of],
  ]);
  expect(buttons(message('resolved', { told: incidentFacts(RESOLVED, 'RESOLVED') }))).toEqual([]);
  expect(buttons(message('incident'), false)).toEqual([]);
  expect(smsText(message('incident'), true)).toBe(
    '[CRITICAL] Incident INC-7 shop: 2 alerts of service=orders|payments',
  );
});

describe('in Slack', () => {
  let catcher: HttpCatcher;
  let slack: SlackStandIn;
  beforeEach(async () => {
    catcher = await startHttpCatcher();
    slack = startSlack();
    catcher.answerAlways(slack.vendor);
  });
  afterEach(() => catcher.close());
  const signal = (): AbortSignal => AbortSignal.timeout(10_000);
  const bot = () => ({
    url: `${catcher.url}/api`,
    token: { reveal: () => 'xoxb-S3cr3tToken' },
    interactive: true,
  });

  it('one message, updated in place; that it is worse is shown to all', async () => {
    const channel = createSlackChannel({ ...bot(), channel: 'C012AB3CD' });
    const first = await channel.send(message('incident'), signal());
    const { memory } = first as { memory: Memory };
    await channel.send(message('raised-1', { memory }), signal());
    const taken = incident().alerts.map((one) => ({
      ...one,
      state: 'ACKNOWLEDGED' as const,
      takenBy: 'ana',
    }));
    await channel.send(
      message('acknowledged-1', { memory, told: incidentFacts({ alerts: taken }, 'ACKNOWLEDGED') }),
      signal(),
    );
    expect(slack.messages[0]!.text).toContain('[ACKNOWLEDGED] Incident INC-7');
    expect(JSON.stringify(slack.messages[0]!.blocks)).toContain('(critical), ACKNOWLEDGED by ana');
    await channel.send(
      message('commander-1', { memory, told: incidentFacts({ commander: 'ben' }) }),
      signal(),
    );
    await channel.send(message('resolved', { memory, told: incidentFacts(RESOLVED, 'RESOLVED') }), signal());
    await channel.close();
    const [root, ...thread] = slack.messages;
    expect(root!.text).toContain('[RESOLVED] Incident INC-7');
    expect(thread.map(({ threadTs, isBroadcast }) => [threadTs === root!.ts, isBroadcast])).toEqual([
      [true, true],
      [true, false],
      [true, false],
      [true, false],
    ]);
  });

  it('a room of its own, whose next commander comes in as well', async () => {
    const channel = createIncidentRoomChannel({
      ...{ ...bot(), instance: '', prefix: 'inc', groupBy: ['alertname'], isPrivate: false, invite: [] },
      ...{ members: { dora: 'UDORA', ben: 'UBEN' }, timeline: async () => [] },
    });
    const first = await channel.send(message('incident'), signal());
    const { memory } = first as { memory: Memory };
    const room = slack.rooms.at(-1)!;
    expect(room.name).toMatch(/^inc-20260504-inc-7-shop-[0-9a-f]{8}$/);
    expect([room.members, room.topic]).toEqual([
      ['UBOT', 'UDORA'],
      expect.stringMatching(/^Commander: dora · \[CRITICAL\] Incident INC-7/),
    ]);
    const told = incidentFacts({ commander: 'ben' });
    await channel.send(message('commander-1', { memory, told, person: 'ben' }), signal());
    await channel.send(message('raised-1', { memory, told, person: 'ben' }), signal());
    await channel.close();
    expect([room.members, room.topic]).toEqual([
      ['UBOT', 'UDORA', 'UBEN'],
      expect.stringMatching(/^Commander: ben · /),
    ]);
    expect(slack.rooms.filter(({ name }) => name.startsWith('inc-'))).toHaveLength(1);
  });

  it('another one for each incident', () => {
    const nameOf = (id: number, openedAt = new Date(FIRED).toISOString()) =>
      roomName(
        { instance: '', prefix: 'inc', groupBy: ['alertname'] },
        message('incident', { told: incidentFacts({ id, openedAt }) }).payload,
      );
    expect(nameOf(7)).toBe(nameOf(7));
    expect(nameOf(7)).not.toBe(nameOf(8));
    expect(nameOf(7)).not.toBe(nameOf(7, new Date(FIRED + 1).toISOString()));
  });
});

test('in PagerDuty it is one incident too, from its beginning to its end', async () => {
  const catcher = await startHttpCatcher();
  catcher.answerAlways(pagerdutyEvents);
  const channel = createPagerdutyChannel({
    ...{ url: `${catcher.url}/v2/enqueue`, routingKey: { reveal: () => 'S3cr3tRoutingKey' } },
    ...{ instance: 'blue', clientUrl: '' },
  });
  const over = incidentFacts(RESOLVED, 'RESOLVED');
  for (const one of [message('incident'), message('raised-1'), message('resolved', { told: over })])
    expect(await channel.send(one, AbortSignal.timeout(10_000))).toMatchObject({ kind: 'delivered' });
  await channel.close();
  await catcher.close();
  const events = catcher.requests.map(({ json }) => json as { event_action: string; dedup_key: string });
  expect(events.map(({ event_action: action }) => action)).toEqual(['trigger', 'trigger', 'resolve']);
  expect(new Set(events.map(({ dedup_key: key }) => key))).toEqual(new Set([`tocsin:blue:INC-7:${FIRED}`]));
});

test('mails of it are one conversation', async () => {
  const catcher = await startSmtpCatcher();
  const channel = createEmailChannel({
    ...{ host: '127.0.0.1', port: catcher.port, secure: false, user: null, password: null },
    ...{ from: 'tocsin@example.com', to: ['dba@example.com'] },
  });
  for (const step of ['incident', 'raised-1']) await channel.send(message(step), AbortSignal.timeout(10_000));
  await channel.close();
  await catcher.close();
  const [first, second] = catcher.mails.map(({ mail }) => mail);
  expect(first!.references).toBeUndefined();
  expect(second!.references).toBe(first!.messageId);
});
