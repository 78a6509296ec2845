/**
 * Which alerts make one incident. An alert that fires has a key: the labels by which its policy relates alerts, where values
 * that were said to be related count as one. Alerts of one key that fire within the window are one incident as soon as there
 * are enough of them; one that fires within the window after the incident's newest alert, or before its first, joins it.
 * Event time decides, so what comes late or in another order makes the same incident. Pure: under which lock it is decided is
 * the history's.
 */
import { fnv1a64, type Labels } from '../domain/labels';
import { compileMatchers } from '../domain/matchers';
import { isWorse, worstOf } from '../domain/severity';
import { shortened } from '../domain/shortened';
import type {
  IncidentCandidate,
  IncidentDraft,
  IncidentRecipient,
  KnownIncidents,
  OpenIncident,
} from '../history/port';
import type { IncidentPolicy } from './port';

/** Who commands what opens now, and who is told of it. */
export interface Command {
  readonly commander: string | null;
  readonly recipients: readonly IncidentRecipient[];
  /** What people have to know: a gap in a schedule, a name that is gone. */
  readonly notes: readonly string[];
}

/** By the names of policies. */
export type Commands = ReadonlyMap<string, Command>;

export interface Correlation {
  /** The policy that the labels fall under; null where alerts like that belong to no incident. */
  policyFor(labels: Labels): IncidentPolicy | null;
  /** The episode of an alert that fired at `at`, ms; null where it can belong to no incident. */
  candidateOf(
    alert: Pick<IncidentCandidate, 'fingerprint' | 'episode' | 'at'>,
    labels: Labels,
  ): IncidentCandidate | null;
  /** What becomes of them. Those that are in no draft stay known, for others to join them. */
  decide(
    known: KnownIncidents,
    candidates: readonly IncidentCandidate[],
    commands: Commands,
  ): IncidentDraft[];
}

/** People read it; labels may be of any length. */
const MOST_ABOUT = 300;

/** `waysOf`: what a receiver's name stands for, itself or the integrations of one of alertmanager.yml. */
export function createCorrelation(
  policies: readonly IncidentPolicy[],
  waysOf: (receiver: string) => readonly string[] = (receiver) => [receiver],
): Correlation {
  const compiled = policies.map((policy) => ({ policy, holds: compileMatchers(policy.matchers) }));
  const named = new Map(policies.map((policy) => [policy.name, policy]));

  function place(labels: Labels): { policy: IncidentPolicy; values: readonly string[] } | null {
    for (const { policy, holds } of compiled) {
      if (!holds(labels)) continue;
      const values = valuesOf(policy, labels);
      if (values !== null) return { policy, values };
    }
    return null;
  }

  return {
    policyFor: (labels) => place(labels)?.policy ?? null,
    candidateOf(alert, labels) {
      const found = place(labels);
      if (found === null) return null;
      const { policy, values } = found;
      return {
        ...alert,
        policy: policy.name,
        key: fnv1a64(JSON.stringify(values)),
        about: shortened(
          policy.groupBy.map((name, index) => `${name}=${values[index]}`).join(', '),
          MOST_ABOUT,
        ),
        windowMs: policy.windowMs,
        severity: labels['severity'] ?? null,
      };
    },
    decide(known, candidates, commands) {
      const open = groupedBy(known.open);
      const loose = groupedBy(known.loose);
      return [...groupedBy(candidates)].flatMap(([key, fired]) => {
        const policy = named.get(fired[0]!.policy)!;
        const told = { ...policy, receivers: policy.receivers.flatMap(waysOf) };
        return ofOneKey(told, open.get(key) ?? [], loose.get(key) ?? [], fired, commands);
      });
    },
  };
}

type Keyed = Pick<IncidentCandidate, 'policy' | 'key'>;

