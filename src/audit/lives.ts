/** Alerts and their workflows, compared in both directions; what one side has lost is made again from the other. */
import { API_SOURCE, transitionId, type Transition } from '../domain/transition';
import { waitAfter, type EscalationPolicy } from '../domain/escalation';
import type { LifeAudit, ResumedLife } from '../domain/life';
import type { AlertRow, AuditRows } from '../history/port';
import type { Logger } from '../observe/observe';
import { messageOf } from '../domain/errors';
import type { AlertsProgress, AuditedLives, AuditPart, FindKind, LifeRun, PartRequest } from './port';
import { atATime, settled } from './suspects';

export interface LifeAuditDeps {
  readonly rows: AuditRows;
  readonly lives: AuditedLives;
  readonly progress: AlertsProgress;
  /** To `gds.alerts`. */
  readonly publish: (transitions: readonly Transition[]) => Promise<void>;
  readonly escalationOf: (row: AlertRow) => EscalationPolicy | null;
  /** Steps that are later than this are overdue, milliseconds. */
  readonly lateMs: number;
  readonly now: () => number;
  readonly log: Pick<Logger, 'warn'>;
}

const ALERTS_AT_ONCE = 2_000;
/** Of the server's answers. */
const ASKED_AT_A_TIME = 16;
/** An answer costs a worker more than a look at the server's record; the rest is asked by the next audit. */
const MOST_ASKED = 500;
/** A life that does not answer is told of only when its step is late by so much more: workers may be busy. */
const ANSWERS_WITHIN_MS = 300_000;
/** What a sender has to tell again in, where all that is known is that it has not said when the alert ends. */
const TELL_AGAIN_MS = 300_000;

const keyOf = (run: LifeRun | null): string => run?.runId ?? 'none';
const count = (kind: FindKind, many: number) => (many === 0 ? {} : { [kind]: many });

