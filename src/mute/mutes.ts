/**
 * Whether an alert may be told of, answered from the silences with a reason. Reads are shared and kept for half a
 * second, so a storm asks Postgres twice a second and a new silence is heeded within that time; one that is taken back
 * mutes nobody from that moment. What follows from a verdict, and from none being had, is the caller's.
 */
import type { Labels } from '../domain/labels';
import type { MuteVerdict, Silence, SilencedBy, SilenceMutes, SilenceStore } from './port';
import { createSilenceIndex, type SilenceIndex } from './silence-index';

export interface MutesOptions {
  /** How long active silences are kept, at most a second. */
  readonly cacheMs?: number;
}

interface Reading {
  readonly at: number;
  readonly silences: Promise<SilenceIndex>;
}

export function createMutes(
  store: Pick<SilenceStore, 'active'>,
  { cacheMs = 500 }: MutesOptions = {},
): SilenceMutes {
  let reading: Reading | null = null;
  let tests: ReturnType<typeof createSilenceIndex>['tests'] = new Map();

  const index = (silences: readonly Silence[]): SilenceIndex => {
    const made = createSilenceIndex(silences, tests);
    tests = made.tests;
    return made;
  };
  const read = (at: Date): Reading => {
    const fresh: Reading = { at: at.getTime(), silences: store.active(at).then(index) };
    reading = fresh;
    // A failure is no answer to keep: the next one asks again.
    fresh.silences.catch(() => {
      if (reading === fresh) reading = null;
    });
    return fresh;
  };
  const remembered = (at: Date): Reading | null =>
    reading !== null && Math.abs(at.getTime() - reading.at) < cacheMs ? reading : null;

  async function match({ silences }: Reading, labels: Labels, at: Date): Promise<Silence | undefined> {
    return (await silences).find(labels).find((silence) => isActive(silence, at));
  }

  async function silencer(at: Date, leadMs = 0): Promise<SilencedBy> {
    const silences = await read(at).silences;
    return (labels) =>
      silences
        .find(labels)
        .filter((silence) => isActive(silence, at) && !endsWithin(silence, at, leadMs))
        .reverse()
        .map(({ id }) => id);
  }

  return {
    async verdict(labels, at) {
      const known = remembered(at);
      const used = known ?? read(at);
      let found = await match(used, labels, at);
      // One that was taken back meanwhile must mute nobody, so what is only remembered is asked again.
      if (found !== undefined && known !== null) {
        const newer = reading !== null && reading !== used ? reading : read(at);
        found = await match(newer, labels, at);
      }
      return found === undefined ? { muted: false } : mutedBy(found);
    },
    silencer,
    silencedBy: async (labels, at) => (await silencer(at))(labels),
  };
}

/** Within `leadMs`, of one that lasts longer than that. */
function endsWithin({ startsAt, endsAt }: Silence, at: Date, leadMs: number): boolean {
  const from = Date.parse(endsAt) - leadMs;
  return leadMs > 0 && at.getTime() >= from && Date.parse(startsAt) < from;
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
    holder: { kind: 'silence', id, createdBy, comment, endsAt },
  };
}
