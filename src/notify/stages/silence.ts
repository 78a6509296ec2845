/**
 * Holds what a silence or a maintenance covers until that ends, and drops it when the alert is over by then: nobody has to
 * hear of it any more. A resolve passes: whoever was told that it fires is told that it is over. So does a reminder that
 * a silence ends. When the mutes cannot be
 * read the message goes out, and says so: better one message too many than one too few.
 */
import { messageOf } from '../../domain/errors';
import { silenceEndOf } from '../../domain/identity';
import type { NotificationFacts } from '../../history/port';
import type { Mutes, MuteVerdict } from '../../mute/port';
import { deciding, drop, hold, type Stage } from './stage';

/** The queue's clock may be ahead of ours: a silence that ends any moment must not be looked at without a pause. */
const SHORTEST_HOLD_MS = 250;

type Reason = Extract<MuteVerdict, { muted: true }>['reason'];
const REASONS: Readonly<Record<Reason, string>> = { silence: 'silenced', maintenance: 'maintenance' };

export function silenceStage(mutes: Mutes): Stage {
  return deciding('silence', async (context, notification) => {
    const { queued, facts } = notification;
    if (queued.step === 'resolved' || silenceEndOf(queued.step) !== null) return notification;
    const over = facts.alert.state === 'RESOLVED';
    if (over && endedBefore(facts.alert.endsAt, queued.heldUntil))
      return drop(notification, {
        reason: 'silenced',
        detail: 'it ended while it was silenced, so nobody has to hear of it',
      });
    try {
      const now = context.now();
      const verdict = await verdictOf(mutes, facts, now);
      if (!verdict.muted) return notification;
      const { detail, holder } = verdict;
      const why = { reason: REASONS[verdict.reason], detail, by: [holder] };
      if (over) return drop(notification, why);
      const forMs = Math.max(SHORTEST_HOLD_MS, Date.parse(verdict.until) - now.getTime());
      return hold(notification, forMs, why);
    } catch (error) {
      return {
        ...notification,
        notes: [...notification.notes, `silences and maintenances could not be read: ${messageOf(error)}`],
      };
    }
  });
}

/** An incident is muted while all of its alerts that are open are, and no longer than the first of them. */
async function verdictOf(
  mutes: Mutes,
  { alert, incident }: NotificationFacts,
  now: Date,
): Promise<MuteVerdict> {
  if (incident === undefined) return mutes.verdict(alert.labels, now);
  const open = incident.alerts.filter(({ state }) => state !== 'RESOLVED');
  const isWhole = incident.alerts.length === incident.count;
  let first: MuteVerdict = { muted: false };
  for (const { labels } of isWhole ? open : []) {
    const verdict = await mutes.verdict(labels, now);
    if (!verdict.muted) return verdict;
    if (!first.muted || Date.parse(verdict.until) < Date.parse(first.until)) first = verdict;
  }
  return first;
}

/** One that outlived its silence is told like any other. */
const endedBefore = (endsAt: string | null, heldUntil: Date | null): boolean =>
  heldUntil !== null && endsAt !== null && Date.parse(endsAt) <= heldUntil.getTime();
