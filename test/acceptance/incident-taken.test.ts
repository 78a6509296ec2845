/** An incident in Slack: one click takes all of its alerts, its message shows so, and the same click again does nothing. */
import { startHttpCatcher, type HttpCatcher } from '../harness/http-catcher';
import { testServers } from '../harness/servers';
import { anaClicks, callbacksOf, slackStory } from '../harness/slack-story';
import { sampleOf, startSystem, type System } from '../harness/system';
import { waitFor } from '../harness/wait-for';
import { buttonsOf, startSlack, type SlackStandIn } from '../servers/vendors/slack';

const STORY_MS = 180_000;
const PATIENCE_MS = 45_000;

let system: System;
let catcher: HttpCatcher;
let slack: SlackStandIn;

beforeAll(async () => {
  catcher = await startHttpCatcher();
  slack = startSlack();
  catcher.answerAlways((request) =>
    request.path.startsWith('/api/') ? slack.vendor(request) : { status: 200 },
  );
  system = await startSystem({
    servers: testServers(),
    more: {
      ...slackStory(catcher),
      route: { receivers: [] },
      escalation: [],
      incidents: [{ name: 'shop', group_by: ['environment'], receivers: ['slack'] }],
    },
  });
});
afterAll(async () => {
  await system.close();
  await catcher.close();
});

const buttons = () => buttonsOf(slack.messages[0]!);
const responses = () => catcher.requests.filter(({ path }) => path === '/response');

test(
  'one click takes all that is open, and the message is updated in place',
  async () => {
    const { history } = system;
    const [, , , listener] = await system.startEach('evaluator', 'dispatcher', 'effects', 'callbacks');
    const names = ['db-1', 'db-2', 'db-3'];
    await system.publish(names.map((name) => sampleOf(name, 90, Date.now())));
    await waitFor(() => slack.messages.length > 0 && buttons().length === 2, {
      ...{ what: 'the incident', timeoutMs: PATIENCE_MS },
    });
    await waitFor(async () => (await history.incidents.find(1))?.alerts === 3, {
      ...{ what: 'all of its alerts', timeoutMs: PATIENCE_MS },
    });

    const first = anaClicks(slack.messages[0]!, catcher);
    const post = async (init: RequestInit) =>
      (await fetch(`${callbacksOf(listener!)}/slack/slack`, init)).status;
    expect(await post({ ...first, body: `${first.body}&more=1` })).toBe(401);
    expect(await post(first)).toBe(200);
    await waitFor(() => slack.messages[0]!.text.includes('[ACKNOWLEDGED] Incident INC-1'), {
      ...{ what: 'the message', timeoutMs: PATIENCE_MS },
    });
    const rows = await history.lists.list({});
    expect(rows.map(({ state, acknowledgement }) => [state, acknowledgement?.owner])).toEqual(
      names.map(() => ['ACKNOWLEDGED', 'ana']),
    );
    await waitFor(() => responses().length > 0, { what: "the click's outcome" });
    expect(responses()[0]!.json).toMatchObject({ text: 'INC-1 shop by ana: 3 of 3 alerts taken' });
    expect(buttons()).toHaveLength(1);

    const since = (await history.lists.timeline(rows[0]!.fingerprint)).length;
    expect(await post(first)).toBe(200);
    await waitFor(() => listener!.output().includes('"outcome":"repeated"'), { what: 'the repeat' });
    expect(await history.lists.timeline(rows[0]!.fingerprint)).toHaveLength(since);
    expect(slack.messages.filter(({ threadTs }) => threadTs === null)).toHaveLength(1);
  },
  STORY_MS,
);
