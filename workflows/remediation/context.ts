/** What a runbook touches the world through: reads and changes as activities, each recorded, each change with its undo. */
import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  proxyActivities,
} from '@temporalio/workflow';
import type { RemediationActivities } from '../../activities/remediation';
import type { Row, RunbookContext, SqlStatement } from '../../src/domain/runbook';
import type { Lease } from '../../src/remediate/port';
import type { RemediationInput } from '../messages';
import { CHANGE, READ } from './bounds';
import type { RemediationRecord } from './record';
import type { AnyInputs } from './request';

const { readTarget } = proxyActivities<RemediationActivities>({
  startToCloseTimeout: READ.startToCloseTimeout,
  retry: { maximumAttempts: READ.attempts, initialInterval: '200ms' },
});

/** A dead worker is noticed when its beats stop. */
const { changeTarget } = proxyActivities<RemediationActivities>({
  startToCloseTimeout: CHANGE.startToCloseTimeout,
  heartbeatTimeout: '5s',
  retry: { maximumAttempts: CHANGE.attempts, initialInterval: '500ms' },
});

/** Ends a runbook's act at its first change, in a dry run. */
export class DryRunStop extends Error {
  constructor(readonly statement: SqlStatement) {
    super(`dry run: "${statement.name}" is not sent`);
  }
}

/** A change that the guard refused, so it was certainly not made. */
export function isRefusal(error: unknown): boolean {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof ApplicationFailure && cause.type === 'TOC_GUARD_REFUSED';
}

export class TargetHands implements RunbookContext<AnyInputs> {
  readonly alert: RunbookContext<AnyInputs>['alert'];
  readonly target: string;
  readonly dryRun: boolean;
  environment: string | null = null;
  lease: Lease | null = null;
  /** Statements that take changes back, in the order in which their changes were sent. */
  readonly undos: SqlStatement[] = [];
  /** When the last change had been made; null while there is none. */
  actedAt: number | null = null;
  /** Whether an attempt was cut off between a change and its record. */
  cutOff = false;
  private readonly correlationId: string;
  private readonly reads: string[] = [];

  constructor(
    private readonly remediationId: string,
    { alert, plan, correlationId }: RemediationInput,
    readonly runbook: string,
    readonly inputs: AnyInputs,
    private readonly record: RemediationRecord,
  ) {
    this.alert = alert;
    this.target = plan.target;
    this.dryRun = plan.dryRun;
    this.correlationId = correlationId;
  }

  /** As properties, so that runbooks can take them apart. */
  readonly read = async (statement: SqlStatement): Promise<readonly Row[]> => {
    const rows = await readTarget.executeWithOptions({ summary: statement.name }, [this.target, statement]);
    this.reads.push(`${statement.name}: ${rowsText(rows.length)}`);
    return rows;
  };

  readonly change = async (statement: SqlStatement, undo?: SqlStatement): Promise<readonly Row[]> => {
    if (this.dryRun) throw new DryRunStop(statement);
    if (undo !== undefined) this.undos.push(undo);
    try {
      return await this.send(statement);
    } catch (error) {
      if (undo !== undefined && isRefusal(error)) this.undos.pop();
      throw error;
    }
  };

  /** One change, recorded as a step. */
  async send(statement: SqlStatement): Promise<readonly Row[]> {
    const { fingerprint, episode } = this.alert;
    const { remediationId, target, lease } = this;
    const request = {
      remediationId,
      fingerprint,
      episode,
      runbook: this.runbook,
      target,
      statement,
      lease: lease!,
      correlationId: this.correlationId,
    };
    const { rows, actedAt, attempts } = await this.record.step(statement.name, async () => {
      // a change under way is not cut in half: a cancelled remediation ends after it, and takes it back
      const value = await CancellationScope.nonCancellable(() =>
        this.attempt(() => changeTarget.executeWithOptions({ summary: statement.name }, [request])),
      );
      const again =
        value.attempts > 1
          ? `; attempt ${value.attempts}: an earlier one was cut off before its record and may have changed more`
          : '';
      return {
        status: 'SUCCESS',
        output: `answered ${rowsText(value.rows.length)}${again}`,
        details: { attempts: value.attempts },
        value,
      };
    });
    this.actedAt = Math.max(this.actedAt ?? 0, actedAt);
    this.cutOff ||= attempts > 1;
    return rows;
  }

  /** What was read since the last call, for a step's details. */
  takeReads(): readonly string[] {
    return this.reads.splice(0);
  }

  /** Whatever fails but a refusal may have changed the target. */
  private async attempt<T>(change: () => Promise<T>): Promise<T> {
    try {
      const value = await change();
      this.record.attempted = true;
      return value;
    } catch (error) {
      if (!isRefusal(error)) this.record.attempted = true;
      throw error;
    }
  }
}

const rowsText = (count: number): string => `${count} row${count === 1 ? '' : 's'}`;
