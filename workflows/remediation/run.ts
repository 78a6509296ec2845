/**
 * The phases of a remediation. Each either goes on or stops with a conclusion; whatever stops it, what was taken is
 * given back, what was done is taken back where it did not help, and everybody who waits is told.
 */
import {
  ApplicationFailure,
  CancellationScope,
  isCancellation,
  log,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { RemediationActivities } from '../../activities/remediation';
import type { RemediationResult, VerificationCheck } from '../../src/domain/remediation';
import type { ActReport, GuardDecision } from '../../src/domain/runbook';
import type { Admission, Confirmation } from '../../src/remediate/port';
import { joinSignal, phaseQuery, type RemediationInput } from '../messages';
import { ASK, GIVE_BACK, LATEST_ACT_MS, LATEST_START_MS, VERIFY_MARGIN_MS } from './bounds';
import { DryRunStop, isRefusal, TargetHands } from './context';
import { Listeners } from './listeners';
import { causeOf, RemediationRecord, type Conclusion } from './record';
import { checkRequest, malformed, type AnyRunbook, type CheckedRequest, type RunbookLookup } from './request';

const { admit, confirm, recentSamples } = proxyActivities<RemediationActivities>({
  startToCloseTimeout: ASK.startToCloseTimeout,
  retry: { maximumAttempts: ASK.attempts, initialInterval: '200ms' },
});
const { release } = proxyActivities<RemediationActivities>({
  startToCloseTimeout: GIVE_BACK.startToCloseTimeout,
  retry: { maximumAttempts: GIVE_BACK.attempts, initialInterval: '200ms' },
});

/** The slowest collectors look every five minutes. */
const LOOK_BACK_MS = 15 * 60_000;

/** Ends the phases early, with the conclusion. */
class Stop extends Error {
  constructor(readonly conclusion: Conclusion) {
    super(conclusion.reason);
  }
}

const refusedFor = (reason: string): Stop => new Stop({ outcome: 'refused', reason, residualRisk: null });
const nothingToDo = (reason: string): Stop =>
  new Stop({ outcome: 'nothing_to_do', reason, residualRisk: null });

export async function remediate(
  input: RemediationInput,
  runbookNamed: RunbookLookup,
): Promise<RemediationResult> {
  const problem = malformed(input);
  if (problem !== null) throw ApplicationFailure.nonRetryable(`not a remediation: ${problem}`, 'BadInput');
  return new RemediationRun(input, runbookNamed).live();
}

class RemediationRun {
  // stays the same when the run is reset, so that a change that was recorded before the reset is not made again
  private readonly id = workflowInfo().firstExecutionRunId;
  private readonly record: RemediationRecord;
  private readonly listeners: Listeners;
  private conclusion: Conclusion | null = null;
  private cancelled: unknown = null;
  private admitted = false;

  constructor(
    private readonly input: RemediationInput,
    private readonly runbookNamed: RunbookLookup,
  ) {
    this.listeners = new Listeners(input.alertWorkflowId);
    this.record = new RemediationRecord(
      this.id,
      input.plan,
      () => new Date(),
      () => this.show(),
    );
    setHandler(joinSignal, (raw: unknown) => this.listeners.join(raw));
    setHandler(phaseQuery, () => this.conclusion?.outcome ?? this.record.phase);
  }

  async live(): Promise<RemediationResult> {
    this.show();
    this.conclusion = await this.repair();
    await CancellationScope.nonCancellable(() => this.giveBack());
    this.record.note('report', 'SUCCESS', this.conclusion.reason);
    const { alert, condition } = this.input;
    const result = { ...this.record.result(this.conclusion), fingerprint: alert.fingerprint, condition };
    this.show();
    await CancellationScope.nonCancellable(() => this.listeners.tell(result));
    if (this.cancelled !== null) throw this.cancelled;
    return result;
  }

  private async repair(): Promise<Conclusion> {
    try {
      const request = this.accept();
      this.refuseWhenLate(LATEST_START_MS);
      const hands = new TargetHands(this.id, this.input, request.runbook.name, request.inputs, this.record);
      await this.admit(request.runbook, hands);
      await this.guard(request.runbook, hands);
      await this.snapshot(request);
      if (this.input.plan.dryRun) return await this.rehearse(request.runbook, hands);
      await this.confirm(hands);
      return await this.actAndVerify(request, hands);
    } catch (error) {
      return this.concludeFrom(error);
    }
  }

  private concludeFrom(error: unknown): Conclusion {
    if (error instanceof Stop) return error.conclusion;
    if (isCancellation(error)) this.cancelled = error;
    const reason = isCancellation(error) ? 'the remediation was cancelled' : causeOf(error);
    return { outcome: 'failed', reason, residualRisk: null };
  }

  private accept(): CheckedRequest {
    const checked = checkRequest(this.input, this.runbookNamed);
    if ('problem' in checked) {
      this.record.note('check request', 'REFUSED', checked.problem);
      throw refusedFor(checked.problem);
    }
    return checked;
  }

  /** While no worker was there the request waited, and nobody expects a change of the target any more. */
  private refuseWhenLate(latestMs: number): void {
    const waitedMs = Date.now() - workflowInfo().startTime.getTime();
    if (waitedMs <= latestMs) return;
    const reason = `too_late: it was asked for ${Math.round(waitedMs / 1_000)} s ago, more than ${latestMs / 1_000} s`;
    this.record.note('age', 'REFUSED', reason);
    throw refusedFor(reason);
  }

  /** Kill switch, environment, target, permits and lease. That it cannot be asked is a refusal. */
  private async admit(runbook: AnyRunbook, hands: TargetHands): Promise<void> {
    const { plan, alert, correlationId } = this.input;
    const { name, matchers, environments } = runbook;
    const request = {
      remediationId: this.id,
      runbook: { name, matchers, environments },
      target: plan.target,
      resources: [`target/${plan.target}`],
      labels: alert.labels,
      dryRun: plan.dryRun,
      correlationId,
    };
    this.admitted = !plan.dryRun;
    const admission = await this.record.step<Admission>('permission', async () => {
      const value = await closedOnDoubt(() => admit(request));
      const { allowed, reason, detail } = value;
      return {
        status: allowed ? 'SUCCESS' : 'REFUSED',
        output: `${reason}: ${detail}`,
        details: { reason },
        value,
      };
    });
    if (!admission.allowed) throw refusedFor(`${admission.reason}: ${admission.detail}`);
    hands.environment = admission.environment;
    hands.lease = admission.lease;
  }

  /** The runbook's own guard. A runbook that cannot decide does not act. */
  private async guard(runbook: AnyRunbook, hands: TargetHands): Promise<void> {
    const decision = await this.record.step<GuardDecision>('runbook guard', async () => {
      const value = await this.askRunbook(runbook, hands);
      const status = value.allow ? 'SUCCESS' : value.nothingToDo ? 'SKIPPED' : 'REFUSED';
      return { status, output: value.reason, details: { ...value.facts, reads: hands.takeReads() }, value };
    });
    if (decision.allow) return;
    if (decision.nothingToDo) throw nothingToDo(decision.reason);
    throw refusedFor(`runbook_guard: ${decision.reason}`);
  }

  private async askRunbook(runbook: AnyRunbook, hands: TargetHands): Promise<GuardDecision> {
    try {
      const decision = await runbook.guard(hands);
      // a runbook in plain JavaScript may answer anything; only `true` allows
      return { ...decision, allow: decision.allow === true };
    } catch (error) {
      if (isCancellation(error)) throw error;
      return { allow: false, reason: `the runbook cannot decide: ${causeOf(error)}`, facts: {} };
    }
  }

  /** The rule's samples before the act: without any, nothing says that the trouble is still there or could be verified. */
  private async snapshot({ condition }: CheckedRequest): Promise<void> {
    this.record.enter('snapshot');
    const recent = await this.record
      .step('samples before', async () => {
        const value = await recentSamples(condition, LOOK_BACK_MS);
        const last =
          value.last === null
            ? 'no sample'
            : `last ${value.last.value} at ${new Date(value.last.at).toISOString()}`;
        const output = `${condition.metric}: ${last}`;
        return {
          status: value.samples === 0 || value.stale ? 'REFUSED' : value.recovered ? 'SKIPPED' : 'SUCCESS',
          output,
          details: { ...value },
          value,
        };
      })
      .catch((error: unknown) => {
        if (isCancellation(error)) throw error;
        throw refusedFor(`guard_unreadable: the rule's samples cannot be read: ${causeOf(error)}`);
      });
    if (recent.samples === 0)
      throw refusedFor(
        `no_sample: ${condition.metric} has had no sample for 15 minutes, so nothing could be verified`,
      );
    if (recent.stale)
      throw refusedFor(
        `stale_sample: the last sample of ${condition.metric} is of ${new Date(recent.last!.at).toISOString()}: nobody knows how it is now`,
      );
    if (recent.recovered) throw nothingToDo('the rule has recovered by itself');
  }

  /** A dry run goes through the act up to its first change. */
  private async rehearse(runbook: AnyRunbook, hands: TargetHands): Promise<Conclusion> {
    this.record.enter('act');
    const output = await this.record.step('act', async () => {
      try {
        const report = await runbook.act(hands);
        return {
          status: 'DRY_RUN',
          output: `would change nothing: ${report.output}`,
          value: 'it would change nothing',
        };
      } catch (error) {
        if (!(error instanceof DryRunStop)) throw error;
        const { name, values } = error.statement;
        return {
          status: 'DRY_RUN',
          output: `would run "${name}"`,
          details: { statement: name, values, reads: hands.takeReads() },
          value: `it would run "${name}"`,
        };
      }
    });
    return {
      outcome: 'dry_run',
      reason: `dry run: every guard allows it, and ${output}`,
      residualRisk: null,
    };
  }

  /** Kill switch and maintenance once more, right before the act; each change looks again in the statement that records its intent. */
  private async confirm(hands: TargetHands): Promise<void> {
    this.record.enter('act');
    this.refuseWhenLate(LATEST_ACT_MS);
    const { plan, alert, correlationId } = this.input;
    const confirmation = await this.record.step('last look', async () => {
      const value = await closedOnDoubt<Confirmation>(() =>
        confirm(hands.runbook, hands.lease!, correlationId, { target: plan.target, labels: alert.labels }),
      );
      return {
        status: value.allowed ? 'SUCCESS' : 'REFUSED',
        output: `${value.reason}: ${value.detail}`,
        value,
      };
    });
    if (!confirmation.allowed) throw refusedFor(`${confirmation.reason}: ${confirmation.detail}`);
  }

  private async actAndVerify(request: CheckedRequest, hands: TargetHands): Promise<Conclusion> {
    const { runbook } = request;
    let acted: ActReport | null = null;
    try {
      acted = await this.act(runbook, hands);
      if (await this.verify(request, hands, acted)) {
        const said = runbook.report?.(hands, acted) ?? acted.output;
        return {
          outcome: 'verified',
          reason: `${said}; verified: the rule has recovered`,
          residualRisk: runbook.residualRisk,
        };
      }
      const undone = await this.rollBack(runbook, hands, acted);
      return {
        outcome: 'not_verified',
        reason: `${acted.output}, but it is not verified: ${this.doubts()}`,
        residualRisk: undone ? 'medium' : 'high',
      };
    } catch (error) {
      if (error instanceof Stop) throw error;
      return await CancellationScope.nonCancellable(() => this.concludeFailure(error, runbook, hands, acted));
    }
  }

  private async concludeFailure(
    error: unknown,
    runbook: AnyRunbook,
    hands: TargetHands,
    acted: ActReport | null,
  ): Promise<Conclusion> {
    if (!this.record.attempted)
      return isRefusal(error)
        ? { outcome: 'refused', reason: causeOf(error), residualRisk: null }
        : this.concludeFrom(error);
    const conclusion = this.concludeFrom(error);
    const report = acted ?? { changed: 0, output: `cut off: ${conclusion.reason}`, details: {} };
    const undone = await this.rollBack(runbook, hands, report);
    return { ...conclusion, residualRisk: undone ? 'medium' : 'high' };
  }

  private async act(runbook: AnyRunbook, hands: TargetHands): Promise<ActReport> {
    const acted = await this.record.step<ActReport>('act', async () => {
      const value = await runbook.act(hands);
      const details = { ...value.details, changed: value.changed, reads: hands.takeReads() };
      return {
        status: value.changed > 0 || hands.cutOff ? 'SUCCESS' : 'SKIPPED',
        output: value.output,
        details,
        value,
      };
    });
    // after a cut-off attempt nobody knows whether nothing was changed, so it is verified like a change
    if (acted.changed === 0 && !hands.cutOff) {
      this.record.attempted = false;
      throw nothingToDo(acted.output);
    }
    return acted;
  }

  private async verify(
    { runbook, condition }: CheckedRequest,
    hands: TargetHands,
    acted: ActReport,
  ): Promise<boolean> {
    this.record.enter('verify');
    const { plan, correlationId } = this.input;
    const { soakMs, verifyTimeoutMs } = plan;
    const { awaitRecovery } = proxyActivities<RemediationActivities>({
      startToCloseTimeout: verifyTimeoutMs + VERIFY_MARGIN_MS,
      scheduleToCloseTimeout: verifyTimeoutMs + VERIFY_MARGIN_MS,
      heartbeatTimeout: '10s',
      retry: { initialInterval: '500ms', maximumInterval: '5s' },
    });
    const { lease } = hands;
    const actedAt = hands.actedAt ?? Date.now();
    await this.check('rule_recovery', async () => [
      await awaitRecovery({ condition, actedAt, soakMs, verifyTimeoutMs, lease: lease!, correlationId }),
    ]);
    if (runbook.verify) {
      await this.check('runbook_checks', async () => {
        const checks = await runbook.verify!(hands, acted);
        return checks.map(({ type, ok, detail }) => ({
          type,
          status: ok === true ? 'PASS' : 'FAIL',
          detail,
        }));
      });
    }
    return this.record.checks.every(({ status }) => status === 'PASS');
  }

  /** What cannot be checked is UNKNOWN, and that is not verified. */
  private async check(type: string, look: () => Promise<readonly VerificationCheck[]>): Promise<void> {
    await this.record.step(type, async () => {
      const checks = await look().catch((error: unknown): VerificationCheck[] => {
        if (isCancellation(error)) throw error;
        return [{ type, status: 'UNKNOWN', detail: `it could not be checked: ${causeOf(error)}` }];
      });
      this.record.checks.push(...checks);
      const failed = checks.find(({ status }) => status !== 'PASS');
      const output = (failed ?? checks.at(-1))?.detail ?? 'nothing to check';
      return { status: failed ? 'FAILED' : 'SUCCESS', output, value: undefined };
    });
  }

  private doubts(): string {
    return this.record.checks
      .filter(({ status }) => status !== 'PASS')
      .map(({ detail }) => detail)
      .join('; ');
  }

  /**
   * Takes back what was done: the changes' undos, last first, and then the runbook's rollback, which was there before
   * them all. One that fails does not stop the others. Answers whether everything was taken back.
   */
  private async rollBack(runbook: AnyRunbook, hands: TargetHands, acted: ActReport): Promise<boolean> {
    this.record.enter('rollback');
    const undos: (() => Promise<boolean>)[] = hands.undos.map(
      (undo) => () => this.undo(undo.name, () => hands.send(undo)),
    );
    if (runbook.rollback) {
      undos.unshift(() =>
        this.undo('rollback', () =>
          this.record.step('rollback', async () => {
            const value = await runbook.rollback!(hands, acted);
            return { status: 'SUCCESS', output: value.output, details: value.details, value };
          }),
        ),
      );
    }
    if (undos.length === 0) {
      this.record.note('rollback', 'SKIPPED', `what ${runbook.name} does cannot be taken back`);
      return false;
    }
    let all = true;
    for (const undo of undos.reverse()) all = (await undo()) && all;
    return all;
  }

  private async undo(name: string, work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      // its step has been written down as FAILED
      log.warn('a change could not be taken back', { name, reason: causeOf(error) });
      return false;
    }
  }

  /** What is not given back, because Postgres is away, expires. */
  private async giveBack(): Promise<void> {
    this.record.enter('report');
    if (!this.admitted) return;
    await release(this.id, this.input.plan.target, this.record.attempted).catch((error: unknown) => {
      this.record.note(
        'release',
        'FAILED',
        `permits and lease were not given back and will expire: ${causeOf(error)}`,
      );
    });
  }

  private show(): void {
    setCurrentDetails(this.record.details(this.conclusion));
  }
}

/** A guard that cannot be asked has said no. */
async function closedOnDoubt<T extends Confirmation | Admission>(
  ask: () => Promise<T>,
): Promise<T | (Confirmation & { allowed: false })> {
  try {
    return await ask();
  } catch (error) {
    if (isCancellation(error)) throw error;
    return { allowed: false, reason: 'guard_unreadable', detail: causeOf(error) };
  }
}
