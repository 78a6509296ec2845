/**
 * What a batch of transitions does to the alerts' rows and whom it tells: the first page leaves from here, whatever
 * happens to the lives. Idempotent: a transition that comes again, alone or in its batch, changes nothing.
 */
import { amountText, unitOf } from '../domain/amount';
import { applyTransition, type EpisodeState } from '../domain/episode';
import { messageId } from '../domain/identity';
import type { Labels } from '../domain/labels';
import type { LifePolicy, TimelineEvent } from '../domain/life';
import { API_SOURCE, type Transition } from '../domain/transition';
import type {
  AlertRow,
  IncidentCandidate,
  IncidentDraft,
  KnownIncidents,
  NewGroup,
  NewNotification,
  PagesChange,
} from '../history/port';
import type { PageFor } from './policy';

type PlacedEvent = PagesChange['timeline'][number];

interface Draft {
  readonly rows: Map<string, AlertRow>;
  readonly timeline: PlacedEvent[];
  readonly notifications: NewNotification[];
  readonly resolves: PagesChange['resolves'][number][];
  readonly groups: Map<string, NewGroup>;
  readonly candidates: IncidentCandidate[];
}

/** Who is told of a fire, and who of the end of what they heard of. */
export interface Audience extends Pick<LifePolicy, 'resolveTo'> {
  readonly pageFor: PageFor;
  /** The groups that the alert belongs to, and when each is looked at if the alert, told of at `at`, is its first. */
  readonly groupsFor?: (row: AlertRow, at: Date) => readonly NewGroup[];
  /** What says which alerts may belong to incidents, and what becomes of those that fire. */
  readonly incidents?: {
    readonly candidateOf: (
      alert: Pick<IncidentCandidate, 'fingerprint' | 'episode' | 'at'>,
      labels: Labels,
    ) => IncidentCandidate | null;
    readonly decide: (
      known: KnownIncidents,
      candidates: readonly IncidentCandidate[],
    ) => readonly IncidentDraft[];
  };
}

/** `now` is when the batch is handled. */
export function planPages(
  rows: ReadonlyMap<string, AlertRow>,
  transitions: readonly Transition[],
  audience: Audience,
  now: Date,
): PagesChange {
  const draft: Draft = {
    ...{ rows: new Map(), timeline: [], notifications: [], resolves: [], groups: new Map(), candidates: [] },
  };
  for (const transition of transitions) {
    const row = draft.rows.get(transition.fingerprint) ?? rows.get(transition.fingerprint) ?? null;
    applyToRow(draft, row, transition, audience, now);
  }
  const { candidates, ...rest } = draft;
  const change = { ...rest, rows: [...draft.rows.values()], groups: [...draft.groups.values()] };
  const { incidents } = audience;
  const open = candidates.filter((one) => isOpen(draft.rows.get(one.fingerprint)!, one));
  if (incidents === undefined || open.length === 0) return change;
  return { ...change, incidents: { candidates: open, decide: (known) => incidents.decide(known, open) } };
}

/** One that is over by the end of its batch makes no incident. */
const isOpen = ({ episode, state }: AlertRow, one: IncidentCandidate): boolean =>
  episode === one.episode && state !== 'RESOLVED';

