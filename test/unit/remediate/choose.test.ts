/** Which runbook, if any, is to repair an alert. */
import { chooseRunbook } from '../../../src/remediate/choose';
import type { RemediationPolicy, RunbookTraits } from '../../../src/remediate/port';
import { LABELS, policy, RUNBOOK } from './policy';

const choose = (
  more: {
    labels?: Record<string, string>;
    rule?: string;
    runbooks?: RunbookTraits[];
    policy?: Partial<RemediationPolicy>;
  } = {},
) => chooseRunbook(more.labels ?? LABELS, more.rule ?? null, more.runbooks ?? [RUNBOOK], policy(more.policy));

it('plans the one that matches, for the alert’s instance, with the configuration’s figures', () => {
  const runbooks = { mend: { inputs: { max: 3 }, soakMs: 5, dryRun: true } };
  expect(choose()).toEqual({
    runbook: 'mend',
    target: 'db-1',
    inputs: {},
    dryRun: false,
    soakMs: 60_000,
    verifyTimeoutMs: 600_000,
  });
  expect(choose({ policy: { runbooks } })).toMatchObject({
    inputs: { max: 3 },
    dryRun: true,
    soakMs: 5,
    verifyTimeoutMs: 600_000,
  });
  expect(choose({ policy: { dryRun: true, runbooks: { mend: { dryRun: false } } } })).toMatchObject({
    dryRun: true,
  });
});

it("narrows to the rule's runbook, whose matchers still have to hold", () => {
  const other = { ...RUNBOOK, name: 'other' };
  expect(choose({ rule: 'other', runbooks: [RUNBOOK, other] })).toMatchObject({ runbook: 'other' });
  expect(choose({ rule: 'mend', labels: { ...LABELS, database_type: 'mongodb' } })).toEqual({
    none: 'the runbook "mend" does not match this alert, or is switched off',
  });
});

it('takes the configured matchers and environments in place of the runbook’s own', () => {
  const labels = { ...LABELS, environment: 'production' };
  expect(choose({ labels })).toEqual({ none: 'mend may not act in the environment "production"' });
  expect(choose({ labels, policy: { runbooks: { mend: { environments: ['production'] } } } })).toMatchObject({
    runbook: 'mend',
  });
  expect(choose({ policy: { runbooks: { mend: { matchers: ['alertname="Other"'] } } } })).toEqual({
    none: null,
  });
});

it('leaves an alert without environment to the guard, which reads the target’s', () => {
  const { environment: _, ...labels } = LABELS;
  expect(choose({ labels })).toMatchObject({ runbook: 'mend' });
});

describe('chooses none', () => {
  it.each([
    ['remediation is not enabled', { rule: 'mend', policy: { enabled: false } }],
    ['the rule names the runbook "none-such", which does not exist', { rule: 'none-such' }],
    [
      'the runbook "mend" does not match this alert, or is switched off',
      { rule: 'mend', policy: { runbooks: { mend: { enabled: false } } } },
    ],
    [
      'several runbooks match (mend, also); name one in the rule',
      { runbooks: [RUNBOOK, { ...RUNBOOK, name: 'also' }] },
    ],
    ['the alert has no instance_id, so its target is unknown', { labels: { database_type: 'postgresql' } }],
    ['mend may not act in the environment "staging"', { labels: { ...LABELS, environment: 'staging' } }],
  ])('%s', (none, given) => {
    expect(choose(given)).toEqual({ none });
  });

  it.each([
    ['remediation is off', { policy: { enabled: false } }],
    ['the one that would fit is off', { policy: { runbooks: { mend: { enabled: false } } } }],
    ['one has no matchers', { runbooks: [{ ...RUNBOOK, matchers: [] }] }],
  ])('without a word where nobody asked for one: %s', (_why, given) => {
    expect(choose(given)).toEqual({ none: null });
  });
});
