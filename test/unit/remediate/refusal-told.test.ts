/** A refusal is no silence: the alert's timeline says who refused what, and whoever waited for the result is told. */
import type { RemediationResult } from '../../../src/domain/remediation';
import { AlertLife } from '../../../workflows/alert/life';
import { policy, T0, transition } from '../../builders/alerts';

const at = new Date(T0).toISOString();
const refused: RemediationResult = {
  remediation_id: 'r-1',
  runbook: 'terminate-idle-sessions',
  target: 'prod-db-01',
  outcome: 'refused',
  reason: 'target_excluded: the configuration excludes the target "prod-db-01" from remediation',
  attempted: false,
  dry_run: false,
  steps: [],
  checks: [],
  residual_risk: null,
  started_at: at,
  ended_at: at,
};
const plan = {
  runbook: 'terminate-idle-sessions',
  target: 'prod-db-01',
  inputs: {},
  dryRun: false,
  soakMs: 60_000,
  verifyTimeoutMs: 600_000,
};

it('stands in the timeline where no runbook is begun although one was to be expected', () => {
  const notRemediated = 'mend may not act in the environment "production"';
  const life = new AlertLife({ transition: transition(), policy: policy({ notRemediated }) }, T0);
  const event = { kind: 'not_remediated', text: `no runbook was started: ${notRemediated}` };
  expect(life.timeline()).toContainEqual(expect.objectContaining(event));
  expect(life.pending()[0]!.timeline).toMatchObject([event]);
});

it('stands in the timeline with its name and reason, and ends the wait of the first message', () => {
  const life = new AlertLife({ transition: transition(), policy: policy({ remediation: plan }) }, T0);
  life.remediationBegins(T0);
  life.remediationEnds(refused, T0 + 100);
  expect(life.timeline().at(-1)).toMatchObject({
    kind: 'remediated',
    actor: 'terminate-idle-sessions',
    text: `terminate-idle-sessions: refused. ${refused.reason}`,
    details: { outcome: 'refused' },
  });
  expect(life.pending().at(-1)).toMatchObject({ remediation: refused, release: ['service'] });
});
