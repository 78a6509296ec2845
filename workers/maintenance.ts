/**
 * The maintenances of tocsin.yaml, read again while a role runs: one that is new holds from then on; of one that is gone or changed,
 * pages that wait are looked at anew, and lives hear of it. Each process of an instance does so when it has read them: the last
 * one's word is the one that stays.
 */
import { canonical } from '../src/domain/canonical';
import type { Maintenance } from '../src/domain/maintenance';
import type { MaintenanceStore } from '../src/mute/port';
import type { Shared } from './compose';
import { createReload, stateOf } from './reload';

export async function followMaintenance(shared: Shared): Promise<() => readonly Maintenance[]> {
  const { config, reread, log, parts } = shared;
  if (reread === null) return () => config.maintenance;
  const seen = stateOf(config);
  const { maintenances: store } = await shared.history();
  const configured = changingMaintenance(config.maintenance, store);
  const { now, part } = createReload({
    ...{ config, reread, log, seen, onRead: () => undefined },
    part: { name: 'maintenances', of: ({ maintenance }) => maintenance },
    take: ({ maintenance }) => configured.take(maintenance),
  });
  shared.onReload(async () => `maintenances ${await now('asked over HTTP')}`);
  parts.push(part);
  return configured.current;
}

export interface ChangingMaintenance {
  readonly current: () => readonly Maintenance[];
  /** They hold at once; throws where it could not be told, and then it is to be taken again. */
  take(next: readonly Maintenance[]): Promise<void>;
}

export function changingMaintenance(
  first: readonly Maintenance[],
  store: Pick<MaintenanceStore, 'changed'>,
): ChangingMaintenance {
  let current = first;
  /** What lives and messages have heard of. */
  let told = first;
  return {
    current: () => current,
    async take(next) {
      current = next;
      const changed = [...without(told, next), ...without(next, told)];
      if (changed.length > 0) await store.changed(changed);
      told = next;
    },
  };
}

function without(all: readonly Maintenance[], others: readonly Maintenance[]): readonly Maintenance[] {
  const same = new Set(others.map(canonical));
  return all.filter((one) => !same.has(canonical(one)));
}
