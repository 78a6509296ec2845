/**
 * Runbooks: how to repair one kind of trouble safely. A runbook is written with `defineRunbook`, runs inside the
 * remediation workflow (so its code is deterministic: no clock, no I/O of its own), and touches its target only
 * through the context it is given. Phases: guard → act → verify → rollback when verification fails → report.
 */
import type { Labels } from './labels';
import type { Risk } from './remediation';

/** A typed input with its default and bounds; the configuration may override it within them. */
export type InputSpec<T> = {
  readonly kind: string;
  readonly description: string;
  readonly default: T;
  /** Returns the accepted value; throws a RangeError that names the accepted form. */
  readonly parse: (value: unknown) => T;
};

export type InputSpecs = Readonly<Record<string, InputSpec<any>>>; // eslint-disable-line @typescript-eslint/no-explicit-any -- the value's type is inferred per input
export type InputsOf<S extends InputSpecs> = {
  readonly [K in keyof S]: S[K] extends InputSpec<infer T> ? T : never;
};

/** May the runbook act? The reason is recorded either way. */
export interface GuardDecision {
  readonly allow: boolean;
  /** Not allowed because the trouble that it repairs is not there, which is no refusal. */
  readonly nothingToDo?: boolean;
  readonly reason: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

export interface ActReport {
  /** How many things were changed; 0 means nothing was done. */
  readonly changed: number;
  readonly output: string;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface RunbookAlert {
  readonly fingerprint: string;
  readonly episode: number;
  readonly labels: Labels;
  readonly annotations: Labels;
}

export interface SqlStatement {
  /** Names the statement in records: `list idle sessions`. */
  readonly name: string;
  readonly text: string;
  readonly values: readonly unknown[];
}
export type Row = Readonly<Record<string, unknown>>;

/** The only way a runbook touches the world. Every call is recorded. */
export interface RunbookContext<I> {
  readonly alert: RunbookAlert;
  /** The configured target's name. */
  readonly target: string;
  readonly environment: string | null;
  readonly inputs: I;
  readonly dryRun: boolean;
  /** Reads from the target in a read-only transaction. */
  read(statement: SqlStatement): Promise<readonly Row[]>;
  /**
   * Changes the target: under the lease's fencing token, once per remediation and statement name. Never called in a dry run.
   * `undo` takes this change back. It is registered before the change is sent; on failure the undos run last first,
   * and then the runbook's `rollback`.
   */
  change(statement: SqlStatement, undo?: SqlStatement): Promise<readonly Row[]>;
}

export interface Runbook<S extends InputSpecs = InputSpecs> {
  readonly name: string;
  readonly description: string;
  /** Which alerts it may be chosen for, e.g. `database_type="postgresql"`; all have to hold. */
  readonly matchers: readonly string[];
  /** Environments it may act in unless the configuration lists others. Empty: the configuration has to. */
  readonly environments: readonly string[];
  readonly inputs: S;
  /** What remains if it worked: told to people. */
  readonly residualRisk: Risk;
  guard(context: RunbookContext<InputsOf<S>>): Promise<GuardDecision>;
  act(context: RunbookContext<InputsOf<S>>): Promise<ActReport>;
  /** Further checks beside the rule's recovery, which is always verified. */
  verify?(
    context: RunbookContext<InputsOf<S>>,
    acted: ActReport,
  ): Promise<readonly { type: string; ok: boolean; detail: string }[]>;
  /** Takes the act back. Absent: the act cannot be taken back, and the report says so. */
  rollback?(context: RunbookContext<InputsOf<S>>, acted: ActReport): Promise<ActReport>;
  report?(context: RunbookContext<InputsOf<S>>, acted: ActReport): string;
}

/** Declares a runbook; the types of its inputs follow from their specs. */
export function defineRunbook<const S extends InputSpecs>(runbook: Runbook<S>): Runbook<S> {
  return runbook;
}

export { input } from './runbook-input';
