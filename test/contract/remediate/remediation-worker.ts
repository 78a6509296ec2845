/**
 * A worker that remediates with everything real but the samples: those are counted on the target at each look. Run as a
 * script it is a process that dies: it makes its first change, prints CHANGED and hangs before it can record it.
 */
import { Client } from 'pg';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createRemediationActivities } from '../../../activities/remediation';
import { createTargetSql, type ClosableTargetSql } from '../../../src/collect/postgres/target-sql';
import type { Point } from '../../../src/domain/metric';
import { openDatabase } from '../../../src/history/database';
import { createPermitStore } from '../../../src/history/permits';
import { createActs } from '../../../src/remediate/acts';
import { createGuard } from '../../../src/remediate/guard';
import type { RemediationPolicy, TargetSql } from '../../../src/remediate/port';
import { createRecoveryWatch } from '../../../src/remediate/watch';
import type { SampleReader } from '../../../src/stream/port';
import { workflowBundle } from '../../harness/workflow-bundle';

export interface WorkerPlace {
  readonly temporal: string;
  readonly taskQueue: string;
  readonly postgres: string;
  readonly instance: string;
  readonly targetUrl: string;
  readonly target: string;
  /** The target's `remediation: false`. */
  readonly excluded?: boolean;
}

export const POLICY: RemediationPolicy = {
  enabled: true,
  environments: ['test'],
  dryRun: false,
  soakMs: 300,
  verifyTimeoutMs: 20_000,
  limits: { perTargetPerHour: 10, concurrent: 5, leaseMs: 60_000 },
  runbooks: {},
};

const now = (): Date => new Date();

/** How many sessions of `shop` there are, a sample a look. */
function countedSamples(client: Client): SampleReader {
  const points: Point[] = [];
  return {
    async since(_series, sinceMs) {
      const { rows } = await client.query<{ count: number }>(
        "select count(*)::int from pg_stat_activity where application_name = 'shop'",
      );
      points.push([Date.now(), rows[0]!.count]);
      return points.filter(([time]) => time > sinceMs);
    },
  };
}

export interface RunningWorker {
  readonly target: ClosableTargetSql;
  close(): Promise<void>;
}

export async function startWorker(
  place: WorkerPlace,
  wrap: (change: TargetSql['change']) => TargetSql['change'] = (change) => change,
): Promise<RunningWorker> {
  const database = openDatabase({ url: place.postgres, instance: place.instance });
  const target = createTargetSql((name) =>
    name === place.target
      ? { name, type: 'postgresql', connection: place.targetUrl, tags: { environment: 'test' } }
      : null,
  );
  const described = { kind: 'postgresql', environment: 'test', remediation: place.excluded !== true };
  const describe = (name: string) => (name === place.target ? described : null);
  const counting = new Client({ connectionString: place.targetUrl, application_name: 'tocsin-counting' });
  await counting.connect();
  const store = createPermitStore(database);
  const activities = createRemediationActivities({
    guard: createGuard({ store, policy: POLICY, describe, mutes: null, maintenances: null, now }),
    acts: createActs({
      store,
      target: { read: target.read, change: wrap(target.change) },
      changeTimeoutMs: 30_000,
      now,
    }),
    watch: createRecoveryWatch({ samples: countedSamples(counting), pollMs: 100, now }),
  });
  const connection = await NativeConnection.connect({ address: place.temporal });
  const worker = await Worker.create({
    connection,
    taskQueue: place.taskQueue,
    workflowBundle: await workflowBundle(),
    activities,
    shutdownForceTime: '2s',
  });
  const running = worker.run();
  return {
    target,
    close: async () => {
      worker.shutdown();
      await running;
      await Promise.all([connection.close(), database.close(), target.close(), counting.end()]);
    },
  };
}

if (require.main === module) {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const hang = new Promise<never>(() => undefined);
  void startWorker(JSON.parse(process.argv[2]!) as WorkerPlace, (change) => async (...given) => {
    await change(...given);
    process.stdout.write('CHANGED\n');
    return hang;
  }).then(() => process.stdout.write('READY\n'));
}
