/** All that handles alerts and all that audits it, in one process on real servers, with a group for each `alertname`. */
import { createAuditActivities } from '../../../activities/audit';
import { createBookkeepingActivities } from '../../../activities/bookkeeping';
import { Worker } from '@temporalio/worker';
import { createAuditor, type AuditorDeps } from '../../../src/audit/auditor';
import type { FindKind } from '../../../src/audit/port';
import { createLivesHandler, createPagesHandler } from '../../../src/dispatch/dispatcher';
import { createGrouping } from '../../../src/dispatch/grouping';
import type { Lives, RouteOptions } from '../../../src/dispatch/port';
import { taskQueueName } from '../../../src/domain/identity';
import type { LifePolicy } from '../../../src/domain/life';
import type { Transition } from '../../../src/domain/transition';
import { silentLogger } from '../../../src/observe/observe';
import { createAlertsProgress } from '../../../src/stream/alerts-progress';
import { createKafka } from '../../../src/stream/kafka';
import { createTransitionPublisher } from '../../../src/stream/publishers';
import { ensureTopics } from '../../../src/stream/topics';
import { consumeTransitions } from '../../../src/stream/transition-consumer';
import { deleteAuditSchedule, ensureAuditSchedule } from '../../../src/temporal/audit-schedule';
import { createAuditedLives } from '../../../src/temporal/audited-lives';
import { connectWorker, dataConverter, type TemporalLink } from '../../../src/temporal/connection';
import { createLives } from '../../../src/temporal/lives';
import { ensureSearchAttributes } from '../../../src/temporal/search-attributes';
import { policy } from '../../builders/alerts';
import { testServers } from '../../harness/servers';
import { workflowBundle } from '../../harness/workflow-bundle';
import '../../workflows/fixtures/quiet-runtime';
import { testHistory, type TestHistory } from '../history/test-history';

export interface AuditScene {
  readonly kept: TestHistory;
  readonly client: TemporalLink['client'];
  readonly auditor: ReturnType<typeof createAuditor>;
  /** How many of each kind were found, in all. */
  readonly found: Map<FindKind, number>;
  /** Of audits that had nothing to leave out. */
  audited(): number;
  publish(...transitions: Transition[]): Promise<void>;
  /** From now on by Schedule. */
  schedule(everyMs: number, patienceMs: number): Promise<void>;
  close(): Promise<void>;
}

export interface AuditSceneOptions {
  readonly policy?: Partial<LifePolicy>;
  readonly lives?: (lives: Lives) => Lives;
  readonly auditor?: (deps: AuditorDeps) => AuditorDeps;
  readonly onAudited?: () => void;
}

const ROUTE: RouteOptions = {
  receiver: 'team',
  groupBy: ['alertname'],
  // Nobody looks at groups here, so none is ever due.
  ...{ groupWaitMs: 3_600_000, groupIntervalMs: 3_600_000, repeatIntervalMs: 3_600_000 },
  ...{
    matchers: [],
    continue: false,
    muteTimeIntervals: [],
    activeTimeIntervals: [],
    labels: {},
    routes: [],
  },
};

export async function auditScene(options: AuditSceneOptions = {}): Promise<AuditScene> {
  const kept = await testHistory();
  const { instance, history } = kept;
  const kafka = createKafka({ brokers: testServers().kafka, clientId: `test-${instance}` });
  await ensureTopics(kafka, instance, [], { development: true });
  const link = await connectWorker({ address: testServers().temporal, namespace: 'default' });
  const { client, connection } = link;
  await ensureSearchAttributes(client, 'default');
  const policyFor = (): LifePolicy => policy({ instance, remediation: null, enrich: [], ...options.policy });
  const publisher = createTransitionPublisher({ kafka, instance });
  const grouping = createGrouping({
    ...{ store: history.groups, changes: history.followAlerts(), route: ROUTE, now: () => Date.now() },
  });
  await grouping.start();

  const found = new Map<FindKind, number>();
  let audited = 0;
  const auditor = createAuditor(
    (options.auditor ?? ((deps) => deps))({
      instance,
      rows: history.audit,
      lives: createAuditedLives({ client, instance, policyFor }),
      progress: createAlertsProgress({ kafka, instance, groupIds: ['pages', 'lives'] }),
      publish: publisher.publish,
      escalationOf: () => policyFor().escalation,
      mendGroups: () => grouping.mend(),
      lateMs: 30_000,
      overdueMs: { group: 30_000, message: 3_600_000 },
      now: () => Date.now(),
      log: silentLogger(),
      onFind: (kind, many) => void (many > 0 && found.set(kind, (found.get(kind) ?? 0) + many)),
      onAudited() {
        audited += 1;
        options.onAudited?.();
      },
    }),
  );
  const bundle = await workflowBundle();
  const worker = (role: string, activities: object): Promise<Worker> =>
    Worker.create({
      ...{ connection, taskQueue: taskQueueName(instance, role), workflowBundle: bundle, dataConverter },
      activities,
    });
  const workers = [
    await worker(
      'lifecycle',
      createBookkeepingActivities({
        lives: history.lives,
        silences: history.silences,
        mutes: { verdict: async () => ({ muted: false }) },
        quickArtifacts: async () => [],
        wakeNotifier: () => undefined,
      }),
    ),
    await worker('audit', createAuditActivities(auditor)),
  ];
  const running = workers.map((each) => each.run());
  const pages = consumeTransitions({
    ...{ kafka, instance, groupId: 'pages' },
    onBatch: createPagesHandler({
      store: history.pages,
      pageFor: () => policyFor().page,
      resolveTo: [],
      groupsFor: grouping.groupsFor,
      now: () => new Date(),
      wakeNotifier: () => undefined,
    }),
  });
  const lives = consumeTransitions({
    ...{ kafka, instance, groupId: 'lives' },
    onBatch: createLivesHandler({
      lives: (options.lives ?? ((same) => same))(createLives(client)),
      policyFor,
      concurrency: 10,
    }),
  });

  return {
    ...{ kept, client, auditor, found },
    audited: () => audited,
    publish: (...transitions) => publisher.publish(transitions),
    schedule: (everyMs, patienceMs) => ensureAuditSchedule(client, { instance, everyMs, patienceMs }),
    async close() {
      await deleteAuditSchedule(client, instance);
      await Promise.all([pages.stop(), lives.stop()]);
      for (const each of workers) each.shutdown();
      await Promise.all(running);
      await publisher.close();
      await link.close();
      await kept.close();
    },
  };
}
