/** The body of POST /silences, and silences as the API gives them. */
import { episodesOf, silenceFault, silenceState, SILENCE_STATES, type SilenceState } from '../domain/silence';
import { UNTIL_RESOLVED_MS, untilResolvedComment } from '../domain/until-resolved';
import type { MatcherMode } from '../domain/alertmanager-matchers';
import type { Matcher, MatchOperator } from '../domain/matchers';
import type { OpenAlert } from '../history/port';
import type { KeptSilence, WantedSilence } from '../mute/port';
import { field, flagOf, kindOf, labelsOf, objectOf, textOf, type Fields } from './body';
import { isoTime, timeOf } from './date-time';
import { flagIn, matchersIn, type Query } from './query';
import { malformed, missing, Refusal } from './refusal';

/**
 * Tocsin's own word beside Alertmanager's: it ends when the alerts that are open now, and for which it holds, are over. Whoever
 * does not know it passes it over, and goes by `endsAt`.
 */
export function lastsUntilResolved(body: unknown): boolean {
  return flagOf(field(objectOf(body ?? {}, 'silence'), 'untilResolved'), 'silence.untilResolved') ?? false;
}

/** Throws a Refusal where it would end at once. */
export function untilResolved(wanted: WantedSilence, open: readonly OpenAlert[]): WantedSilence {
  const episodes = episodesOf(wanted.matchers, open);
  if (episodes.length === 0)
    throw new Refusal(
      400,
      'invalid silence: no open alert has such labels, so with untilResolved it would be over at once',
    );
  return { ...wanted, comment: untilResolvedComment(wanted.comment), untilResolved: episodes };
}

/** Throws a Refusal that says what is wrong. */
export function wantedSilence(body: unknown, now: number, mode: MatcherMode): WantedSilence {
  const fields = objectOf(body ?? {}, 'silence');
  const isOpenEnded = lastsUntilResolved(body) && field(fields, 'endsAt') === undefined;
  const annotations = field(fields, 'annotations');
  const id = textOf(field(fields, 'id'), 'silence.id') ?? '';
  const wanted: WantedSilence = {
    id: id === '' ? null : id,
    matchers: matchersOf(fields),
    startsAt: isoTime(requiredTime(fields, 'startsAt') ?? now),
    endsAt: isoTime(isOpenEnded ? now + UNTIL_RESOLVED_MS : (requiredTime(fields, 'endsAt') ?? now - 1)),
    createdBy: requiredText(fields, 'createdBy'),
    comment: requiredText(fields, 'comment'),
    annotations: annotations === undefined ? {} : labelsOf(annotations, 'silence.annotations', true),
  };
  const fault = silenceFault(wanted, now, mode);
  if (fault !== null) throw new Refusal(400, `invalid silence: ${fault}`);
  return wanted;
}

function requiredText(fields: Fields, name: string, path = `silence.${name}`): string {
  const text = textOf(field(fields, name), path);
  if (text === undefined) throw missing(`${path} in body`);
  return text;
}

/** Null stands for no time, which was said nevertheless. */
function requiredTime(fields: Fields, name: string): number | null {
  const value = field(fields, name);
  if (value === undefined) throw missing(`silence.${name} in body`);
  return timeOf(value, `silence.${name}`);
}

function matchersOf(fields: Fields): Matcher[] {
  const matchers = field(fields, 'matchers');
  if (matchers === undefined) throw missing('silence.matchers in body');
  if (!Array.isArray(matchers))
    throw malformed(`silence.matchers in body is ${kindOf(matchers)}, but has to be an array of matchers`);
  if (matchers.length === 0)
    throw new Refusal(422, 'silence.matchers in body has to have one matcher at least', 612);
  return matchers.map((value, index) => {
    const path = `silence.matchers.${index}`;
    const matcher = objectOf(value, path);
    const isRegex = flagOf(field(matcher, 'isRegex'), `${path}.isRegex`);
    if (isRegex === undefined) throw missing(`${path}.isRegex in body`);
    const isEqual = flagOf(field(matcher, 'isEqual'), `${path}.isEqual`) ?? true;
    return {
      name: requiredText(matcher, 'name', `${path}.name`),
      op: operatorOf(isEqual, isRegex),
      value: requiredText(matcher, 'value', `${path}.value`),
    };
  });
}

function operatorOf(isEqual: boolean, isRegex: boolean): MatchOperator {
  if (isRegex) return isEqual ? '=~' : '!~';
  return isEqual ? '=' : '!=';
}

export function shownSilence(silence: KeptSilence, now: number): unknown {
  return {
    id: silence.id,
    status: { state: silenceState(silence, now) },
    updatedAt: silence.updatedAt,
    annotations: silence.annotations,
    comment: silence.comment,
    createdBy: silence.createdBy,
    endsAt: silence.endsAt,
    matchers: silence.matchers.map(({ name, op, value }) => ({
      isEqual: op === '=' || op === '=~',
      isRegex: op === '=~' || op === '!~',
      name,
      value,
    })),
    startsAt: silence.startsAt,
  };
}

/** Those that are asked for: those that end or start next first, of those that are over the last. */
export function listedSilences(
  query: Query,
  now: number,
  mode: MatcherMode,
): (silences: readonly KeptSilence[]) => unknown[] {
  const states = new Set(SILENCE_STATES.filter((state) => flagIn(query, state)));
  const filters = matchersIn(query, 'filter', mode);
  return (silences) =>
    silences
      .map((silence) => ({ silence, state: silenceState(silence, now) }))
      .filter(({ silence, state }) => states.has(state) && hasAll(silence.matchers, filters))
      .sort(
        (a, b) =>
          SILENCE_STATES.indexOf(a.state) - SILENCE_STATES.indexOf(b.state) ||
          rankOf(a.silence, a.state) - rankOf(b.silence, b.state),
      )
      .map(({ silence }) => shownSilence(silence, now));
}

/** A filter is no test of labels: the silence has to have this very matcher. */
const hasAll = (matchers: readonly Matcher[], filters: readonly Matcher[]): boolean =>
  filters.every((filter) =>
    matchers.some(
      ({ name, op, value }) => name === filter.name && op === filter.op && value === filter.value,
    ),
  );

function rankOf(silence: KeptSilence, state: SilenceState): number {
  if (state === 'pending') return Date.parse(silence.startsAt);
  return state === 'active' ? Date.parse(silence.endsAt) : -Date.parse(silence.endsAt);
}
