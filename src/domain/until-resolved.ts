/** A silence that lasts until its alerts are over, as everybody who makes one writes it. */

/** What lasts until its alerts are over has an end all the same: nobody waits so long for an alert. */
export const UNTIL_RESOLVED_MS = 365 * 86_400_000;
const UNTIL_RESOLVED = '(until its alerts are over)';

/** Alertmanager's lists have no other place to say it. */
export const untilResolvedComment = (comment: string): string =>
  comment.endsWith(UNTIL_RESOLVED) ? comment : [comment, UNTIL_RESOLVED].filter(Boolean).join(' ');
