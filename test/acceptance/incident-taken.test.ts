/** An incident in Slack: one click takes all of its alerts, its message shows so, and the same click again does nothing. */
import { startHttpCatcher, type HttpCatcher } from '../harness/http-catcher';
import { testServers } from '../harness/servers';
import { sampleOf, startSystem, type System } from '../harness/system';
import { waitFor } from '../harness/wait-for';
import { buttonsOf, slackClick, startSlack, type SlackStandIn } from '../servers/vendors/slack';

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
  const bot = { token: 'xoxb-S3cr3tToken', api_url: `${catcher.url}/api`, signing_secrets: ['slack-secret'] };
  system = await startSystem({
    servers: testServers(),
    more: {
      log: { level: 'debug' },
      http: { port: 0, callbacks: { listen: '127.0.0.1:0' } },
      people: [{ name: 'ana', slack: 'U0ANA', notify: { high: ['slack'] } }],
      receivers: [{ name: 'slack', type: 'slack', channel: 'C012AB3CD', ...bot }],
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
    const [, address] = /"address":"([^"]+)".*callbacks of services/.exec(listener!.output())!;
    const names = ['db-1', 'db-2', 'db-3'];
    await system.publish(names.map((name) => sampleOf(name, 90, Date.now())));
    await waitFor(() => slack.messages.length > 0 && buttons().length === 2, {
      ...{ what: 'the incident', timeoutMs: PATIENCE_MS },
    });
    await waitFor(async () => (await history.incidents.find(1))?.alerts === 3, {
      ...{ what: 'all of its alerts', timeoutMs: PATIENCE_MS },
    });

    const responseUrl = `${catcher.url}/response`;
    const first = slackClick(slack.messages[0]!, { user: 'U0ANA', secret: 'slack-secret', responseUrl });
    const post = async (init: RequestInit) => (await fetch(`${address}/callbacks/slack/slack`, init)).status;
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
