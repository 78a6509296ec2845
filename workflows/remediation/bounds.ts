/**
 * How long what a remediation asks for may take, and so how long whoever waits for its result should wait. Milliseconds.
 * While no worker is there it takes longer: then the result comes late, and is taken all the same.
 */
interface Bound {
  readonly startToCloseTimeout: number;
  readonly attempts: number;
}

/** Permission, the last look, the samples before. */
export const ASK: Bound = { startToCloseTimeout: 15_000, attempts: 3 };
export const READ: Bound = { startToCloseTimeout: 35_000, attempts: 3 };
/** Few, because each attempt acts. */
export const CHANGE: Bound = { startToCloseTimeout: 60_000, attempts: 3 };
export const GIVE_BACK: Bound = { startToCloseTimeout: 10_000, attempts: 5 };
/** What verification may take beyond its own deadline: its last look, and another worker's start. */
export const VERIFY_MARGIN_MS = 45_000;

/** An alert that asked longer ago is not answered any more: what it saw is an old story, and people have been told. */
export const LATEST_START_MS = 120_000;

const longest = ({ startToCloseTimeout, attempts }: Bound): number => startToCloseTimeout * attempts;

/** Beside verification: three questions; a read in the runbook's guard, act and checks; a change and its undo. */
const BESIDE_VERIFICATION_MS =
  3 * longest(ASK) + 3 * longest(READ) + 2 * longest(CHANGE) + VERIFY_MARGIN_MS + longest(GIVE_BACK);

/** From its start until it may begin to act: permission, the runbook's guard and the samples before may take their time. */
export const LATEST_ACT_MS = LATEST_START_MS + 2 * longest(ASK) + longest(READ);

/** From the start of a remediation to its result. */
export const longestRemediation = (verifyTimeoutMs: number): number =>
  verifyTimeoutMs + BESIDE_VERIFICATION_MS;
