/** One incident for an episode: triggered, acknowledged, resolved under one key, within what PagerDuty takes. */
import { episodeOfIncident } from '../../../../src/domain/identity';
import { createPagerdutyChannel } from '../../../../src/notify/channels/pagerduty';
import type { Channel } from '../../../../src/notify/port';
import { startHttpCatcher, type HttpCatcher } from '../../../harness/http-catcher';
import { pagerdutyEvents } from '../../../servers/vendors/incidents';
import { alert, FIRED, outgoing } from '../test-notification';

let catcher: HttpCatcher;
let channel: Channel;
beforeEach(async () => {
  catcher = await startHttpCatcher();
  catcher.answerAlways(pagerdutyEvents);
  channel = make('S3cr3tRoutingKey');
});
afterEach(async () => {
  await channel.close();
  await catcher.close();
});

const make = (key: string): Channel =>
  createPagerdutyChannel({
    ...{ url: `${catcher.url}/v2/enqueue`, routingKey: { reveal: () => key } },
    ...{ instance: 'blue', clientUrl: 'https://tocsin.example.com' },
  });
const signal = (): AbortSignal => AbortSignal.timeout(10_000);
const held = alert({ state: 'ACKNOWLEDGED' });
const over = alert({ state: 'RESOLVED', endsAt: new Date(FIRED + 60_000).toISOString() });
const actions = () => catcher.requests.map(({ json }) => (json as { event_action: string }).event_action);
const keys = () => new Set(catcher.requests.map(({ json }) => (json as { dedup_key: string }).dedup_key));

test('fire, acknowledged, resolved: three events of one incident', async () => {
  for (const message of [
    outgoing('fire'),
    outgoing('acknowledged-1', { alert: held }),
    outgoing('resolved', { alert: over }),
  ])
    expect(await channel.send(message, signal())).toMatchObject({ kind: 'delivered' });
  expect(actions()).toEqual(['trigger', 'acknowledge', 'resolve']);
  const [key] = [...keys()];
  expect(keys().size).toBe(1);
  expect(episodeOfIncident('blue', key!)).toEqual({ fingerprint: '0123456789abcdef', episode: FIRED });
  expect(episodeOfIncident('green', key!)).toBeNull();
});

test('another episode is another incident', async () => {
  await channel.send(outgoing(), signal());
  await channel.send({ ...outgoing(), episode: FIRED + 1 }, signal());
  expect(keys().size).toBe(2);
});

describe('a digest', () => {
  const digest = (step: string, change = {}, memory = {}) => {
    const message = outgoing(step, change, { memory });
    const listed = ['a', 'b'].map((fingerprint) => ({
      ...{ fingerprint, alert_name: 'A', severity: null, resource: null, state: 'FIRING', starts_at: '' },
    }));
    return { ...message, payload: { ...message.payload, digest_alerts: listed } };
  };

  test('is one incident, which all its alerts know', async () => {
    const said = await channel.send(digest('fire'), signal());
    const [incident] = [...keys()];
    expect(said).toMatchObject({ kind: 'delivered', memory: { incident } });
    const other = { ...digest('resolved', { alert: alert({ state: 'RESOLVED' }) }, { incident: incident! }) };
    await channel.send({ ...other, fingerprint: 'f'.repeat(16) }, signal());
    expect([actions(), keys().size]).toEqual([['trigger', 'resolve'], 1]);
  });

  test('is not acknowledged when somebody takes one of its alerts', async () => {
    await channel.send(digest('fire', { alert: held }), signal());
    await channel.send(outgoing('acknowledged-1', { alert: held }, { memory: { incident: 'i' } }), signal());
    expect(actions()).toEqual(['trigger', 'trigger']);
  });
});

test('what was taken before its first message left is triggered, then acknowledged', async () => {
  await channel.send(outgoing('fire', { alert: held }), signal());
  expect(actions()).toEqual(['trigger', 'acknowledge']);
});

test.each([
  ['critical', 'critical'],
  ['high', 'error'],
  ['Warning', 'warning'],
  ['low', 'info'],
  ['page', 'error'],
])('severity %s is %s there', async (severity, expected) => {
  const labelled = alert({ labels: { alertname: 'A', severity } });
  await channel.send(outgoing('fire', { alert: labelled }), signal());
  expect(catcher.requests[0]!.json).toMatchObject({ payload: { severity: expected, source: 'tocsin' } });
});

test('texts of any length, and addresses that are none, are made to fit', async () => {
  const labels = { alertname: 'A'.repeat(5_000), instance_id: 'i'.repeat(3_000), note: 'n'.repeat(600_000) };
  const annotations = {
    runbook_url: 'javascript:alert(1)',
    dashboard_url: 'https://grafana.example.com/d/1',
  };
  const sent = await channel.send(outgoing('fire', { alert: alert({ labels, annotations }) }), signal());
  expect(sent).toMatchObject({ kind: 'delivered' });
  expect(catcher.requests[0]!.json).toMatchObject({ links: [{ text: 'Dashboard' }] });
});

test('a key that PagerDuty does not know is a refusal that does not show it', async () => {
  const other = make('S3cr3tOther');
  const sent = await other.send(outgoing(), signal());
  expect(sent).toMatchObject({ kind: 'refused', error: expect.stringContaining('routing_key') as string });
  expect(JSON.stringify(sent)).not.toContain('S3cr3t');
  await other.close();
});

test('a key that cannot be read now is tried again', async () => {
  const other = createPagerdutyChannel({
    ...{ url: catcher.url, instance: '', clientUrl: '' },
    routingKey: {
      reveal: () => {
        throw new Error('cannot read /run/key');
      },
    },
  });
  expect(await other.send(outgoing(), signal())).toMatchObject({
    kind: 'retry',
    error: 'cannot read /run/key',
  });
  await other.close();
});

test('429 waits for as long as it is told', async () => {
  catcher.answer({ status: 429, headers: { 'retry-after': '30' } });
  expect(await channel.send(outgoing(), signal())).toMatchObject({ kind: 'retry', retryAfterMs: 30_000 });
});
