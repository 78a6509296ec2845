/** The lives of a serving process: each alert's own workflow, begun when its pages are written, and their audit. */
import { createBookkeepingActivities } from '../activities/bookkeeping';
import { createLivesHandler } from '../src/dispatch/dispatcher';
import { consumeTransitions } from '../src/stream/transition-consumer';
import { createLives } from '../src/temporal/lives';
import { startAuditor, type AuditedGroups } from './auditor';
import type { Shared } from './compose';
import { currentMutesOf, startMuteWatch } from './mute-watch';
import { streamObserver } from './observers';
import { policiesOf } from './policies';
import { startWorker, workflowBundle } from './temporal';
import { LIFECYCLE_WORKER, LIVES_AT_A_TIME } from './worker-options';

export interface LivesOptions {
  /** Asked before each life; resolves when no pages are being written: they come first. */
  readonly pagesAreQuiet: () => Promise<void>;
  readonly groups: AuditedGroups;
}

export async function serveLives(shared: Shared, options: LivesOptions): Promise<void> {
  const { config, metrics } = shared;
  const [kafka, history, temporal, mutes, bundle] = await Promise.all([
    shared.kafka(),
    shared.history(),
    shared.temporal(),
    shared.mutes(),
    workflowBundle(),
  ]);
  await startWorker(shared, 'lifecycle', {
    ...LIFECYCLE_WORKER,
    workflowBundle: bundle,
    activities: createBookkeepingActivities({
      lives: history.lives,
      silences: history.silences,
      mutes,
      ...(await currentMutesOf(shared)),
      quickArtifacts: async () => [],
      wakeNotifier: () => undefined,
      onRemediated: () => undefined,
    }),
  });
  await startMuteWatch(shared);
  const lives = createLives(temporal.client);
  const begin = createLivesHandler({
    lives: {
      async deliver(transition, policy) {
        await options.pagesAreQuiet();
        return lives.deliver(transition, policy);
      },
    },
    policyFor: policiesOf(config),
    concurrency: LIVES_AT_A_TIME,
    onDelivered: (outcome) => metrics.workflowDeliveries.inc({ outcome }),
  });
  const reader = consumeTransitions({
    kafka,
    instance: config.instance,
    groupId: 'lives',
    onBatch: (batch) => begin(batch.filter(({ transition }) => transition.told_again !== true)),
    onEvent: streamObserver(shared),
  });
  shared.parts.push({ name: 'lives', stop: () => reader.stop() });
  await startAuditor(shared, options.groups);
}
