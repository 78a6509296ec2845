/** The payload: every field from its source, null without one; a text that can be read at 3 a.m. */
import type { Labels } from '../../../src/domain/labels';
import type { NotificationFacts } from '../../../src/history/port';
import { MAX_PAYLOAD_BYTES } from '../../../src/notify/fitting';
import { buildPayload, type PayloadOptions } from '../../../src/notify/payload';
import { alert, artifact, facts, FIRED, NOW, verified } from './test-notification';

const options: PayloadOptions = {
  messageId: 'm',
  step: 'fire',
  routingKey: null,
  onCallPerson: null,
  now: NOW,
};
const build = (change: Partial<NotificationFacts> = {}, more: Partial<PayloadOptions> = {}) =>
  buildPayload(facts(change), { ...options, ...more });
const withLabels = (labels: Labels, annotations: Labels = {}) =>
  build({ alert: alert({ labels, annotations }) });

test('says who holds the alert, since when and until when', () => {
  const at = '2026-05-04T03:05:00.000Z';
  const held = (until: string | null) =>
    build({
      alert: alert({ state: 'ACKNOWLEDGED', acknowledgement: { owner: 'ada', at, until, comment: null } }),
    });
  expect(held('2026-05-04T04:05:00.000Z')).toMatchObject({
    ...{ acknowledged_by: 'ada', acknowledged_at: at, acknowledged_until: '2026-05-04T04:05:00.000Z' },
  });
  expect(held(null)).toMatchObject({ acknowledged_by: 'ada', acknowledged_at: at, acknowledged_until: null });
});

test('an alert of which little is known invents nothing', () => {
  const bare = alert({
    labels: {},
    annotations: {},
    value: null,
    threshold: null,
    rule: null,
    condition: null,
  });
  const payload = build({ alert: bare });
  expect(payload).toEqual({
    alert_name: '0123456789abcdef',
    db_instance_id: null,
    subject: '[FIRING] 0123456789abcdef is firing',
    body_text: expect.any(String),
    message_id: 'm',
    severity: null,
    runbook_url: null,
    dashboard_url: null,
    labels: {},
    routing_key: null,
    correlation_id: 'corr-1',
    state: 'FIRING',
    environment: null,
    service_owner: null,
    acknowledged_by: null,
    acknowledged_at: null,
    acknowledged_until: null,
    on_call_person: null,
    affected_users_count: null,
    related_alerts: [],
    context: {
      metric_value: null,
      threshold: null,
      instance_name: null,
      region: null,
      alert_fired_at: '2026-05-04T03:00:00.000Z',
      fire_count: 1,
    },
    enrichment_artifacts: [],
    remediation_attempted: false,
    remediation_steps: [],
    verification: { checks: [] },
    auto_resolved: false,
    residual_risk: null,
  });
  expect(payload.body_text).not.toMatch(/null|undefined|unknown/);
});

test.each([
  ['db_instance_id', { instance_id: 'a', instance: 'b' }, {}, 'a'],
  ['db_instance_id', { instance: 'b' }, {}, 'b'],
  ['environment', { environment: 'prod', env: 'x' }, {}, 'prod'],
  ['environment', { env: 'x' }, {}, 'x'],
  ['service_owner', { service_owner: 'payments', owner: 'x' }, {}, 'payments'],
  ['service_owner', { owner: 'x' }, {}, 'x'],
  ['runbook_url', { runbook_url: 'https://l' }, { runbook_url: 'https://a' }, 'https://a'],
  ['runbook_url', { runbook_url: 'https://l' }, { runbook_url: '' }, 'https://l'],
  ['dashboard_url', {}, { dashboard_url: 'https://d' }, 'https://d'],
  ['affected_users_count', {}, { affected_users_count: '1200' }, 1_200],
  ['affected_users_count', { affected_users_count: '7' }, {}, 7],
  ['affected_users_count', {}, { affected_users_count: 'many' }, null],
  ['affected_users_count', {}, { affected_users_count: '-1' }, null],
  ['affected_users_count', {}, { affected_users_count: '' }, null],
  ['routing_key', { routing_key: 'dba' }, {}, 'dba'],
  ['severity', { severity: 'high' }, {}, 'high'],
  ['alert_name', { alertname: 'High' }, {}, 'High'],
] as const)('%s from labels %j and annotations %j is %j', (field, labels, annotations, expected) => {
  expect(withLabels(labels, annotations)[field]).toBe(expected);
});

test("the context, the person on call and the receiver's routing key", () => {
  const row = alert({
    labels: { instance_name: 'Main', region: 'eu', routing_key: 'x' },
    fireCount: 3,
    value: '+Inf',
  });
  expect(build({ alert: row }, { routingKey: 'dba', onCallPerson: 'senior_dba' })).toMatchObject({
    routing_key: 'dba',
    on_call_person: 'senior_dba',
    context: { metric_value: '+Inf', threshold: 90, instance_name: 'Main', region: 'eu', fire_count: 3 },
  });
});

