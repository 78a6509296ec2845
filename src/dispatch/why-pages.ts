/** The same for receivers of tocsin.yaml: from the messages to them, and what the timeline tells of those. */
import type { TimelineEvent } from '../domain/life';
import type { Holder, NotificationRecord } from '../history/port';
import type { WhyStage, WhyStatement } from './port';

type Noted = Pick<TimelineEvent, 'at' | 'kind' | 'text' | 'details'>;

/** In the order of time; what waits stands last. */
export function rulePagesOf(
  timeline: readonly Noted[],
  notifications: readonly NotificationRecord[],
): WhyStatement[] {
  const noted = timeline.flatMap((event) => {
    if (event.kind === 'notified' || event.kind === 'not_notified') return [fromTimeline(event)];
    if (event.kind === 'undelivered') return [untold(event)];
    return isForbidden(event) ? [forbidden(event)] : [];
  });
  return [...noted, ...notifications.filter(({ state }) => state === 'pending').map(pending)];
}

/** What the notifier has written down of a message. */
interface Told extends Partial<Record<'receiver' | 'reason' | 'detail', string | null>> {
  readonly by?: readonly Holder[];
}

const STAGES: Readonly<Record<string, WhyStage>> = {
  silence: 'silence',
  silenced: 'silence',
  maintenance: 'maintenance',
  incident: 'incident',
  fatigue: 'throttle',
};

function fromTimeline({ at, kind, text, details }: Noted): WhyStatement {
  const told = (details ?? {}) as Told;
  const why = kind === 'notified' || !told.detail || text.includes(told.detail) ? '' : `: ${told.detail}`;
  return {
    kind: kind === 'notified' ? 'told' : 'was held',
    stage: STAGES[told.reason ?? ''] ?? 'send',
    ...{ at, until: null, by: told.by ?? [], integration: told.receiver ?? null },
    text: `${text}${why}`,
  };
}

/** A repair that what mutes the alert forbade. */
const FORBIDDEN = /: refused\. (maintenance|silenced): /;
const isForbidden = ({ kind, text }: Noted): boolean => kind === 'remediated' && FORBIDDEN.test(text);

const forbidden = ({ at, text }: Noted): WhyStatement => ({
  ...{ kind: 'was held', stage: 'remediation', at, until: null, by: [], integration: null },
  text: `no runbook acts: ${text}`,
});

/** Where nobody could be told of a step, who is told instead follows from the escalation. */
const untold = ({ at, text }: Noted): WhyStatement => ({
  ...{ kind: 'nobody', stage: 'escalation', at, until: null, by: [], integration: null },
  text,
});

function pending(message: NotificationRecord): WhyStatement {
  const { receiver, step, dueAt, attempts, detail, limitedUntil } = message;
  const what = `${receiver} of ${step}`;
  const about = {
    stage: STAGES[/^(\w+): /.exec(detail ?? '')?.[1] ?? ''] ?? 'send',
    at: dueAt.toISOString(),
    until: null,
    integration: receiver,
    by: [],
  };
  if (limitedUntil !== undefined && (detail === null || attempts === 0) && dueAt <= limitedUntil)
    return {
      ...about,
      ...{ kind: 'waits', stage: 'rate limit' },
      text: `tells ${what} when the rate limit of ${receiver} lets it: the next message leaves at ${limitedUntil.toISOString()}, what is critical first`,
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
