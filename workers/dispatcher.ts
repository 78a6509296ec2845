/**
 * The dispatcher: reads `gds.alerts` into pages and lives, and works on the lives' workflow tasks. Both in one process,
 * because only then can a life start eagerly. Where the configuration names an alertmanager.yml, it looks at groups and
 * tells its receivers too.
 */
import { pageOf } from '../src/dispatch/policy';
import { createBookkeepingActivities } from '../activities/bookkeeping';
import { createLivesHandler, createPagesHandler } from '../src/dispatch/dispatcher';
import { quickArtifactsFrom } from '../src/enrich/providers';
import { createOnCall } from '../src/oncall/on-call';
import { createTransitionPublisher } from '../src/stream/publishers';
import { consumeTransitions } from '../src/stream/transition-consumer';
import { createLives } from '../src/temporal/lives';
import { ownReadOptions, readAlertmanager, type InEffect } from './alertmanager';
import type { Shared } from './compose';
import { openGroups, wakingAfter, type Groups } from './groups';
import { incidentsOf, startIncidentWatch } from './incidents';
import { enrichmentObserver, remediationObserver, streamObserver } from './observers';
import { waysIn } from './integration-receivers';
import { currentMutesOf, startMuteWatch } from './mute-watch';
import { policiesOf } from './policies';
import { startWorker, workflowBundle } from './temporal';
import { startUndeliveredWatch } from './undelivered-watch';
import { LIFECYCLE_WORKER, LIVES_AT_A_TIME } from './worker-options';

export async function startDispatcher(shared: Shared): Promise<void> {
  const { config, metrics, wakeNotifier } = shared;
  const groups = await openOwnGroups(shared);
  const [kafka, history, mutes, temporal, bundle] = await Promise.all([
    shared.kafka(),
    shared.history(),
    shared.mutes(),
    shared.temporal(),
    workflowBundle(),
  ]);
  const onEvent = streamObserver(shared);
  const onEnriched = enrichmentObserver(shared);
  const quickArtifacts = quickArtifactsFrom({ lists: history.lists, budgets: config.enrich });
  const { instance } = config;

  const waysOf = waysIn(groups?.inEffect ?? null);
  const onCall = createOnCall({ ...config.onCall, overrides: history.overrides });

  await startWorker(shared, 'lifecycle', {
    ...LIFECYCLE_WORKER,
    workflowBundle: bundle,
    activities: createBookkeepingActivities({
      lives: history.lives,
      silences: history.silences,
      mutes,
      ...(await currentMutesOf(shared)),
      async quickArtifacts(transition, episode) {
        const artifacts = await quickArtifacts(transition, episode);
        const { fingerprint, correlation_id: correlationId } = transition;
        onEnriched({ fingerprint, episode, correlationId }, artifacts);
        return artifacts;
      },
      onCall,
      followers: config.acknowledgedTo,
      lists: history.lists,
      groupOf: groups?.groupOf,
      waysOf,
      wakeNotifier,
      onRemediated: remediationObserver(shared),
    }),
  });
  await startMuteWatch(shared);
  await startIncidentWatch(shared);
  await startUndeliveredWatch(shared);
  const pages = consumeTransitions({
    kafka,
    instance,
    groupId: 'pages',
    onBatch: wakingAfter(
      createPagesHandler({
        store: history.pages,
        pageFor: pageOf(config.page, config.pages, config.pageBySeverity),
        resolveTo: config.resolveTo,
        groupsFor: groups?.grouping.groupsFor,
        incidents: incidentsOf(config, onCall, waysOf),
        now: () => new Date(),
        wakeNotifier,
      }),
      () => groups?.wake(),
    ),
    onEvent,
  });
  const lives = consumeTransitions({
    kafka,
    instance,
    groupId: 'lives',
    onBatch: createLivesHandler({
      lives: createLives(temporal.client),
      policyFor: policiesOf(config),
      concurrency: LIVES_AT_A_TIME,
      onDelivered: (outcome) => metrics.workflowDeliveries.inc({ outcome }),
    }),
    onEvent,
  });
  shared.parts.push({ name: 'lives', stop: () => lives.stop() }, { name: 'pages', stop: () => pages.stop() });
  await groups?.start();
}

/** Null where the configuration names no alertmanager.yml. */
async function openOwnGroups(shared: Shared): Promise<Groups | null> {
  const { config, parts } = shared;
  const options = ownReadOptions(shared);
  if (config.alertmanager === null || options === null) return null;
  const { targetDownMs, stormReceiver, policies } = config.alertmanager;
  const read = (): InEffect => readAlertmanager(options);
  const { instance } = config;
  const kafka = await shared.kafka();
  const publisher = createTransitionPublisher({ kafka, instance, onEvent: streamObserver(shared) });
  parts.push({ name: "groups' publisher", stop: () => publisher.close() });
  const groups = await openGroups(shared, {
    ...{ read, first: read(), publish: publisher.publish },
    ...{ startDelayMs: 0, ofRules: true, mends: true, targetDownMs, stormReceiver, policies },
  });
  shared.onReload(async () => {
    await groups.reload();
    return 'routes read';
  });
  return groups;
}
