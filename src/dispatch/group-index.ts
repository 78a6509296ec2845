/** Which alerts belong to which group: a function of the routes and the labels, kept up to date as alerts come and go. */
import type { Labels } from '../domain/labels';
import type { GroupPlace, Routes } from './routes';

export interface IndexedGroup extends GroupPlace {
  /** Fingerprints. */
  readonly members: ReadonlySet<string>;
}

export interface GroupIndex {
  /** Where the alert belongs; it is a member from now on. */
  add(fingerprint: string, labels: Labels): readonly GroupPlace[];
  remove(fingerprint: string): void;
  /** It belongs to this group no more: it is over, and whoever had to hear of it has. */
  leave(groupId: string, fingerprint: string): void;
  placesOf(fingerprint: string): readonly GroupPlace[];
  group(id: string): IndexedGroup | undefined;
  groups(): Iterable<IndexedGroup>;
}

interface Entry extends GroupPlace {
  readonly members: Set<string>;
}

export function createGroupIndex(routes: Routes): GroupIndex {
  const groups = new Map<string, Entry>();
  const places = new Map<string, readonly GroupPlace[]>();

  const leave = (groupId: string, fingerprint: string): void => {
    const group = groups.get(groupId);
    if (group === undefined) return;
    group.members.delete(fingerprint);
    if (group.members.size === 0) groups.delete(groupId);
  };

  return {
    add(fingerprint, labels) {
      const found = places.get(fingerprint) ?? routes.placesOf(labels);
      places.set(fingerprint, found);
      for (const place of found) {
        const group = groups.get(place.id);
        if (group === undefined) groups.set(place.id, { ...place, members: new Set([fingerprint]) });
        else group.members.add(fingerprint);
      }
      return found;
    },
    remove(fingerprint) {
      for (const { id } of places.get(fingerprint) ?? []) leave(id, fingerprint);
      places.delete(fingerprint);
    },
    leave,
    placesOf: (fingerprint) => places.get(fingerprint) ?? [],
    group: (id) => groups.get(id),
    groups: () => groups.values(),
  };
}