function groupedBy<T extends Keyed>(all: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const key = JSON.stringify([one.policy, one.key]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  return groups;
}

function ofOneKey(
  policy: IncidentPolicy,
  open: readonly OpenIncident[],
  known: readonly IncidentCandidate[],
  fired: readonly IncidentCandidate[],
  commands: Commands,
): IncidentDraft[] {
  const drafts = open.map(draftOf);
  let loose = known;
  for (const candidate of [...fired].sort((a, b) => a.at - b.at)) {
    const joined = drafts.find((draft) => takesIn(draft, candidate));
    if (joined !== undefined) {
      join(joined, candidate);
      continue;
    }
    loose = [...loose, candidate];
    const related = together(loose, candidate);
    if (related.length < policy.minAlerts) continue;
    drafts.push(opened(policy, related, commands));
    loose = loose.filter((one) => !related.includes(one));
  }
  return drafts.filter(({ members }) => members.length > 0);
}

/** Null where a label is missing: what says nothing of its service is related to nothing. */
function valuesOf({ groupBy, related }: IncidentPolicy, labels: Labels): string[] | null {
  const values = groupBy.map((name) => (Object.hasOwn(labels, name) ? labels[name]! : ''));
  if (values.includes('')) return null;
  return values.map((value, index) => {
    const group = related[groupBy[index]!]?.find((each) => each.includes(value));
    return group === undefined ? value : group.join('|');
  });
}

type Draft = { -readonly [K in keyof IncidentDraft]: IncidentDraft[K] } & { members: IncidentCandidate[] };

const draftOf = (open: OpenIncident): Draft => ({ ...open, members: [], isRaised: false, opens: null });

/** One that fires anew belongs to the incident that it was in, however long that lasts. */
const takesIn = (
  { firstAt, newestAt, known }: Draft,
  { fingerprint, at, windowMs }: IncidentCandidate,
): boolean => known.has(fingerprint) || (at >= firstAt - windowMs && at <= newestAt + windowMs);

function join(draft: Draft, candidate: IncidentCandidate): void {
  draft.members.push(candidate);
  draft.firstAt = Math.min(draft.firstAt, candidate.at);
  draft.newestAt = Math.max(draft.newestAt, candidate.at);
  if (!isWorse(candidate.severity, draft.severity)) return;
  draft.severity = candidate.severity;
  draft.isRaised = draft.id !== null;
}

/** The most that fired within one window with it, itself among them. */
function together(loose: readonly IncidentCandidate[], one: IncidentCandidate): IncidentCandidate[] {
  const spans = loose
    .filter(({ at }) => at <= one.at && at >= one.at - one.windowMs)
    .map(({ at: from }) => loose.filter(({ at }) => at >= from && at <= from + one.windowMs));
  return spans.reduce((most, span) => (span.length > most.length ? span : most));
}

function opened(policy: IncidentPolicy, members: readonly IncidentCandidate[], commands: Commands): Draft {
  const command = commands.get(policy.name) ?? { commander: null, recipients: [], notes: [] };
  const times = members.map(({ at }) => at);
  const direct = policy.receivers.map((receiver) => ({ receiver, afterMs: 0 }));
  return {
    id: null,
    policy: policy.name,
    key: members[0]!.key,
    about: members[0]!.about,
    firstAt: Math.min(...times),
    newestAt: Math.max(...times),
    severity: worstOf(members.map(({ severity }) => severity)),
    told: [],
    known: new Set(),
    isRaised: false,
    members: [...members],
    opens: {
      ...command,
      recipients: onceEach([...direct, ...command.recipients]),
      receivers: policy.receivers,
      resolveAfterMs: policy.resolveAfterMs,
    },
  };
}

/** At the earliest. */
function onceEach(all: readonly IncidentRecipient[]): IncidentRecipient[] {
  const byReceiver = new Map<string, IncidentRecipient>();
  for (const one of all) {
    const other = byReceiver.get(one.receiver);
    if (other === undefined || one.afterMs < other.afterMs) byReceiver.set(one.receiver, one);
  }
  return [...byReceiver.values()];
}
