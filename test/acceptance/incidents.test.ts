/**
 * Databases of related services fail within five minutes: their alerts are one incident, whose commander is told and has a
 * room. A third alert joins without a page of its own; when all are over, so is the incident.
 */
import { ensureTopics, metricTopic } from '../../src/stream/topics';
import { startHttpCatcher, type HttpCatcher } from '../harness/http-catcher';
import { testServers } from '../harness/servers';
import { sampleOf, startSystem, type System } from '../harness/system';
import { waitFor } from '../harness/wait-for';
import { startSlack, type SlackStandIn } from '../servers/vendors/slack';

const STORY_MS = 240_000;
const PATIENCE_MS = 45_000;

let system: System;
let catcher: HttpCatcher;
let slack: SlackStandIn;

beforeAll(async () => {
  catcher = await startHttpCatcher();
  slack = startSlack();
  catcher.answerAlways((request) => slack.vendor(request));
  system = await startSystem({
    servers: testServers(),
    // The receivers level1 and level2 are phones here.
    levels: [1, 1],
    more: {
      log: { level: 'debug' },
      escalation: [],
      people: [
        { name: 'dora', slack: 'U0DORA', notify: { high: ['level1'] } },
        { name: 'ben', slack: 'U0BEN', notify: { high: ['level2'] } },
      ],
      schedules: [{ name: 'commander', layers: [{ name: 'all', people: ['dora'], start: '2020-01-01' }] }],
      incidents: [
        {
          ...{
            name: 'shop',
            related: { service: [['orders', 'payments', 'inventory']] },
            resolve_after: '1s',
          },
          ...{ commander: { schedules: ['commander'] }, receivers: ['hook', 'room'] },
        },
      ],
    },
    receivers: [
      { name: 'room', type: 'incident_room', token: 'xoxb-S3cr3tToken', api_url: `${catcher.url}/api` },
    ],
  });
});

afterAll(async () => {
  await system.close();
  await catcher.close();
});

async function measure(service: string, value: number): Promise<void> {
  const sample = sampleOf(`db-${service}`, value, Date.now());
  await system.publish([{ ...sample, tags: { ...sample.tags, service } }]);
}
/** `receiver step alert`, where an incident's reference stands for its own messages. */
const told = () =>
  system
    .messages()
    .map(
      ({ receiver, step, payload }) =>
        `${receiver} ${step} ${payload.incident?.id ?? payload.labels['service']}`,
    );
const hears = (text: string) => waitFor(() => told().includes(text), { what: text, timeoutMs: PATIENCE_MS });
const room = () => slack.rooms.find(({ name }) => name.startsWith('inc-'));

test(
  'related alerts are told as one incident, from its first page to its end',
  async () => {
    const { kafka, instance, history } = system;
    await ensureTopics(kafka, instance, [metricTopic(instance, sampleOf('db-1', 0, 0))], {
      development: true,
    });
    const [evaluator] = await Promise.all(
      ['evaluator', 'dispatcher', 'effects'].map((role) => system.start(role)),
    );
    await waitFor(() => evaluator!.output().includes('evaluate: assigned'), {
      ...{ what: 'its partitions', timeoutMs: PATIENCE_MS },
    });

    await measure('orders', 90);
    await hears('hook fire orders');
    await measure('payments', 90);
    await hears('hook incident INC-1');
    await hears('level1 incident INC-1');
    await waitFor(() => (room()?.members.includes('U0DORA') ?? false) && slack.messages.length >= 1, {
      ...{ what: 'the commander in the room', timeoutMs: PATIENCE_MS },
    });
    const opened = system.messages().find(({ step }) => step === 'incident')!.payload;
    expect(opened).toMatchObject({
      ...{ severity: 'critical', on_call_person: 'dora', state: 'FIRING' },
      incident: { id: 'INC-1', name: 'shop', commander: 'dora', state: 'open', alerts: 2, open_alerts: 2 },
    });
    expect(opened.related_alerts.map(({ resource }) => resource)).toEqual(['db-orders', 'db-payments']);
    expect(room()!.topic).toMatch(/^Commander: dora · \[CRITICAL\] Incident INC-1 shop: 2 alerts/);
    expect(slack.messages[0]!.text).toContain('Incident INC-1 shop');

    await measure('inventory', 90);
    await waitFor(async () => (await history.incidents.find(1))?.alerts === 3, {
      ...{ what: 'the third alert', timeoutMs: PATIENCE_MS },
    });
    expect(await system.command('why', 'service="inventory"')).toContain(
      'it belongs to incident INC-1 shop, of which hook is told',
    );
    expect(await system.command('incidents')).toMatch(/INC-1 +OPEN +critical +shop .*3 of 3 open +dora/);

    expect(await system.command('incidents', 'commander', 'inc-1', 'ben', '--owner', 'eve')).toContain(
      'ben commands INC-1',
    );
    await hears('level2 commander-1 INC-1');
    await waitFor(() => room()!.topic.startsWith('Commander: ben') && room()!.members.includes('U0BEN'), {
      ...{ what: 'the new commander in the room', timeoutMs: PATIENCE_MS },
    });

    for (const service of ['orders', 'payments', 'inventory']) await measure(service, 10);
    await hears('hook resolved INC-1');
    await hears('level2 resolved INC-1');
    await hears('hook resolved orders');
    await waitFor(() => slack.messages[0]!.text.includes('[RESOLVED]'), {
      what: 'the end in the room',
      timeoutMs: PATIENCE_MS,
    });
    expect(await system.command('incidents', 'show', 'INC-1')).toMatch(
      /RESOLVED[\s\S]*all of its alerts are over/,
    );

    expect(told().sort()).toEqual([
      'hook commander-1 INC-1',
      'hook fire orders',
      'hook incident INC-1',
      'hook resolved INC-1',
      'hook resolved orders',
      'level1 incident INC-1',
      'level1 resolved INC-1',
      'level2 commander-1 INC-1',
      'level2 resolved INC-1',
    ]);
    expect(await history.incidents.list({ all: true, limit: 10 })).toHaveLength(1);
  },
  STORY_MS,
);
