/** One message for an episode, updated in place, with what follows in its thread; nothing twice where Slack can tell. */
import { createSlackChannel } from '../../../../src/notify/channels/slack';
import { alertBlocks, escaped } from '../../../../src/notify/channels/slack-blocks';
import type { Channel, Delivery, Memory } from '../../../../src/notify/port';
import { startHttpCatcher, type HttpCatcher } from '../../../harness/http-catcher';
import { startSlack, type SlackStandIn } from '../../../servers/vendors/slack';
import { alert, FIRED, outgoing } from '../test-notification';

let catcher: HttpCatcher;
let slack: SlackStandIn;
let channel: Channel;
beforeEach(async () => {
  catcher = await startHttpCatcher();
  slack = startSlack();
  catcher.answerAlways(slack.vendor);
  channel = make();
});
afterEach(async () => {
  await channel.close();
  await catcher.close();
});

const make = (more: { token?: string; interactive?: boolean } = {}): Channel =>
  createSlackChannel({
    ...{ url: `${catcher.url}/api`, channel: 'C012AB3CD', interactive: more.interactive ?? true },
    token: { reveal: () => more.token ?? 'xoxb-S3cr3tToken' },
  });
const signal = (): AbortSignal => AbortSignal.timeout(10_000);
const held = alert({ state: 'ACKNOWLEDGED' });
const over = alert({ state: 'RESOLVED', endsAt: new Date(FIRED + 60_000).toISOString() });

function memoryOf(delivery: Delivery): Memory {
  if (delivery.kind !== 'delivered') throw new Error(delivery.error);
  return delivery.memory!;
}
const buttonsOf = (blocks: readonly object[]): string[] =>
  (blocks as { type: string; elements?: { text: { text: string } }[] }[])
    .filter(({ type }) => type === 'actions')
    .flatMap(({ elements = [] }) => elements.map(({ text }) => text.text));

test('a message, then its update and what happened in its thread', async () => {
  const memory = memoryOf(await channel.send(outgoing(), signal()));
  const [root] = slack.messages;
  expect(buttonsOf(root!.blocks)).toEqual(['Acknowledge', 'Silence 1 h']);
  memoryOf(await channel.send(outgoing('escalate-2', {}, { memory }), signal()));
  memoryOf(await channel.send(outgoing('acknowledged-1', { alert: held }, { memory }), signal()));
  expect(buttonsOf(root!.blocks)).toEqual(['Silence 1 h']);
  memoryOf(await channel.send(outgoing('resolved', { alert: over }, { memory }), signal()));
  expect(buttonsOf(root!.blocks)).toEqual([]);
  expect(root!.text).toContain('[RESOLVED]');
  const thread = slack.messages.slice(1);
  expect(thread.map(({ threadTs, isBroadcast }) => [threadTs, isBroadcast])).toEqual([
    [root!.ts, true],
    [root!.ts, false],
    [root!.ts, false],
  ]);
  expect(thread[0]!.text).toContain('Escalation 2');
});

test('without anybody who listens there are no buttons', () => {
  expect(buttonsOf(alertBlocks(outgoing(), false).blocks)).toEqual([]);
});

test('what had arrived when its answer was lost is not posted again, and neither is its news', async () => {
  // Slack takes it, and hangs up.
  catcher.answer('drop');
  expect(await channel.send(outgoing(), signal())).toMatchObject({ kind: 'retry' });
  expect(slack.messages).toHaveLength(1);
  const memory = memoryOf(await channel.send(outgoing('fire', {}, { attempts: 1 }), signal()));
  expect(slack.messages).toHaveLength(1);
  expect(memory).toEqual({ channel: 'C012AB3CD', ts: slack.messages[0]!.ts });
  await channel.send(outgoing('escalate-1', {}, { memory }), signal());
  await channel.send(outgoing('escalate-1', {}, { memory, attempts: 1 }), signal());
  expect(slack.messages).toHaveLength(2);
});

test('another message of the same channel is not taken for it', async () => {
  await channel.send(outgoing('fire'), signal());
  await channel.send({ ...outgoing('escalate-1', {}, { attempts: 3 }) }, signal());
  expect(slack.messages).toHaveLength(2);
});

test('a channel that may not be looked through gets it: better twice than never', async () => {
  slack.failNext('conversations.history', 'missing_scope');
  expect(await channel.send(outgoing('fire', {}, { attempts: 1 }), signal())).toMatchObject({
    kind: 'delivered',
  });
});

test('what another alert’s message has told of is told below it, and leaves it as it is', async () => {
  const memory = memoryOf(await channel.send(outgoing(), signal()));
  const { text } = slack.messages[0]!;
  const kept = { ...memory, of: 'another:1:escalate-1' };
  expect(
    memoryOf(await channel.send(outgoing('resolved', { alert: over }, { memory: kept }), signal())),
  ).toEqual(kept);
  expect(slack.messages[0]!.text).toBe(text);
  expect(slack.messages[1]).toMatchObject({
    threadTs: memory.ts,
    text: expect.stringContaining('[RESOLVED]') as string,
  });
});

test('a message that is gone is followed by a new one', async () => {
  const memory = { channel: 'C012AB3CD', ts: '1.1' };
  const kept = memoryOf(await channel.send(outgoing('resolved', { alert: over }, { memory }), signal()));
  expect(kept.ts).toBe(slack.messages[0]!.ts);
});

test.each([
  ['ratelimited', 'retry'],
  ['token_revoked', 'retry'],
  ['not_in_channel', 'retry'],
  ['invalid_blocks', 'refused'],
  ['msg_too_long', 'refused'],
])('Slack says %s: %s', async (error, kind) => {
  slack.failNext('chat.postMessage', error);
  expect(await channel.send(outgoing(), signal())).toMatchObject({
    kind,
    error: expect.stringContaining(error) as string,
  });
});

test('429 waits for as long as it is told', async () => {
  catcher.answer({ status: 429, headers: { 'retry-after': '7' } });
  expect(await channel.send(outgoing(), signal())).toMatchObject({ kind: 'retry', retryAfterMs: 7_000 });
});

test('a wrong token is tried again, and is not shown', async () => {
  const other = make({ token: 'xoxb-S3cr3tOther' });
  const sent = await other.send(outgoing(), signal());
  expect(sent).toMatchObject({ kind: 'retry' });
  expect(JSON.stringify(sent)).not.toContain('S3cr3t');
  await other.close();
});

test('texts that mention, link or run on are shown as they are, and fit', async () => {
  const annotations = {
    summary: `<!channel> <https://evil.example|here> ${'&'.repeat(9_000)}`,
    runbook_url: 'https://wiki.example.com/a|b',
  };
  const labels = { alertname: '<@U1>'.repeat(100), instance_id: 'x' };
  const sent = await channel.send(outgoing('fire', { alert: alert({ annotations, labels }) }), signal());
  expect(sent).toMatchObject({ kind: 'delivered' });
  const shown = JSON.stringify(slack.messages[0]!.blocks.slice(1));
  expect(shown).not.toMatch(/<[!@h]/);
});

test('what is escaped is never cut within a sign', () => {
  expect(escaped('&&&', 12)).toBe('&amp;&amp;…');
  expect(escaped('a<b', 20)).toBe('a&lt;b');
});
