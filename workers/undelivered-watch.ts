/** Who tells lives of what nobody could be told: where alerts have an escalation, which goes on then. */
import { createUndeliveredWatch } from '../src/dispatch/undelivered-watch';
import { undeliveredTeller } from '../src/temporal/undelivered';
import type { Shared } from './compose';

export async function startUndeliveredWatch(shared: Shared): Promise<void> {
  const { config, log, parts } = shared;
  if (config.escalations.length === 0) return;
  const [{ undelivered: store }, { client }] = await Promise.all([shared.history(), shared.temporal()]);
  const watch = createUndeliveredWatch({
    store,
    tell: undeliveredTeller(client, config.instance),
    lateMs: config.notify.undeliveredAfterMs,
    hasGroups: config.alertmanager !== null,
    log,
  });
  watch.start();
  parts.push({ name: 'undelivered watch', stop: () => watch.stop() });
}
