/** Incidents in the dispatcher: what makes them, and who looks whether they are over. */
import type { Config } from '../src/config/config';
import { commandsOf } from '../src/dispatch/commanders';
import type { PagesDeps } from '../src/dispatch/dispatcher';
import { createIncidentWatch } from '../src/dispatch/incident-watch';
import { createCorrelation } from '../src/dispatch/incidents';
import type { OnCall } from '../src/oncall/port';
import type { Shared } from './compose';

/** Nothing where none are configured: `pages` then asks and writes nothing for them. */
export function incidentsOf(
  { incidents }: Config,
  onCall: OnCall,
  waysOf: (receiver: string) => readonly string[],
): PagesDeps['incidents'] {
  if (incidents.length === 0) return undefined;
  return {
    correlation: createCorrelation(incidents, waysOf),
    commandsOf: (policies, at) => commandsOf(onCall, policies, at),
  };
}

/** Also where none are configured any more: what is open ends all the same. */
export async function startIncidentWatch(shared: Shared): Promise<void> {
  const { config, log, metrics, parts, wakeNotifier } = shared;
  const { incidents: store } = await shared.history();
  const watch = createIncidentWatch({
    ...{ store, resolveTo: config.resolveTo, acknowledgedTo: config.acknowledgedTo, log, wakeNotifier },
    isConfigured: config.incidents.length > 0,
    onLook: (open) => metrics.incidentsOpen.set(open),
  });
  watch.start();
  parts.push({ name: 'incident watch', stop: () => watch.stop() });
}
