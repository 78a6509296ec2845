import { checkResult, checkTransition, malformedInput } from '../../../workflows/alert/deliveries';
import { policy, transition } from '../../builders/alerts';

const remediation = {
  runbook: 'r',
  target: 't',
  inputs: {},
  dryRun: false,
  soakMs: 0,
  verifyTimeoutMs: 1,
};
const good = { transition: transition(), policy: policy({ remediation }) };
const result = {
  remediation_id: 'r-1',
  runbook: 'r',
  target: 't',
  outcome: 'verified',
  reason: 'because',
  attempted: true,
  dry_run: false,
  steps: [{ name: 'act', status: 'SUCCESS' }],
  checks: [{ type: 'rule_recovery', status: 'PASS' }],
  residual_risk: null,
  started_at: '2026-01-01T00:00:00.000Z',
  ended_at: '2026-01-01T00:00:01.000Z',
};

const withLevel = (more: object) => ({
  ...policy().escalation!,
  levels: [{ name: 'one', receivers: [], timeoutMs: 1, ...more }],
});

it('takes what the dispatcher and remediations send', () => {
  expect(malformedInput(good)).toBeNull();
  expect(malformedInput({ ...good, policy: policy({ escalation: null }) })).toBeNull();
  const all = {
    daysOfMonth: null,
    months: null,
    years: [{ begin: 2026, end: 2030 }],
    location: 'Europe/Berlin',
  };
  const hours = [{ ...all, times: [{ startMinute: 0, endMinute: 1_440 }], weekdays: [{ begin: 1, end: 5 }] }];
  const when = { hours, notHours: hours, severities: ['high'], alerts: 3 };
  const asking = { people: ['ana'], schedules: ['dba'], urgency: 'low', when };
  expect(malformedInput({ ...good, policy: policy({ escalation: withLevel(asking) }) })).toBeNull();
  expect(checkTransition(good, transition())).toEqual({ ok: true, value: good });
  expect(checkResult(result)).toEqual({ ok: true, value: result });
});

it('keeps the samples of the firing over a resolve, which brings none', () => {
  const firing = { ...transition(), recent: [[1, 97]] as const };
  const resolved = { ...transition({ kind: 'resolved', at: 1, startsAt: 0 }), recent: [] };
  expect(checkTransition({ ...good, transition: resolved }, firing)).toMatchObject({
    ok: true,
    value: { transition: { kind: 'resolved', recent: [[1, 97]] } },
  });
});

it.each<[string, unknown]>([
  ['undefined is not an object', undefined],
  ['transition: undefined is not an object', {}],
  [
    'transition: kind: "burning" is none of',
    { ...good, transition: { ...good.transition, kind: 'burning' } },
  ],
  [
    'transition: starts_at: "now" is not a time',
    { ...good, transition: { ...good.transition, starts_at: 'now' } },
  ],
  ['transition: labels: {"a":1}', { ...good, transition: { ...good.transition, labels: { a: 1 } } }],
  ['transition: labels: ["a"]', { ...good, transition: { ...good.transition, labels: ['a'] } }],
  ['policy: null is not an object', { ...good, policy: null }],
  ['policy: page: "all" is not a list', { ...good, policy: { ...good.policy, page: 'all' } }],
  ['policy: page: receiver: 7', { ...good, policy: { ...good.policy, page: [{ receiver: 7 }] } }],
  ['policy: cooldownMs: -1', { ...good, policy: { ...good.policy, cooldownMs: -1 } }],
  ['policy: cooldownMs: null', { ...good, policy: { ...good.policy, cooldownMs: NaN } }],
  [
    'policy: escalation: levels',
    { ...good, policy: { ...good.policy, escalation: { name: 'x', delayMs: 0, repeat: 0 } } },
  ],
  ...(
    [
      ['people: "ana" is not a list', { people: 'ana' }],
      ['schedules: 7 is not a text', { schedules: [7] }],
      ['urgency: "now" is none of high, low', { urgency: 'now' }],
      ['when: 5 is not an object', { when: 5 }],
      ['when: alerts: "5" is not a number', { when: { alerts: '5' } }],
      ['when: severities: "low" is not a list', { when: { severities: 'low' } }],
      ['when: hours: {} is not a list', { when: { hours: {} } }],
      ['when: notHours: times: undefined is not a list', { when: { notHours: [{}] } }],
      ['weekdays: begin: "monday"', { when: { hours: [{ times: null, weekdays: [{ begin: 'monday' }] }] } }],
    ] as const
  ).map(([problem, more]): [string, unknown] => [
    `policy: escalation: levels: ${problem.startsWith('weekdays') ? 'when: hours: ' : ''}${problem}`,
    { ...good, policy: policy({ escalation: withLevel(more) }) },
  ]),
  [
    'policy: escalation: groupBy: 1 is not a text',
    { ...good, policy: policy({ escalation: { ...withLevel({}), groupBy: [1] as never } }) },
  ],
  [
    'it would tell 3000003 levels',
    { ...good, policy: policy({ escalation: { ...policy().escalation!, repeat: 1e6 } }) },
  ],
  ['policy: enrich: budgetMs', { ...good, policy: { ...good.policy, enrich: [{ provider: 'p' }] } }],
  [
    'policy: remediation: inputs',
    { ...good, policy: { ...good.policy, remediation: { ...remediation, inputs: 1 } } },
  ],
])('says %s', (problem, raw) => {
  expect(malformedInput(raw)).toContain(problem);
  expect(checkTransition(raw, transition())).toMatchObject({ ok: false });
});

it("refuses another alert's transition", () => {
  const other = { ...good, transition: transition({ labels: { other: 'yes' } }) };
  expect(checkTransition(other, transition())).toMatchObject({
    ok: false,
    problem: expect.stringContaining(`it is of alert "${other.transition.fingerprint}"`),
  });
});

it.each<[string, unknown]>([
  ['is not an object', 5],
  ['outcome: undefined is none of verified', { ...result, outcome: undefined }],
  ['steps: undefined is not a list', { ...result, steps: undefined }],
  ['ended_at: null is not a time', { ...result, ended_at: null }],
  ['it is too long', { ...result, reason: 'x'.repeat(600_000) }],
])('refuses a result: %s', (problem, raw) => {
  expect(checkResult(raw)).toMatchObject({ ok: false, problem: expect.stringContaining(problem) });
});