function applyToRow(
  draft: Draft,
  row: AlertRow | null,
  transition: Transition,
  audience: Audience,
  now: Date,
): void {
  const { state, outcome } = applyTransition(row === null ? null : episodeOf(row), transition);
  if (outcome === 'stale' && isEndedAgain(row, transition)) {
    draft.rows.set(transition.fingerprint, endedAgain(row!, transition));
    return;
  }
  if (outcome === 'stale' || isTakenBack(row, transition)) return;
  if (outcome === 'opened') {
    if (isQuiet(row, now)) return;
    const opened = openedRow(row, transition, state!);
    draft.rows.set(transition.fingerprint, opened);
    draft.timeline.push(event(opened, 'fired', transition, firedText(transition)));
    draft.notifications.push(...firstMessages(opened, audience.pageFor(transition), now));
    join(draft, audience, opened, now);
    const { fingerprint, episode, eventTime: at, labels } = opened;
    const candidate = audience.incidents?.candidateOf({ fingerprint, episode, at }, labels) ?? null;
    if (candidate !== null) draft.candidates.push(candidate);
    return;
  }
  const seen: AlertRow = { ...row!, ...observed(transition), eventTime: state!.eventTime };
  if (outcome !== 'resolved') {
    draft.rows.set(seen.fingerprint, isToldAgain(transition) ? toldAgain(row!, seen, transition) : seen);
    // Groups may have seen its end come already.
    if (isToldAgain(transition) && timeOf(row!.expiresAt) <= now.getTime() + CLOCKS_APART_MS)
      join(draft, audience, seen, now);
    return;
  }
  const resolved: AlertRow = {
    ...seen,
    state: 'RESOLVED',
    endsAt: transition.ends_at ?? transition.event_time,
    resolvedBy: transition.source,
    acknowledgement: null,
  };
  draft.rows.set(seen.fingerprint, resolved);
  draft.timeline.push(event(resolved, 'resolved', transition, 'the condition has ended'));
  draft.resolves.push({
    fingerprint: resolved.fingerprint,
    episode: resolved.episode,
    receivers: audience.resolveTo,
    dueAt: now,
  });
}

/** The alert of a group that asks for it first says when it is looked at: what it took to come here does not make that later. */
function join(draft: Draft, audience: Audience, row: AlertRow, now: Date): void {
  const told = new Date(Math.min(now.getTime(), Math.max(row.eventTime, now.getTime() - LONGEST_WAY_MS)));
  for (const group of audience.groupsFor?.(row, told) ?? [])
    if ((draft.groups.get(group.id)?.dueAt ?? group.dueAt) >= group.dueAt) draft.groups.set(group.id, group);
}

/** What took longer was held up: alerts that come together after that are to be told together. */
const LONGEST_WAY_MS = 500;
/** Of two processes, at the most. */
const CLOCKS_APART_MS = 60_000;

const isToldAgain = ({ kind, source }: Transition): boolean => kind === 'firing' && source === API_SOURCE;

/** Its sender has told it again since: the end that was counted on has not come. */
function isTakenBack(row: AlertRow | null, { kind, expires_at: expected }: Transition): boolean {
  if (kind !== 'resolved' || expected === undefined || row?.expiresAt == null) return false;
  return Date.parse(row.expiresAt) > Date.parse(expected);
}

/**
 * What a sender says of an alert that fires, in Alertmanager's way: where the times that it gives overlap with the known ones,
 * the earliest start counts, and the latest end that is a sender's own word; otherwise the new ones do.
 */
function toldAgain(old: AlertRow, seen: AlertRow, transition: Transition): AlertRow {
  const start = Date.parse(transition.starts_at);
  const end = timeOf(transition.expires_at ?? null);
  const oldStart = Date.parse(old.startsAt);
  const oldEnd = timeOf(old.expiresAt);
  const overlaps = doOverlap([start, end], [oldStart, oldEnd]);
  if (!overlaps) return { ...seen, startsAt: transition.starts_at };
  const startsAt = oldStart < start ? old.startsAt : transition.starts_at;
  if (oldEnd <= end || old.timedOut) return { ...seen, startsAt };
  return { ...seen, startsAt, expiresAt: old.expiresAt, timedOut: old.timedOut };
}

/** Its sender says of an alert that is over how it ended. */
function isEndedAgain(row: AlertRow | null, { kind, source, event_time: at }: Transition): boolean {
  const isKnownEnd = row !== null && row.state === 'RESOLVED' && row.resolvedBy === API_SOURCE;
  return isKnownEnd && kind === 'resolved' && source === API_SOURCE && Date.parse(at) > row.eventTime;
}

/** The earliest start and the latest end count where the two overlap; otherwise the newer word does. */
function endedAgain(old: AlertRow, transition: Transition): AlertRow {
  const { starts_at: startsAt, ends_at: endsAt, annotations } = transition;
  const [start, end] = [Date.parse(startsAt), timeOf(endsAt)];
  const [oldStart, oldEnd] = [Date.parse(old.startsAt), timeOf(old.endsAt)];
  const seen = { ...old, annotations, eventTime: Date.parse(transition.event_time) };
  const overlaps = doOverlap([start, end], [oldStart, oldEnd]);
  if (!overlaps) return { ...seen, startsAt, endsAt };
  return {
    ...seen,
    startsAt: oldStart < start ? old.startsAt : startsAt,
    endsAt: oldEnd > end ? old.endsAt : endsAt,
  };
}

