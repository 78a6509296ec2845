/** Temporal's share of a process: the connection, its workers, and the workflows they run. */
import { readFile } from 'node:fs/promises';
import { Worker, type WorkerOptions } from '@temporalio/worker';
import { messageOf, TocsinError } from '../src/domain/errors';
import { taskQueueName } from '../src/domain/identity';
import { connectWorker, dataConverter, installRuntime, type TemporalLink } from '../src/temporal/connection';
import { ensureSearchAttributes } from '../src/temporal/search-attributes';
import { BUNDLE_PATH } from './bundle';
import type { Shared } from './compose';
import { openDependency } from './dependency';
import { WORKER } from './worker-options';

export function openTemporal(shared: Shared): Promise<TemporalLink> {
  const { config, log } = shared;
  const { namespace } = config.temporal;
  // The SDK's news of its workers' states are nobody's news.
  installRuntime((level, message, details) =>
    log[level === 'WARN' ? 'warn' : level === 'ERROR' ? 'error' : 'debug'](details, `temporal: ${message}`),
  );
  return openDependency(shared, {
    name: 'temporal',
    async open() {
      const opened = await connectWorker(config.temporal);
      try {
        await ensureSearchAttributes(opened.client, namespace);
      } catch (error) {
        await opened.close();
        throw error;
      }
      return opened;
    },
    check: ({ client }) => client.workflowService.describeNamespace({ namespace }),
    close: (link) => link.close(),
  });
}

export async function startWorker(
  shared: Shared,
  role: string,
  options: Partial<WorkerOptions>,
): Promise<void> {
  const { connection } = await shared.temporal();
  const worker = await Worker.create({
    connection,
    namespace: shared.config.temporal.namespace,
    taskQueue: taskQueueName(shared.config.instance, role),
    dataConverter,
    ...WORKER,
    ...options,
  });
  const running = worker.run();
  running.catch((error: unknown) => {
    shared.log.fatal({ err: error }, `the ${role} worker has ended: ${messageOf(error)}`);
    process.exitCode = 1;
    process.kill(process.pid, 'SIGTERM');
  });
  shared.parts.push({
    name: `${role} worker`,
    stop: async () => {
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await running.catch(() => undefined);
    },
  });
}

/** What the build has bundled. */
export async function workflowBundle(): Promise<{ code: string }> {
  try {
    return { code: await readFile(BUNDLE_PATH, 'utf8') };
  } catch (cause) {
    throw new TocsinError(
      'TOC_USAGE',
      `there is no workflow bundle at ${BUNDLE_PATH}; run \`npm run build\``,
      { cause },
    );
  }
}
