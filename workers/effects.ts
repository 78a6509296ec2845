/** The effects role: remediations, enrichment beyond our own records, the notifier, what forgets old history, and the auditor. */
import { createDrillActivities } from '../activities/drills';
import { createEnrichmentActivities } from '../activities/enrichment';
import { createRemediationActivities } from '../activities/remediation';
import type { Config, ReceiverConfig } from '../src/config/config';
import { compileMatchers } from '../src/domain/matchers';
import { createEnrich } from '../src/enrich/enrich';
import { remoteProviders } from '../src/enrich/providers';
import type { AlertLists, AlertRow } from '../src/history/port';
import { createMutes } from '../src/mute/mutes';
import { createNotifier } from '../src/notify/notify';
import { onCallOf } from '../src/notify/on-call';
import type { Drills, Receiver } from '../src/notify/port';
import { createActs } from '../src/remediate/acts';
import { createGuard } from '../src/remediate/guard';
import { createRecoveryWatch } from '../src/remediate/watch';
import { createSampleReader } from '../src/stream/sample-reader';
import { startAuditor } from './auditor';
import { channelOf } from './channels';
import { followIntegrations } from './integration-receivers';
import type { Shared } from './compose';
import { keepDrills, openDrills } from './drills';
import { startForgetting } from './forgetting';
import {
  actObserver,
  enrichmentObserver,
  notifierObserver,
  refusalObserver,
  timedChannel,
} from './observers';
import { targetDescriptions } from './policies';
import { startWorker, workflowBundle } from './temporal';

const CHANGE_TIMEOUT_MS = 15_000;
const LOOK_EVERY_MS = 1_000;
const now = (): Date => new Date();

export async function startEffects(shared: Shared): Promise<void> {
  const drills = await openDrills(shared);
  await startEffectsWorker(shared, drills);
  await startNotifier(shared);
  await startForgetting(shared);
  await startAuditor(shared, null);
  await keepDrills(shared, drills);
}

async function startEffectsWorker(shared: Shared, drills: Drills): Promise<void> {
  const { config } = shared;
  const [kafka, history, bundle] = await Promise.all([shared.kafka(), shared.history(), workflowBundle()]);
  const target = shared.targetSql();
  const { permits: store } = history;
  const onRefusal = refusalObserver(shared);
  const samples = createSampleReader({ kafka, instance: config.instance, timing: config.evaluate });
  await startWorker(shared, 'effects', {
    workflowBundle: bundle,
    activities: {
      ...createRemediationActivities({
        guard: createGuard({
          store,
          policy: config.remediation,
          describe: targetDescriptions(config),
          // Read anew each time: a repair that is asked for when a silence ends must not meet what was read before.
          mutes: createMutes(history.silences, { cacheMs: 0 }),
          maintenances: await shared.maintenances(),
          now,
          onRefusal,
        }),
        acts: createActs({ store, target, changeTimeoutMs: CHANGE_TIMEOUT_MS, now, onRefusal }),
        watch: createRecoveryWatch({ samples, pollMs: LOOK_EVERY_MS, now }),
        onActed: actObserver(shared),
      }),
      ...createDrillActivities(drills),
      ...createEnrichmentActivities({
        enrich: createEnrich({ providers: remoteProviders(target), now }),
        onEnriched: enrichmentObserver(shared),
      }),
    },
  });
}

async function startNotifier(shared: Shared): Promise<void> {
  const { config, log, parts } = shared;
  const [{ queue, lists, rateLimits }, mutes] = await Promise.all([shared.history(), shared.mutes()]);
  const receivers = config.receivers.map((receiver) => receiverOf(shared, receiver, lists));
  const notifier = createNotifier({
    queue,
    mutes,
    receivers,
    changing: followIntegrations(shared),
    rateLimits,
    now,
    log,
    breaker: config.notify.breaker,
    fatigueLimit: config.fatigueLimit,
    onCallPerson: onCallPersonOf(config),
    onEvent: notifierObserver(shared),
  });
  shared.onWakeNotifier(() => notifier.wake());
  parts.push({
    name: 'channels',
    stop: async () => void (await Promise.all(receivers.map(({ channel }) => channel.close()))),
  });
  await notifier.start();
  parts.push({ name: 'notifier', stop: () => notifier.stop() });
}

function receiverOf(shared: Shared, receiver: ReceiverConfig, lists: AlertLists): Receiver {
  const { name, timeoutMs, fallback, fallbackAfterMs, rateLimit } = receiver;
  const routingKey = receiver.type === 'notification_service' ? receiver.routingKey : null;
  const channel = timedChannel(shared, name, channelOf(receiver, shared.config, lists));
  return { name, channel, routingKey, timeoutMs, fallback, fallbackAfterMs, rateLimit };
}

function onCallPersonOf(config: Config): (alert: AlertRow, step: string) => string | null {
  const escalations = config.escalations.map(({ matchers, policy }) => ({
    holds: compileMatchers(matchers),
    policy,
  }));
  return ({ labels }, step) => onCallOf(escalations.find(({ holds }) => holds(labels))?.policy ?? null, step);
}