test.each([
  ['verified', {}, true, true],
  ['verified', { dry_run: true }, true, false],
  ['not_verified', {}, true, false],
  ['refused', { attempted: false }, false, false],
] as const)(
  'a remediation that is %s with %j: attempted %j, auto-resolved %j',
  (outcome, change, attempted, auto) => {
    const payload = build({ remediation: { ...verified, outcome, ...change } });
    expect(payload).toMatchObject({
      remediation_attempted: attempted,
      auto_resolved: auto,
      residual_risk: 'low',
      remediation_steps: verified.steps,
      verification: { checks: verified.checks },
    });
  },
);

describe('a payload that would be too large for its receivers', () => {
  const step = (bytes: number) => ({ ...verified.steps[0]!, details: { rows: 'x'.repeat(bytes) } });
  const large = build({
    artifacts: [artifact({ data: 'y'.repeat(60_000) }), artifact({ data: { small: true } })],
    remediation: { ...verified, steps: [step(10), step(900_000), step(1_500_000)] },
  });

  test('gives up its largest findings, and nothing else', () => {
    const leftOut = { left_out: expect.any(String) as string };
    expect(Buffer.byteLength(JSON.stringify(large))).toBeLessThanOrEqual(MAX_PAYLOAD_BYTES);
    expect(large.remediation_steps.map(({ details }) => details)).toEqual([
      { rows: 'x'.repeat(10) },
      leftOut,
      leftOut,
    ]);
    expect(large.enrichment_artifacts.map(({ data }) => data)).toEqual(['y'.repeat(60_000), { small: true }]);
    expect(large.remediation_steps[1]).toMatchObject({ name: 'terminate', output: '12 sessions ended' });
  });
});

test('a value that has recovered is not said to be beyond its threshold', () => {
  const resolved = { state: 'RESOLVED' as const, endsAt: new Date(FIRED + 60_000).toISOString() };
  const condition = { ...alert().condition!, recovery_threshold: 70 };
  expect(
    build({ alert: alert({ ...resolved, value: 65, condition }) }, { step: 'resolved' }).body_text,
  ).toContain('Value: 65% (fires at > 90%, recovers at <= 70%) (connections_used_percent)');
});

describe('the subject', () => {
  const ended = { state: 'RESOLVED' as const, endsAt: new Date(FIRED + 3_725_000).toISOString() };
  test.each<[string, Partial<NotificationFacts>, string]>([
    ['fire', {}, '[CRITICAL] HighConnections on pg-main: 97.1235% > 90%'],
    [
      'fire',
      { alert: alert({ condition: null }) },
      '[CRITICAL] HighConnections on pg-main: 97.1235 (threshold 90)',
    ],
    [
      'fire',
      { alert: alert({ condition: null, rule: { group: 'g', name: 'A', hash: 'h', unit: 'MB' } }) },
      '[CRITICAL] HighConnections on pg-main: 97.1235 MB (threshold 90 MB)',
    ],
    [
      'fire',
      { alert: alert({ value: 'NaN', threshold: null }) },
      '[CRITICAL] HighConnections on pg-main: NaN',
    ],
    ['fire', { alert: alert({ value: null }) }, '[CRITICAL] HighConnections on pg-main is firing'],
    ['escalate-2', {}, '[CRITICAL, escalation 2] HighConnections on pg-main: 97.1235% > 90%'],
    [
      'remediated-1',
      { remediation: verified },
      '[CRITICAL] HighConnections on pg-main: terminate-idle-sessions verified',
    ],
    [
      'remediated-1',
      { remediation: { ...verified, outcome: 'not_verified' } },
      '[CRITICAL] HighConnections on pg-main: terminate-idle-sessions not verified',
    ],
    ['resolved', { alert: alert(ended) }, '[RESOLVED] HighConnections on pg-main after 1h2m'],
    [
      'resolved',
      { alert: alert({ ...ended, endsAt: null }) },
      '[RESOLVED] HighConnections on pg-main after an unknown time',
    ],
    ['fire', { alert: alert({ labels: { alertname: 'A\r\nBcc: x' } }) }, '[FIRING] A Bcc: x: 97.1235% > 90%'],
    [
      'escalate-1',
      { alert: alert({ value: 80, condition: { ...alert().condition!, recovery_threshold: 70 } }) },
      '[CRITICAL, escalation 1] HighConnections on pg-main: 80% (fires at > 90%, recovers at <= 70%)',
    ],
    [
      'escalate-1',
      { alert: alert({ value: 80 }) },
      '[CRITICAL, escalation 1] HighConnections on pg-main: 80% (fires at > 90%)',
    ],
  ])('of %s', (step, change, expected) => {
    expect(build(change, { step }).subject).toBe(expected);
  });

  test('is one line of at most 150 characters', () => {
    const { subject } = withLabels({ alertname: 'x'.repeat(300) });
    expect(subject).toHaveLength(150);
    expect(subject.endsWith('…')).toBe(true);
  });
});

