/**
 * What a silence may be and how it may change, as Alertmanager has it. What has silenced alerts stays on record: a silence
 * is changed in place only where that rewrites nothing that has been; otherwise it ends and another one takes over.
 */
import {
  areSameMatchers,
  compileAlertmanagerMatchers,
  isLabelName,
  type MatcherMode,
} from './alertmanager-matchers';
import { isRegexOperator, regexFault, unanchoredRegexOf } from './alertmanager-regex';
import type { Labels } from './labels';
import type { Matcher } from './matchers';

export const SILENCE_STATES = ['active', 'pending', 'expired'] as const;
export type SilenceState = (typeof SILENCE_STATES)[number];

interface Span {
  /** ISO 8601. */
  readonly startsAt: string;
  readonly endsAt: string;
}

interface Changeable extends Span {
  readonly matchers: readonly Matcher[];
}

export function silenceState({ startsAt, endsAt }: Span, at: number): SilenceState {
  if (at < Date.parse(startsAt)) return 'pending';
  return at < Date.parse(endsAt) ? 'active' : 'expired';
}

/** The episodes of alerts whose end is that of a silence with these matchers; those that are open. */
export function episodesOf<
  T extends { readonly labels: Labels; readonly fingerprint: string; readonly episode: number },
>(
  matchers: readonly Matcher[],
  open: readonly T[],
): readonly { readonly fingerprint: string; readonly episode: number }[] {
  const holds = compileAlertmanagerMatchers(matchers);
  return open
    .filter(({ labels }) => holds(labels))
    .map(({ fingerprint, episode }) => ({ fingerprint, episode }));
}

/** What is wrong with one that somebody wants at `at`; null where nothing is. */
export function silenceFault(wanted: Changeable, at: number, mode: MatcherMode): string | null {
  const [start, end] = [Date.parse(wanted.startsAt), Date.parse(wanted.endsAt)];
  if (start >= end) return 'its end has to be after its start';
  if (end < at) return 'its end is in the past';
  return matchersFault(wanted.matchers, mode);
}

/** What is wrong with matchers as a silence's; null where nothing is. */
export function matchersFault(matchers: readonly Matcher[], mode: MatcherMode): string | null {
  if (matchers.length === 0) return 'it needs a matcher at least';
  for (const [index, matcher] of matchers.entries()) {
    const fault = matcherFault(matcher, mode);
    if (fault !== null) return `invalid label matcher ${index}: ${fault}`;
  }
  if (matchers.every(holdsForNothing)) {
    return 'one of its matchers at least must not hold for the empty value, or it would silence every alert without the label';
  }
  return null;
}

function matcherFault({ name, op, value }: Matcher, mode: MatcherMode): string | null {
  if (!isLabelName(name, mode)) return `${JSON.stringify(name)} cannot be a label's name`;
  const fault = isRegexOperator(op) ? regexFault(value) : null;
  return fault === null ? null : `${JSON.stringify(value)} is no regular expression of RE2: ${fault}`;
}

/** Negative ones never count, and regular expressions are searched for anywhere: as Alertmanager judges it. */
function holdsForNothing({ op, value }: Matcher): boolean {
  if (op === '=') return value === '';
  return op === '=~' && unanchoredRegexOf(value)('');
}

/** Whether `before` may become `after` at `at` and keep its id. */
export function canChangeInPlace(before: Changeable, after: Changeable, at: number): boolean {
  if (!areSameMatchers(before.matchers, after.matchers)) return false;
  switch (silenceState(before, at)) {
    case 'active':
      return second(before.startsAt) === second(after.startsAt) && Date.parse(after.endsAt) >= at;
    case 'pending':
      return Date.parse(after.startsAt) >= at;
    case 'expired':
      return false;
  }
}

/** Clients that know whole seconds only send back a start that has lost its fraction. */
const second = (time: string): number => Math.floor(Date.parse(time) / 1_000);

/** The span that ends at `at` what has not ended; null where it has. */
export function endedAt(span: Span, at: number): Span | null {
  const now = new Date(at).toISOString();
  switch (silenceState(span, at)) {
    case 'active':
      return { startsAt: span.startsAt, endsAt: now };
    case 'pending':
      return { startsAt: now, endsAt: now };
    case 'expired':
      return null;
  }
}
