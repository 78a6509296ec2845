/** A store of silences for tests that are about something else. */
import { randomUUID } from 'node:crypto';
import { canChangeInPlace, endedAt } from '../../../src/domain/silence';
import type { KeptSilence, SilenceStore } from '../../../src/mute/port';

type Store = Pick<SilenceStore, 'set' | 'expire' | 'get' | 'list'>;

export function silencesInMemory(): Store & { readonly all: Map<string, KeptSilence> } {
  const all = new Map<string, KeptSilence>();
  const end = (silence: KeptSilence, at: Date): void => {
    const span = endedAt(silence, at.getTime());
    if (span !== null) all.set(silence.id, { ...silence, ...span, updatedAt: at.toISOString() });
  };
  return {
    all,
    async set(wanted, at) {
      const before = wanted.id === null ? undefined : all.get(wanted.id);
      if (wanted.id !== null && before === undefined) return null;
      const isKept = before !== undefined && canChangeInPlace(before, wanted, at.getTime());
      if (before !== undefined && !isKept) end(before, at);
      const id = isKept ? before.id : randomUUID();
      const isLate = !isKept && Date.parse(wanted.startsAt) < at.getTime();
      const startsAt = isLate ? at.toISOString() : wanted.startsAt;
      all.set(id, { ...wanted, id, startsAt, updatedAt: at.toISOString() });
      return id;
    },
    async expire(id, at) {
      const silence = all.get(id);
      if (silence === undefined) return false;
      end(silence, at);
      return true;
    },
    get: async (id) => all.get(id) ?? null,
    list: async () => [...all.values()],
  };
}