export function createLifeAudit(deps: LifeAuditDeps) {
  const { rows, lives, progress, publish, escalationOf, lateMs, now, log } = deps;

  async function lookAt(some: readonly AlertRow[]) {
    return atATime(ASKED_AT_A_TIME, some, async (row) => ({ row, run: await lives.runOf(row.fingerprint) }));
  }

  async function alerts(request: PartRequest, signal: AbortSignal): Promise<AuditPart> {
    const { after, patienceMs, behind = false } = request;
    const open = await rows.open(after ?? '', ALERTS_AT_ONCE);
    const looks = await lookAt(behind ? await begun(open) : open);
    const next = open.length < ALERTS_AT_ONCE ? null : open.at(-1)!.fingerprint;
    const late = await lateSteps(looks.filter(({ run }) => run?.isRunning).map(({ row }) => row));
    const finds = count('escalation_overdue', late);
    const suspects = looks.filter(({ run }) => !run?.isRunning);
    if (suspects.length === 0) return { finds, settled: !behind, next };
    if (!(await settled(progress, patienceMs, signal))) return { finds, settled: false, next };
    const lost = await lostLives(suspects);
    const found = await beginAgain(lost);
    return { finds: { ...finds, ...count('life_missing', found) }, settled: true, next };
  }

  /**
   * Those whose lives have written something. While readers are behind, the others' have yet to begin: to ask the server for
   * each of the many thousands of a storm only keeps it from beginning them.
   */
  async function begun(open: readonly AlertRow[]): Promise<readonly AlertRow[]> {
    const known = await rows.resumable(open.map(({ fingerprint }) => fingerprint));
    return open.filter(({ fingerprint }) => known.has(fingerprint));
  }

  /** Those that are still open, in the same episode, and whose workflow is still the one that does not run. */
  async function lostLives(suspects: readonly { row: AlertRow; run: LifeRun | null }[]): Promise<AlertRow[]> {
    const before = new Map(suspects.map(({ row, run }) => [row.fingerprint, { row, run }]));
    const still = (await rows.named([...before.keys()])).filter(
      ({ fingerprint, state, episode }) =>
        state !== 'RESOLVED' && episode === before.get(fingerprint)!.row.episode,
    );
    return (await lookAt(still))
      .filter(({ row, run }) => !run?.isRunning && keyOf(run) === keyOf(before.get(row.fingerprint)!.run))
      .map(({ row }) => row);
  }

  /** Answers how many. One that cannot be begun is a find like the others, and the next audit tries again. */
  async function beginAgain(lost: readonly AlertRow[]): Promise<number> {
    if (lost.length === 0) return 0;
    const fingerprints = lost.map(({ fingerprint }) => fingerprint);
    const resumed = await rows.resumable(fingerprints);
    const found = await atATime(ASKED_AT_A_TIME, lost, async (row) => {
      const { fingerprint, episode, correlationId: correlation_id } = row;
      const say = (words: string): void =>
        log.warn(
          { fingerprint, episode, correlation_id },
          `audit: no workflow ran for ${nameOf(row)}: ${words}`,
        );
      try {
        if (!(await lives.begin(row, resumed.get(fingerprint) ?? null))) return false;
        say('it was begun again');
      } catch (error) {
        say(`it cannot be begun: ${messageOf(error)}`);
      }
      return true;
    });
    // Its end may have found no life to tell.
    const over = (await rows.named(fingerprints)).filter(({ state }) => state === 'RESOLVED');
    await atATime(ASKED_AT_A_TIME, over, (row) => lives.tell(row));
    return found.filter(Boolean).length;
  }

  /** The rows say whose step may be late; whether it is, only the life knows: a silence stops its clock, for one. */
  async function lateSteps(running: readonly AlertRow[]): Promise<number> {
    const escalated = running.filter((row) => row.state === 'FIRING' && escalationOf(row) !== null);
    if (escalated.length === 0) return 0;
    const known = await rows.resumable(escalated.map(({ fingerprint }) => fingerprint));
    const late = escalated
      .map((row) => ({ row, lateBy: now() - dueAt(escalationOf(row)!, known.get(row.fingerprint)) }))
      .filter(({ lateBy }) => lateBy > lateMs)
      .sort((a, b) => b.lateBy - a.lateBy)
      .slice(0, MOST_ASKED);
    const found = await atATime(ASKED_AT_A_TIME, late, ({ row, lateBy }) => isLate(row, lateBy));
    return found.filter(Boolean).length;
  }

  async function isLate(row: AlertRow, lateBy: number): Promise<boolean> {
    const { fingerprint, correlationId: correlation_id } = row;
    const say = (words: string): void =>
      log.warn(
        { fingerprint, correlation_id, late_ms: lateBy },
        `audit: the escalation of ${nameOf(row)} is late: ${words}`,
      );
    try {
      const life = await lives.ask(fingerprint);
      if (life === null || life.nextLevelAt === null || now() - life.nextLevelAt <= lateMs) return false;
      await lives.tell(row);
      say('its life was told again that it fires');
      return true;
    } catch (error) {
      if (lateBy < lateMs + ANSWERS_WITHIN_MS) return false;
      say(`its life does not answer: ${messageOf(error)}`);
      return true;
    }
  }

  async function running({ after, patienceMs }: PartRequest, signal: AbortSignal): Promise<AuditPart> {
    const { fingerprints, next } = await lives.running(after);
    const suspects = await withoutOpenRow(fingerprints);
    if (suspects.size === 0) return { finds: {}, settled: true, next };
    if (!(await settled(progress, patienceMs, signal))) return { finds: {}, settled: false, next };
    const still = [...(await withoutOpenRow([...suspects.keys()]))].filter(
      ([fingerprint, row]) => row?.episode === suspects.get(fingerprint)?.episode,
    );
    const asked = await atATime(ASKED_AT_A_TIME, still, ([fingerprint, row]) => openLife(fingerprint, row));
    const open = asked.flatMap((each) => each ?? []);
    const rowless = open.filter(({ row }) => row === null).map(({ life }) => life);
    const stale = open.flatMap(({ row }) => row ?? []);
    await makeRows(rowless);
    await atATime(ASKED_AT_A_TIME, stale, tellOfTheEnd);
    const finds = { ...count('row_missing', rowless.length), ...count('life_stale', stale.length) };
    return { finds, settled: true, next };
  }

  /** Those whose rows are gone (null), or say that the alert is over. */
  async function withoutOpenRow(fingerprints: readonly string[]): Promise<Map<string, AlertRow | null>> {
    const known = new Map((await rows.named(fingerprints)).map((row) => [row.fingerprint, row]));
    const suspects = fingerprints.filter((each) => (known.get(each)?.state ?? 'RESOLVED') === 'RESOLVED');
    return new Map(suspects.map((each) => [each, known.get(each) ?? null]));
  }

  /** What the life says, if its episode is open and is not one that the row has yet to hear of. */
  async function openLife(fingerprint: string, row: AlertRow | null) {
    // One that does not answer now may do so at the next audit.
    const life = await lives.ask(fingerprint).catch(() => null);
    if (life === null || life.state === 'RESOLVED') return null;
    return row !== null && row.episode < life.episode ? null : { row, life };
  }

  async function tellOfTheEnd(row: AlertRow): Promise<void> {
    await lives.tell(row);
    const { fingerprint, correlationId: correlation_id } = row;
    log.warn(
      { fingerprint, correlation_id },
      `audit: the life of ${nameOf(row)} had not heard that it is over: it was told`,
    );
  }

  /** By the way that alerts come: rows, groups and messages follow as they did, and what was told is not told again. */
  async function makeRows(found: readonly LifeAudit[]): Promise<void> {
    if (found.length === 0) return;
    await publish(found.map((life) => firstAgain(life, now())));
    for (const { transition, episode } of found) {
      const { fingerprint, labels, correlation_id } = transition;
      log.warn(
        { fingerprint, episode, correlation_id },
        `audit: the alert ${labels.alertname ?? fingerprint} had no row: its life told it again`,
      );
    }
  }

  return { alerts, running };
}

const nameOf = ({ labels, fingerprint }: AlertRow): string =>
  `${labels.alertname ?? 'without a name'} (${fingerprint})`;

/** By the records; later than the truth is not possible, earlier is: a silence or an acknowledgement stops the clock. */
function dueAt(policy: EscalationPolicy, known: ResumedLife | undefined): number {
  if (known === undefined || known.seq === 0) return Infinity;
  const wait = waitAfter(policy, known.counts.escalated ?? 0);
  return wait === null ? Infinity : Date.parse(known.steppedAt) + wait;
}

/** What opened the life's episode, as far as the life still knows it. */
function firstAgain({ transition, episode }: LifeAudit, now: number): Transition {
  const of = {
    fingerprint: transition.fingerprint,
    kind: 'firing' as const,
    starts_at: new Date(episode).toISOString(),
    event_time: transition.event_time,
  };
  const again = { ...transition, ...of, transition_id: transitionId(of), ends_at: null, told_again: true };
  if (transition.source !== API_SOURCE) return again;
  // The life does not hear when its sender tells an alert again.
  const until = Math.max(now + TELL_AGAIN_MS, Date.parse(transition.expires_at ?? transition.event_time));
  return { ...again, expires_at: new Date(until).toISOString(), timed_out: true };
}
