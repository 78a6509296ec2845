/**
 * Changes a target once. The intent is recorded before the change and the result after it, so a repeat after success
 * answers what was recorded.
 *
 * Between the two lies the one moment that nobody can close: a process that dies after the change and before its
 * record. The repeat then runs the statement again. That is safe because every statement of a runbook has to be
 * self-guarded: it names exactly what it found before and checks in itself that this is still so (see
 * docs/runbooks.md). The repeat says `attempts: 2`, so nobody takes its rows for the whole truth.
 */
import { TocsinError, messageOf } from '../domain/errors';
import { maskSecrets } from '../domain/query-text';
import type { Row } from '../domain/runbook';
import { withDeadline } from '../observe/observe';
import type { ActRequest, ActResult, GuardRefusal, PermitStore, RemediationActs, TargetSql } from './port';

export interface ActsDeps {
  readonly store: PermitStore;
  readonly target: Pick<TargetSql, 'read' | 'change'>;
  /** The change has to end in this time; the lease outlasts it, so that no other remediation can begin meanwhile. */
  readonly changeTimeoutMs: number;
  readonly now: () => Date;
  readonly onRefusal?: (refusal: GuardRefusal) => void;
}

/** The lease is renewed to this many times the change's time limit before it begins. */
const LEASE_FACTOR = 2;

export function createActs({ store, target, changeTimeoutMs, now, onRefusal }: ActsDeps): RemediationActs {
  async function change(request: ActRequest, signal: AbortSignal): Promise<Omit<ActResult, 'attempts'>> {
    const changed = await withDeadline(changeTimeoutMs, signal, (limited) =>
      target.change(request.target, request.statement, limited),
    );
    return { rows: plainRows(changed), actedAt: now().getTime() };
  }

  return {
    read: async (name, statement, signal) => plainRows(await target.read(name, statement, signal)),

    async perform(request, signal) {
      const begun = await store.beginAct(request, changeTimeoutMs * LEASE_FACTOR);
      if (begun.kind === 'recorded') return begun.result;
      if (begun.kind === 'refused') {
        const { reason, detail } = begun;
        const { runbook, correlationId } = request;
        onRefusal?.({ runbook, reason, detail, correlationId });
        if (!begun.cutOff) throw new TocsinError('TOC_GUARD_REFUSED', `${reason}: ${detail}`);
        const doubt = 'an earlier attempt was cut off before its record and may have changed the target';
        throw new TocsinError('TOC_ACT_UNKNOWN', `${reason}: ${detail}; ${doubt}`);
      }
      try {
        const result = await change(request, signal);
        await store.finishAct(request, result);
        return { ...result, attempts: begun.attempts };
      } catch (cause) {
        // the record of a failure is for people; that it cannot be written must not hide the failure itself
        await store.failAct(request, messageOf(cause)).catch(() => undefined);
        throw cause;
      }
    },
  };
}

const MAX_RESULT_CHARS = 512 * 1_024;

/**
 * Rows as JSON gives them back, so that a recorded result and a fresh one look alike; bounded, because workflow history
 * is; and with secrets masked, because from here on they stand in records that everybody may read.
 */
function plainRows(rows: readonly Row[]): readonly Row[] {
  const text = JSON.stringify(rows, (_key, value: unknown) => {
    if (typeof value === 'string') return maskSecrets(value);
    return typeof value === 'bigint' ? value.toString() : value;
  });
  if (text.length > MAX_RESULT_CHARS) {
    throw new RangeError(
      `the statement gave ${rows.length} rows of ${text.length} characters, more than ${MAX_RESULT_CHARS}; give it a limit`,
    );
  }
  return JSON.parse(text) as Row[];
}