describe('the text', () => {
  test('of a page with all that is known', () => {
    const row = alert({
      fireCount: 3,
      annotations: {
        summary: 'pg-main runs out of connections',
        runbook_url: 'https://wiki/r',
        dashboard_url: 'https://graf/d',
      },
      acknowledgement: {
        owner: 'ann',
        at: new Date(FIRED + 60_000).toISOString(),
        until: new Date(FIRED + 960_000).toISOString(),
        comment: 'looking',
      },
    });
    const text = build(
      {
        alert: row,
        remediation: verified,
        artifacts: [
          artifact(),
          artifact({ title: 'Dashboard picture', url: 'https://graf/p' }),
          artifact({ title: 'Blockers', status: 'late', error: 'no answer within 2 s' }),
          artifact({ title: 'Logs', status: 'failed' }),
        ],
        related: [
          {
            fingerprint: 'f',
            alert_name: 'Slow',
            severity: null,
            resource: null,
            state: 'FIRING',
            starts_at: row.startsAt,
          },
        ],
      },
      { step: 'escalate-2', onCallPerson: 'senior_dba' },
    ).body_text;
    expect(text).toBe(
      [
        'HighConnections is FIRING on pg-main (production, eu-west-1)',
        'Severity: critical',
        'Escalation 2: nobody has acknowledged it yet, so senior_dba is asked',
        'pg-main runs out of connections',
        '',
        'Value: 97.1235% > 90% (connections_used_percent)',
        'Since: 2026-05-04 03:00:00 UTC, 4m12s ago',
        'It has fired 3 times',
        'Acknowledged by: ann, 2026-05-04 03:01:00 UTC until 2026-05-04 03:16:00 UTC (looking)',
        '',
        'What was tried:',
        'terminate-idle-sessions on pg-main: VERIFIED. 12 sessions were ended and connections stayed below 90 for 1m',
        '- terminate: SUCCESS. 12 sessions ended',
        '- check recovery: PASS. 3 samples below 90',
        'What risk remains: low',
        '',
        'What to do:',
        'Watch that it stays repaired; it resolves by itself when the condition ends.',
        'Runbook: https://wiki/r',
        'Dashboard: https://graf/d',
        'Take it: tocsin alerts ack 01234567',
        'Look at it: tocsin alerts show 01234567',
        '',
        'What was found:',
        '- Top sessions of pg-main',
        '- Dashboard picture: https://graf/p',
        '- Blockers: late, no answer within 2 s',
        '- Logs: failed',
        '',
        'Also firing there:',
        '- Slow (no severity), FIRING, since 2026-05-04 03:00:00 UTC',
        '',
        'Labels: alertname=HighConnections, environment=production, instance_id=pg-main, region=eu-west-1, severity=critical',
        'Correlation id: corr-1',
      ].join('\n'),
    );
  });

  test('of a resolve says how long it lasted and who ended it', () => {
    const text = build(
      {
        alert: alert({
          state: 'RESOLVED',
          endsAt: new Date(FIRED + 61_000).toISOString(),
          resolvedBy: 'evaluator',
        }),
      },
      { step: 'resolved' },
    ).body_text;
    expect(text).toContain('From: 2026-05-04 03:00:00 UTC to 2026-05-04 03:01:01 UTC, lasted 1m1s');
    expect(text).toContain('Resolved by: evaluator');
    expect(text).toContain('Nothing: it is over.');
    expect(text).not.toContain('tocsin alerts ack');
  });

  test('of an acknowledgement without an end or a comment', () => {
    const held = { owner: 'ann', at: new Date(FIRED).toISOString(), until: null, comment: null };
    const text = build({ alert: alert({ state: 'ACKNOWLEDGED', acknowledgement: held }) }).body_text;
    expect(text).toContain('Acknowledged by: ann, 2026-05-04 03:00:00 UTC\n');
    expect(text).toContain('Nothing has been tried automatically so far.');
  });

  test('of a repair that is under way, also after one that has ended', () => {
    const underWay = { runbook: 'end-idle-sessions', target: 'pg-main' };
    const over = alert({ state: 'RESOLVED', endsAt: NOW.toISOString() });
    const [first, second] = [build({ alert: over, underWay }), build({ remediation: verified, underWay })];
    expect(first.body_text).toContain('What was tried:\nend-idle-sessions on pg-main is under way.\n');
    expect(first.body_text).not.toContain('Nothing has been tried');
    expect(second.body_text).toMatch(/VERIFIED[^]*\nend-idle-sessions on pg-main is under way\.\n/);
  });
});
