/**
 * One alert, told in PagerDuty and in Slack: somebody takes it by a click in Slack, and PagerDuty shows so; somebody resolves it in
 * PagerDuty, and Slack shows so.
 */
import { createHmac } from 'node:crypto';
import { startHttpCatcher, type HttpCatcher } from '../harness/http-catcher';
import { testServers } from '../harness/servers';
import { anaClicks, callbacksOf, slackStory } from '../harness/slack-story';
import { startSystem, type System } from '../harness/system';
import { waitFor } from '../harness/wait-for';
import { pagerdutyEvents } from '../servers/vendors/incidents';
import { startSlack, type SlackStandIn } from '../servers/vendors/slack';

const STORY_MS = 180_000;

let system: System;
let catcher: HttpCatcher;
let slack: SlackStandIn;
let callbacks: string;

beforeAll(async () => {
  catcher = await startHttpCatcher();
  slack = startSlack();
  catcher.answerAlways((request) =>
    request.path.startsWith('/v2/')
      ? pagerdutyEvents(request)
      : request.path.startsWith('/api/')
        ? slack.vendor(request)
        : { status: 200 },
  );
  const story = slackStory(catcher);
  system = await startSystem({
    servers: testServers(),
    more: {
      ...story,
      receivers: [
        ...story.receivers,
        {
          ...{ name: 'pagerduty', type: 'pagerduty', routing_key: 'S3cr3tRoutingKey' },
          ...{ url: `${catcher.url}/v2/enqueue`, webhook_secrets: ['pd-secret'] },
        },
      ],
      route: { receivers: ['slack', 'pagerduty'] },
      escalation: [],
    },
  });
});

afterAll(async () => {
  await system.close();
  await catcher.close();
});

const events = () =>
  catcher.requests
    .filter(({ path }) => path === '/v2/enqueue')
    .map(({ json }) => json as { event_action: string; dedup_key: string });
const actions = () => events().map(({ event_action: action }) => action);
const hmac = (key: string, text: string) => createHmac('sha256', key).update(text).digest('hex');

async function clickAcknowledge(): Promise<number> {
  return (await fetch(`${callbacks}/slack/slack`, anaClicks(slack.messages[0]!, catcher))).status;
}

async function resolveInPagerduty(): Promise<number> {
  const body = JSON.stringify({
    event: {
      ...{ id: 'E1', event_type: 'incident.resolved', occurred_at: new Date().toISOString() },
      agent: { id: 'P1', type: 'user_reference', summary: 'Ben' },
      data: { id: 'PT1', incident_key: events()[0]!.dedup_key },
    },
  });
  const { status } = await fetch(`${callbacks}/pagerduty/pagerduty`, {
    method: 'POST',
    body,
    headers: { 'x-pagerduty-signature': `v1=${hmac('pd-secret', body)}` },
  });
  return status;
}

test(
  'what people do in one place is seen in the other',
  async () => {
    const { history } = system;
    const [, , , listener] = await system.startEach('evaluator', 'dispatcher', 'effects', 'callbacks');
    callbacks = callbacksOf(listener!);
    await system.sample('db-1', 90);
    await waitFor(() => slack.messages.length >= 1 && actions().includes('trigger'), {
      ...{ what: 'the fire in both places', timeoutMs: 30_000 },
    });

    expect(await clickAcknowledge()).toBe(200);
    await waitFor(() => actions().includes('acknowledge') && slack.messages.length >= 2, {
      ...{ what: 'the acknowledgement in both places', timeoutMs: 30_000 },
    });
    const [row] = await history.lists.list({});
    expect(row).toMatchObject({
      state: 'ACKNOWLEDGED',
      acknowledgement: { owner: 'ana', comment: 'in Slack' },
    });
    expect(slack.messages[0]!.text).toContain('[ACKNOWLEDGED]');
    await waitFor(() => catcher.requests.some(({ path }) => path === '/response'), {
      what: "the click's outcome",
    });

    expect(await resolveInPagerduty()).toBe(202);
    await waitFor(() => slack.messages[0]!.text.includes('[RESOLVED]') && slack.messages.length >= 3, {
      ...{ what: 'the resolve in Slack', timeoutMs: 30_000 },
    });
    expect((await history.lists.list({}))[0]).toMatchObject({ state: 'RESOLVED', resolvedBy: 'Ben' });
    await waitFor(() => actions().includes('resolve'), {
      what: 'the resolve in PagerDuty',
      timeoutMs: 30_000,
    });

    expect(actions()).toEqual(['trigger', 'acknowledge', 'resolve']);
    expect(slack.messages.map(({ threadTs }) => threadTs)).toEqual([
      null,
      slack.messages[0]!.ts,
      slack.messages[0]!.ts,
    ]);
  },
  STORY_MS,
);
