/**
 * The maintenances of the configuration as a process goes by them, which may read them anew. What pages and lives are to hear of
 * is what has come, gone or changed since they heard last.
 */
import { canonical } from '../domain/canonical';
import type { Maintenance } from '../domain/maintenance';
import type { MaintenanceStore } from './port';

export interface ConfiguredMaintenances {
  readonly current: () => readonly Maintenance[];
  /** Of the first ones. */
  begin(): Promise<void>;
  /** They hold at once; throws where it could not be told, and then it is to be taken again. */
  take(next: readonly Maintenance[]): Promise<void>;
}

export function configuredMaintenances(
  first: readonly Maintenance[],
  store: Pick<MaintenanceStore, 'goBy'>,
): ConfiguredMaintenances {
  let current = first;
  /** What lives and messages have heard of. */
  let told = first;
  return {
    current: () => current,
    begin: () => store.goBy(first, []),
    async take(next) {
      current = next;
      const changed = [...without(told, next), ...without(next, told)];
      if (changed.length > 0) await store.goBy(next, changed);
      told = next;
    },
  };
}

function without(all: readonly Maintenance[], others: readonly Maintenance[]): readonly Maintenance[] {
  const same = new Set(others.map(canonical));
  return all.filter((one) => !same.has(canonical(one)));
}
