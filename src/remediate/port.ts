/** What a remediation asks of the rest: its target, and permission. */
import type { Row, SqlStatement } from '../domain/runbook';

/** SQL on a configured target. Implemented where the driver lives (`src/collect/postgres`). */
export interface TargetSql {
  /** In a read-only transaction with the target's statement timeout. */
  read(target: string, statement: SqlStatement, signal?: AbortSignal): Promise<readonly Row[]>;
  /** In a transaction of its own. */
  change(target: string, statement: SqlStatement, signal?: AbortSignal): Promise<readonly Row[]>;
  /** What the configuration says of a target; null when it has none of that name. */
  describe(target: string): { readonly kind: string; readonly environment: string | null } | null;
}