/** As Alertmanager judges it: an end of the newer span lies within the older one. */
const doOverlap = ([start, end]: Span, [oldStart, oldEnd]: Span): boolean =>
  (end > oldStart && end < oldEnd) || (start > oldStart && start < oldEnd);

type Span = readonly [start: number, end: number];

const timeOf = (text: string | null): number => (text === null ? Infinity : Date.parse(text));

function episodeOf(row: AlertRow): EpisodeState {
  return { episode: row.episode, firing: row.state !== 'RESOLVED', eventTime: row.eventTime };
}

/** After a manual resolve the alert's life decides whether a condition that still holds is a new episode. */
function isQuiet(row: AlertRow | null, now: Date): boolean {
  return row !== null && row.quietUntil !== null && now.getTime() < Date.parse(row.quietUntil);
}

/** Written out: an object that is put together from parts takes longer to make than all else that is decided here. */
function openedRow(row: AlertRow | null, transition: Transition, state: EpisodeState): AlertRow {
  return {
    fingerprint: transition.fingerprint,
    labels: transition.labels,
    annotations: transition.annotations,
    state: 'FIRING',
    episode: state.episode,
    fireCount: (row?.fireCount ?? 0) + 1,
    startsAt: transition.starts_at,
    endsAt: null,
    value: transition.value,
    threshold: transition.threshold,
    eventTime: state.eventTime,
    rule: transition.rule,
    condition: transition.condition ?? null,
    cooldownMs: transition.cooldown_ms ?? null,
    runbook: transition.runbook ?? null,
    recent: transition.recent,
    correlationId: transition.correlation_id,
    acknowledgement: null,
    resolvedBy: null,
    quietUntil: null,
    expiresAt: transition.expires_at ?? null,
    timedOut: transition.timed_out ?? false,
    generatorUrl: transition.generator_url ?? '',
  };
}

/** What every transition brings up to date. */
function observed(transition: Transition) {
  return {
    annotations: transition.annotations,
    value: transition.value,
    threshold: transition.threshold,
    rule: transition.rule,
    condition: transition.condition ?? null,
    cooldownMs: transition.cooldown_ms ?? null,
    runbook: transition.runbook ?? null,
    recent: transition.recent,
    expiresAt: transition.expires_at ?? null,
    timedOut: transition.timed_out ?? false,
    generatorUrl: transition.generator_url ?? '',
  };
}

function firstMessages(row: AlertRow, page: ReturnType<PageFor>, now: Date): NewNotification[] {
  return page.map(({ receiver, deadlineMs }) => ({
    messageId: messageId(row.fingerprint, row.episode, 'fire'),
    receiver,
    fingerprint: row.fingerprint,
    episode: row.episode,
    step: 'fire',
    dueAt: new Date(now.getTime() + deadlineMs),
  }));
}

function event(
  row: AlertRow,
  kind: TimelineEvent['kind'],
  transition: Transition,
  text: string,
): PlacedEvent {
  const details = {
    value: transition.value,
    threshold: transition.threshold,
    transition_id: transition.transition_id,
  };
  return {
    fingerprint: row.fingerprint,
    episode: row.episode,
    key: kind,
    at: transition.event_time,
    kind,
    actor: transition.source,
    text,
    details,
  };
}

/** What was posted has no value; a rule that knows none says so. */
function firedText(transition: Transition): string {
  const { labels, value, threshold, rule } = transition;
  const name = labels.alertname ?? 'the alert';
  if (rule === null && value === null) return `${name} fires`;
  const unit = unitOf(transition);
  const limit = threshold === null ? '' : `, threshold ${amountText(threshold, unit)}`;
  const measured = value === null ? 'unknown' : amountText(value, unit);
  return `${name} fires: value ${measured}${limit}`;
}
