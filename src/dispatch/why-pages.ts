/** The same for receivers of tocsin.yaml: from the messages to them, and what the timeline tells of those. */
import type { TimelineEvent } from '../domain/life';
import type { NotificationRecord } from '../history/port';
import type { WhyStatement } from './port';

type Noted = Pick<TimelineEvent, 'at' | 'kind' | 'text' | 'details'>;

/** In the order of time; what waits stands last. */
export function rulePagesOf(
  timeline: readonly Noted[],
  notifications: readonly NotificationRecord[],
): WhyStatement[] {
  const noted = timeline
    .filter(({ kind }) => kind === 'notified' || kind === 'not_notified')
    .map(fromTimeline);
  return [...noted, ...notifications.filter(({ state }) => state === 'pending').map(pending)];
}

function fromTimeline({ at, kind, text, details }: Noted): WhyStatement {
  const told = (details ?? {}) as Partial<Record<'receiver' | 'reason' | 'detail', string | null>>;
  const why = kind === 'notified' || !told.detail || text.includes(told.detail) ? '' : `: ${told.detail}`;
  return {
    kind: kind === 'notified' ? 'told' : 'was held',
    stage: told.reason === 'silence' ? 'silence' : 'send',
    ...{ at, until: null, by: [], integration: told.receiver ?? null },
    text: `${text}${why}`,
  };
}

function pending({ receiver, step, dueAt, attempts, detail }: NotificationRecord): WhyStatement {
  const what = `${receiver} of ${step}`;
  const about = {
    stage: 'send' as const,
    at: dueAt.toISOString(),
    until: null,
    integration: receiver,
    by: [],
  };
  if (attempts > 0)
    return {
      ...about,
      kind: 'retried',
      text: `could not tell ${what}, tried ${attempts === 1 ? 'once' : `${attempts} times`}: ${detail ?? 'no answer'}; it is tried again`,
    };
  const why = detail === null ? '' : `, for it is held back: ${detail}`;
  return { ...about, kind: 'waits', text: `tells ${what} then${why}` };
}
