/**
 * Whether an alert may be told of, answered from the silences with a reason. Reads are shared and kept for half a
 * second, so a storm asks Postgres twice a second and a new silence is heeded within that time; one that is taken back
 * mutes nobody from that moment. What follows from a verdict, and from none being had, is the caller's.
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

  const read = (at: Date): Reading => {
    const fresh: Reading = { at: at.getTime(), silences: store.active(at) };
    reading = fresh;
    // A failure is no answer to keep: the next one asks again.
    fresh.silences.catch(() => {
      if (reading === fresh) reading = null;
    });
    return fresh;
  };
  const remembered = (at: Date): Reading | null =>
    reading !== null && Math.abs(at.getTime() - reading.at) < cacheMs ? reading : null;

  /** Regular expressions are compiled once a silence, and forgotten with it. */
  const testsOf = (silences: readonly Silence[]): Map<string, Test> =>
    new Map(
      silences.map((silence) => [silence.id, compiled.get(silence.id) ?? compileOrNone(silence.matchers)]),
    );

  async function match(
    silences: Reading['silences'],
    labels: Labels,
    at: Date,
  ): Promise<Silence | undefined> {
    const active = await silences;
    compiled = testsOf(active);
    return active.find((silence) => isActive(silence, at) && compiled.get(silence.id)!(labels));
  }

  return {
    async verdict(labels, at) {
      const known = remembered(at);
      const used = known ?? read(at);
      let found = await match(used.silences, labels, at);
      // One that was taken back meanwhile must mute nobody, so what is only remembered is asked again.
      if (found !== undefined && known !== null) {
        const newer = reading !== null && reading !== used ? reading : read(at);
        found = await match(newer.silences, labels, at);
      }
      return found === undefined ? { muted: false } : mutedBy(found);
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
