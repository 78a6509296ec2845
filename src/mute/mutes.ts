/**
 * Whether an alert may be told of, answered from the silences with a reason. Reads are shared and kept for half a
 * second, so a storm asks Postgres twice a second and a new silence is heeded within that time. What follows from a
 * verdict, and from none being had, is the caller's.
 */
import { compileOrNone } from '../domain/matchers';
import type { Labels } from '../domain/labels';
import type { Mutes, MuteVerdict, Silence, SilenceStore } from './port';

export interface MutesOptions {
  /** How long active silences are kept, at most a second. */
  readonly cacheMs?: number;
}

interface Reading {
  readonly at: number;
  readonly silences: Promise<readonly Silence[]>;
}

type Test = (labels: Labels) => boolean;

export function createMutes(
  store: Pick<SilenceStore, 'active'>,
  { cacheMs = 500 }: MutesOptions = {},
): Mutes {
  let reading: Reading | null = null;
  let compiled = new Map<string, Test>();

  const activeAt = (at: Date): Promise<readonly Silence[]> => {
    if (reading !== null && Math.abs(at.getTime() - reading.at) < cacheMs) return reading.silences;
    const fresh: Reading = { at: at.getTime(), silences: store.active(at) };
    reading = fresh;
    // A failure is no answer to keep: the next one asks again.
    fresh.silences.catch(() => {
      if (reading === fresh) reading = null;
    });
    return fresh.silences;
  };

  /** Regular expressions are compiled once a silence, and forgotten with it. */
  const testsOf = (silences: readonly Silence[]): Map<string, Test> =>
    new Map(
      silences.map((silence) => [silence.id, compiled.get(silence.id) ?? compileOrNone(silence.matchers)]),
    );

  return {
    async verdict(labels, at) {
      const silences = await activeAt(at);
      compiled = testsOf(silences);
      const match = silences.find((silence) => isActive(silence, at) && compiled.get(silence.id)!(labels));
      return match === undefined ? { muted: false } : mutedBy(match);
    },
  };
}

function isActive({ startsAt, endsAt }: Silence, at: Date): boolean {
  return Date.parse(startsAt) <= at.getTime() && at.getTime() < Date.parse(endsAt);
}

function mutedBy({ id, createdBy, endsAt, comment }: Silence): MuteVerdict {
  const why = comment === '' ? '' : `: ${comment}`;
  return {
    muted: true,
    reason: 'silence',
    by: createdBy,
    until: endsAt,
    detail: `silence ${id} of ${createdBy} until ${endsAt}${why}`,
  };
}
