/**
 * The fatigue limit: of alerts that are alike, so many a time have a first message of their own; those beyond it wait, and
 * leave as one digest, however they stand then. The end of those that a digest told of as firing is told once, when the last of them
 * is over. What wakes somebody is never limited, nor is any other message: an escalation leaves when it is due. When the
 * messages cannot be counted, this one goes out and says so.
 */
import { formatDuration } from '../../domain/duration';
import { messageOf } from '../../domain/errors';
import { isLimited, likeness, likenessKey, likenessText, type FatigueLimit } from '../../domain/fatigue';
import type { Admission, DigestEnd, NotificationQueue } from '../../history/port';
import { limitText, type Digest } from '../digest';
import { deciding, drop, hold, type Notification, type Stage } from './stage';

type Counts = Pick<NotificationQueue, 'admit' | 'digestEnd'>;

export function throttleStage(queue: Counts, limit: FatigueLimit): Stage {
  const decide = async (notification: Notification): Promise<Notification> => {
    const { queued, facts } = notification;
    const { labels } = facts.alert;
    const { similar, windowMs, digestAfterMs, groupBy } = limit;
    const digest = { like: likeness(labels, groupBy), limit: similar, windowMs };
    if (queued.step === 'resolved') return ended(notification, await queue.digestEnd(queued), digest);
    const key = likenessKey(labels, groupBy);
    return admitted(
      notification,
      await queue.admit(queued, { key, limit: similar, windowMs, digestAfterMs }),
      digest,
    );
  };
  return deciding('throttle', async (_, notification) => {
    const { queued, facts } = notification;
    const counts = queued.step === 'fire' || queued.step === 'resolved';
    if (!counts || !isLimited(facts.alert.labels)) return notification;
    try {
      return await decide(notification);
    } catch (error) {
      return noted(
        notification,
        `messages could not be counted against the fatigue limit: ${messageOf(error)}`,
      );
    }
  });
}

const noted = (notification: Notification, note: string): Notification => ({
  ...notification,
  notes: [...notification.notes, note],
});

function admitted(notification: Notification, admission: Admission | null, digest: Digest): Notification {
  if (admission === null)
    return drop(notification, { reason: 'settled', detail: 'another process has settled it' });
  if (admission.kind === 'single') return notification;
  const { like, limit, windowMs } = digest;
  const name = likenessText(like);
  if (admission.kind === 'due')
    return noted({ ...notification, digest }, `in the digest of ${name}, beyond ${limitText(digest)}`);
  const { told, inMs, isNew } = admission;
  const digestAt = admission.at.toISOString();
  const detail = `${told} like ${name} were told in the last ${formatDuration(windowMs)}, and the limit is ${limit}: the digest of ${digestAt} tells of it`;
  return hold(notification, inMs, {
    ...{ reason: 'fatigue', detail, digest: { of: 'fire', isNew } },
    by: [{ kind: 'fatigue limit', name, like, told, limit, windowMs, digestAt }],
  });
}

function ended(notification: Notification, end: DigestEnd, digest: Digest): Notification {
  if (end.kind === 'none') return notification;
  const name = likenessText(digest.like);
  if (end.kind === 'due') return noted({ ...notification, digest }, `the end of a digest of ${name}`);
  const detail = `a digest told of it, and ${end.open} more of that digest ${end.open === 1 ? 'is' : 'are'} not over: the end is told once`;
  return hold(notification, 0, { reason: 'fatigue', detail, digest: { of: 'end', isNew: false } });
}
