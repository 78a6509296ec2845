/** A room for an incident: opened once, however many alerts and attempts there are, with whoever commands. */
import type { TimelineEvent } from '../../../../src/domain/life';
import { createIncidentRoomChannel, roomName } from '../../../../src/notify/channels/incident-room';
import { buildPayload } from '../../../../src/notify/payload';
import type { Channel, OutgoingMessage } from '../../../../src/notify/port';
import { startHttpCatcher, type HttpCatcher } from '../../../harness/http-catcher';
import { startSlack, type SlackStandIn } from '../../../servers/vendors/slack';
import { alert, facts, FIRED, NOW, outgoing } from '../test-notification';

let catcher: HttpCatcher;
let slack: SlackStandIn;
let channel: Channel;
beforeEach(async () => {
  catcher = await startHttpCatcher();
  slack = startSlack();
  catcher.answerAlways(slack.vendor);
  channel = createIncidentRoomChannel({
    ...{ url: `${catcher.url}/api`, token: { reveal: () => 'xoxb-S3cr3tToken' }, interactive: true },
    ...{ instance: 'blue', prefix: 'inc', groupBy: ['alertname'], isPrivate: false },
    ...{ invite: ['UALWAYS'], members: { dora: 'UDORA' } },
    timeline: async () => [event('it fires'), event('escalated to level 3: <executive>')],
  });
});
afterEach(async () => {
  await channel.close();
  await catcher.close();
});

const event = (text: string): TimelineEvent => ({
  ...{ key: text, at: new Date(FIRED).toISOString(), kind: 'k', actor: 'tocsin', text, details: {} },
});
const signal = (): AbortSignal => AbortSignal.timeout(10_000);

/** Level 4, for which `person` is on call. */
function level4(instance: string, person: string, more: Partial<OutgoingMessage> = {}): OutgoingMessage {
  const labels = { alertname: 'HighConnections', severity: 'critical', instance_id: instance };
  const message = outgoing('escalate-4', { alert: alert({ labels }) });
  const payload = buildPayload(facts({ alert: alert({ labels }) }), {
    ...{ messageId: `${instance}:4`, step: 'escalate-4', routingKey: null, onCallPerson: person, now: NOW },
  });
  return { ...message, payload, ...more };
}

test('the room is made, its people are there, its topic says who commands, the first post tells what happened', async () => {
  const sent = await channel.send(level4('pg-1', 'dora'), signal());
  expect(sent).toMatchObject({ kind: 'delivered' });
  const room = slack.rooms.at(-1)!;
  expect(room.name).toMatch(/^inc-20260504-highconnections-[0-9a-f]{8}$/);
  expect(room.members).toEqual(['UBOT', 'UALWAYS', 'UDORA']);
  expect(room.topic).toMatch(/^Commander: dora · /);
  const post = slack.messages[0]!;
  expect(post.channel).toBe(room.id);
  expect(JSON.stringify(post.blocks)).toContain('03:00:00 escalated to level 3: &lt;executive&gt;');
});

test('a second alert of the incident joins the room that is there, wherever it is on the list', async () => {
  await channel.send(level4('pg-1', 'dora'), signal());
  slack.rooms.splice(
    1,
    0,
    ...[1, 2, 3].map((n) => ({ ...slack.rooms[0]!, id: `CX${n}`, name: `other-${n}` })),
  );
  const sent = await channel.send(level4('pg-2', 'dora'), signal());
  expect(sent).toMatchObject({
    kind: 'delivered',
    detail: expect.stringContaining('joined #inc-') as string,
  });
  expect(slack.rooms.filter(({ name }) => name.startsWith('inc-'))).toHaveLength(1);
  expect(slack.messages.map(({ channel: id }) => id)).toEqual(Array(2).fill(slack.rooms.at(-1)!.id));
});

test('an attempt after one whose answer was lost neither opens nor posts again', async () => {
  await channel.send(level4('pg-1', 'dora'), signal());
  await channel.send(level4('pg-1', 'dora', { attempts: 1 }), signal());
  expect([slack.rooms.length, slack.messages.length]).toEqual([2, 1]);
});

test('a room that was closed the same day is followed by another one', async () => {
  await channel.send(level4('pg-1', 'dora'), signal());
  const first = slack.rooms.at(-1)!;
  first.isArchived = true;
  await channel.send(level4('pg-2', 'dora'), signal());
  expect(slack.rooms.at(-1)!.name).toBe(`${first.name}-2`);
});

test('a name that is taken and on no list is tried again, then another is taken', async () => {
  for (const attempts of [0, 1]) {
    slack.failNext('conversations.create', 'name_taken');
    const sent = await channel.send(level4('pg-1', 'dora', { attempts }), signal());
    expect(sent).toMatchObject({ kind: 'retry', error: expect.stringContaining('on no list yet') as string });
  }
  slack.failNext('conversations.create', 'name_taken');
  await channel.send(level4('pg-1', 'dora', { attempts: 2 }), signal());
  expect(slack.rooms.at(-1)!.name).toMatch(/-2$/);
});

test('a commander whom Slack does not know is noted, and the room opens all the same', async () => {
  const sent = await channel.send(level4('pg-1', 'eve, dora'), signal());
  expect(sent).toMatchObject({
    kind: 'delivered',
    detail: expect.stringContaining('eve was not invited') as string,
  });
  expect(slack.rooms.at(-1)!.members).toContain('UDORA');
});

test('what follows updates the post in the room', async () => {
  const sent = await channel.send(level4('pg-1', 'dora'), signal());
  const memory = sent.kind === 'delivered' ? sent.memory! : {};
  slack.calls.length = 0;
  await channel.send(
    outgoing('acknowledged-1', { alert: alert({ state: 'ACKNOWLEDGED' }) }, { memory }),
    signal(),
  );
  expect(slack.calls).toEqual(['chat.update', 'chat.postMessage']);
});

test('names are Slack’s, whatever the labels are, and of other instances and groups are others', () => {
  const context = { alert_fired_at: '2026-05-04T03:00:00.000Z' } as never;
  const name = (value: string, instance = 'blue'): string =>
    roomName({ instance, prefix: 'inc', groupBy: ['alertname'] }, { labels: { alertname: value }, context });
  for (const value of ['', 'Ünïcode ÄÖÜ', 'x'.repeat(500), '---', 'A B/C']) {
    expect(name(value)).toMatch(/^inc-20260504(-[a-z0-9-]+)?-[0-9a-f]{8}$/);
    expect(`${name(value)}-5`.length).toBeLessThanOrEqual(80);
  }
  expect(new Set([name('A'), name('a'), name('A', 'green')]).size).toBe(3);
});
