/**
 * The maintenances of tocsin.yaml, read again while a role runs: one that is new holds from then on; of one that is gone or changed,
 * pages that wait are looked at anew, and lives hear of it. Each process of an instance does so when it has read them, and when it
 * has started: whoever was answered by one that did not know yet asks again.
 */
import type { Maintenance } from '../src/domain/maintenance';
import { configuredMaintenances } from '../src/mute/configured';
import type { Shared } from './compose';
import { createReload, stateOf } from './reload';

export async function followMaintenance(shared: Shared): Promise<() => readonly Maintenance[]> {
  const { config, reread, log, parts } = shared;
  const seen = stateOf(config);
  const { maintenances: store } = await shared.history();
  const configured = configuredMaintenances(config.maintenance, store);
  await configured.begin();
  if (reread === null) return configured.current;
  const { now, part } = createReload({
    ...{ config, reread, log, seen, onRead: () => undefined },
    part: { name: 'maintenances', of: ({ maintenance }) => maintenance },
    take: ({ maintenance }) => configured.take(maintenance),
  });
  shared.onReload(async () => `maintenances ${await now('asked over HTTP')}`);
  parts.push(part);
  return configured.current;
}
