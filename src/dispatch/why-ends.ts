/**
 * What is said of an alert's end where it is not its sender's word: a person has resolved it, or its time has passed while
 * its sender could not be heard.
 */
import { formatDuration } from '../domain/duration';
import type { AlertRecords, AlertRow } from '../history/port';
import { graceOf, heardOf, overAt } from './hearing';
import type { WhyStatement } from './port';

/** Whether it is over, by its row or because its sender has not told it again in time though it could be heard. */
export function isOverNow(alert: AlertRow, { hearing }: AlertRecords, now: Date): boolean {
  if (alert.state === 'RESOLVED') return true;
  const end = overAt(timesOf(alert), heardOf(hearing, now.getTime()));
  return end !== null && end <= now.getTime();
}

/** Nobody is told of it again until the quiet time is over, although its sender may go on. */
export function resolvedByHand(
  { state, resolvedBy, quietUntil, endsAt }: AlertRow,
  now: Date,
): WhyStatement[] {
  if (state !== 'RESOLVED' || quietUntil === null) return [];
  const who = resolvedBy ?? 'somebody';
  const isQuiet = now.getTime() < Date.parse(quietUntil);
  return [
    {
      ...{ kind: isQuiet ? 'held' : 'was held', stage: 'resolved', at: endsAt, integration: null },
      until: isQuiet ? null : quietUntil,
      by: [{ kind: 'person', name: who, at: endsAt ?? '', until: quietUntil, comment: null }],
      text: `${who} resolved it by hand: nobody ${isQuiet ? 'is' : 'was'} told of it again before ${quietUntil}, whatever its sender says`,
    },
  ];
}

/** Its end has passed, and it is not over. */
export function unheardEnd(alert: AlertRow, { hearing }: AlertRecords, now: Date): WhyStatement[] {
  const { expiresAt, updatedAt } = timesOf(alert);
  if (alert.state === 'RESOLVED' || expiresAt === null || expiresAt > now.getTime()) return [];
  const heard = heardOf(hearing, now.getTime());
  const end = overAt({ expiresAt, updatedAt }, heard)!;
  if (end <= now.getTime()) return [];
  const about = { kind: 'waits', stage: 'expiry', until: null, integration: null, by: [] } as const;
  const given = `its sender gave it until ${alert.expiresAt} and has not told it again`;
  if (end !== Infinity) {
    const until = isoOf(end);
    const text = `${given}, but could not be heard until ${isoOf(heard.since)}: it has until ${until} to do so, and then the alert is over`;
    return [{ ...about, at: until, text }];
  }
  const since = Number.isFinite(heard.until) ? ` since ${isoOf(heard.until)}` : '';
  const text = `${given}, but cannot be heard${since}: once it can be, it has ${formatDuration(graceOf(expiresAt, updatedAt))} to tell it again, and the alert is not over before`;
  return [{ ...about, at: null, text }];
}

const timesOf = ({ expiresAt, eventTime }: AlertRow) => ({
  expiresAt: expiresAt === null ? null : Date.parse(expiresAt),
  updatedAt: eventTime,
});

const isoOf = (ms: number): string => new Date(ms).toISOString();
