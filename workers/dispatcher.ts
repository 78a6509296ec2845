/**
 * The dispatcher: reads `gds.alerts` into pages and lives, and works on the lives' workflow tasks. Both in one process,
 * because only then can a life start eagerly.
 */
import { createBookkeepingActivities } from '../activities/bookkeeping';
import { createLivesHandler, createPagesHandler } from '../src/dispatch/dispatcher';
import { quickArtifactsFrom } from '../src/enrich/providers';
import { consumeTransitions } from '../src/stream/transition-consumer';
import { createLives } from '../src/temporal/lives';
import { startWorker, workflowBundle, type Shared } from './compose';
import { enrichmentObserver, remediationObserver, streamObserver } from './observers';
import { policiesOf } from './policies';

/**
 * What waits for its turn waits in the server, where its time does not run: with many more, a burst after an outage has
 * every task of it time out, and all are begun again together. As many lives are started at a time, for a start is eager
 * only when a place is free, and one that is not costs the server half as much again.
 */
const TASKS_AT_A_TIME = 60;
/** Each poll holds one of these places. */
const POLLS_AT_A_TIME = 8;
const LIVES_AT_A_TIME = TASKS_AT_A_TIME - POLLS_AT_A_TIME;

export async function startDispatcher(shared: Shared): Promise<void> {
  const { config, metrics, wakeNotifier } = shared;
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

  await startWorker(shared, 'lifecycle', {
    workflowBundle: bundle,
    maxCachedWorkflows: 3_000,
    maxConcurrentWorkflowTaskExecutions: TASKS_AT_A_TIME,
    workflowTaskPollerBehavior: { type: 'autoscaling', initial: 2, maximum: POLLS_AT_A_TIME },
    activities: createBookkeepingActivities({
      lives: history.lives,
      silences: history.silences,
      mutes,
      async quickArtifacts(transition, episode) {
        const artifacts = await quickArtifacts(transition, episode);
        const { fingerprint, correlation_id: correlationId } = transition;
        onEnriched({ fingerprint, episode, correlationId }, artifacts);
        return artifacts;
      },
      wakeNotifier,
      onRemediated: remediationObserver(shared),
    }),
  });
  const pages = consumeTransitions({
    kafka,
    instance,
    groupId: 'pages',
    onBatch: createPagesHandler({
      store: history.pages,
      page: config.page,
      resolveTo: config.resolveTo,
      now: () => new Date(),
      wakeNotifier,
    }),
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
}
