/** All runbooks, one line each. They run inside the remediation workflow; see docs/runbooks.md. */
import type { Runbook } from '../src/domain/runbook';
import { terminateIdleSessions } from './postgres/terminate-idle-sessions';

// A runbook's inputs are typed for its own code; the workflow gives each what its specs have parsed.
type AnyRunbook = Runbook<any>; // eslint-disable-line @typescript-eslint/no-explicit-any -- the list holds runbooks of different inputs

export const runbooks: readonly AnyRunbook[] = [terminateIdleSessions];

export function runbookNamed(name: string): AnyRunbook | null {
  return runbooks.find((runbook) => runbook.name === name) ?? null;
}
