/** What a remediation writes down as it goes: its phase, steps and checks, and how they read for people. Pure but for the clock it is given. */
import { messageOf } from '../../src/domain/errors';
import type {
  Phase,
  RemediationOutcome,
  RemediationPlan,
  RemediationResult,
  RemediationStep,
  Risk,
  StepStatus,
  VerificationCheck,
} from '../../src/domain/remediation';

/** What a step has to say when it ends. */
export interface StepEnd<T> {
  readonly status: StepStatus;
  readonly output: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly value: T;
}

export interface Conclusion {
  readonly outcome: RemediationOutcome;
  readonly reason: string;
  readonly residualRisk: Risk | null;
}

export class RemediationRecord {
  phase: Phase = 'guard';
  /** Whether the target was or may have been changed. */
  attempted = false;
  readonly steps: RemediationStep[] = [];
  readonly checks: VerificationCheck[] = [];
  private readonly startedAt: string;

  constructor(
    private readonly id: string,
    private readonly plan: Pick<RemediationPlan, 'runbook' | 'target' | 'dryRun'>,
    private readonly now: () => Date,
    private readonly onChange: () => void,
  ) {
    this.startedAt = now().toISOString();
  }

  enter(phase: Phase): void {
    this.phase = phase;
    this.onChange();
  }

  /** Runs one step and writes down how it ended; a step that throws is FAILED, and the error goes on. */
  async step<T>(name: string, work: () => Promise<StepEnd<T>>): Promise<T> {
    const started_at = this.now().toISOString();
    const { phase } = this;
    const end = (status: StepStatus, output: string, details: StepEnd<T>['details'] = {}): void => {
      this.steps.push({
        name,
        phase,
        status,
        started_at,
        ended_at: this.now().toISOString(),
        output,
        details,
      });
      this.onChange();
    };
    try {
      const { status, output, details, value } = await work();
      end(status, output, details);
      return value;
    } catch (error) {
      end('FAILED', causeOf(error));
      throw error;
    }
  }

  /** A step that took no time. */
  note(name: string, status: StepStatus, output: string, details: RemediationStep['details'] = {}): void {
    const at = this.now().toISOString();
    this.steps.push({ name, phase: this.phase, status, started_at: at, ended_at: at, output, details });
    this.onChange();
  }

  result({ outcome, reason, residualRisk }: Conclusion): RemediationResult {
    return {
      remediation_id: this.id,
      runbook: this.plan.runbook,
      target: this.plan.target,
      outcome,
      reason,
      attempted: this.attempted,
      dry_run: this.plan.dryRun,
      steps: [...this.steps],
      checks: [...this.checks],
      residual_risk: residualRisk,
      started_at: this.startedAt,
      ended_at: this.now().toISOString(),
    };
  }

  /** Markdown for the Temporal Web UI. */
  details(conclusion: Conclusion | null): string {
    const { runbook, target, dryRun } = this.plan;
    const head =
      conclusion === null
        ? `phase: ${this.phase}`
        : `${conclusion.outcome.replaceAll('_', ' ')}: ${conclusion.reason}`;
    const lines = this.steps.map(
      ({ phase, name, status, output }) => `- ${phase} · ${name}: **${status}** ${output}`,
    );
    const checks = this.checks.map(({ type, status, detail }) => `- check ${type}: **${status}** ${detail}`);
    return [`**${runbook}** on **${target}**${dryRun ? ' (dry run)' : ''}`, '', head, '', ...lines, ...checks]
      .join('\n')
      .slice(0, 15_000);
  }
}

/** The words of the fault that lies deepest: Temporal's wrappers only say that an activity failed. */
export function causeOf(error: unknown): string {
  let deepest = error;
  while (deepest instanceof Error && deepest.cause instanceof Error) deepest = deepest.cause;
  return messageOf(deepest);
}
