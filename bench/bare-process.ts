/**
 * The reference of the lifecycle: a process with a worker and the client that starts eagerly on it, as the dispatcher has
 * them, with the same settings of the worker. Slots in a closed loop: start, wait until the timer is set, signal, wait for the end;
 * or only the beginning of that.
 */
import { randomBytes } from 'node:crypto';
import { bundleWorkflowCode, DefaultLogger, Worker } from '@temporalio/worker';
import { LIFECYCLE_WORKER } from '../workers/worker-options';
import { installRuntime, connectWorker } from '../src/temporal/connection';
import { bareLife, endSignal } from './bare-workflow';
import { answerRuns, type Lived, type RunRequest } from './child';
import { countEvents, inClosedLoop, untilClosed } from './closed';

async function main([address]: string[]): Promise<void> {
  installRuntime(() => undefined);
  const link = await connectWorker({ address: address!, namespace: 'default' });
  const taskQueue = `bare-${randomBytes(5).toString('hex')}`;
  const waiting = new Map<string, () => void>();
  const tell = (what: string, id: string): void => waiting.get(`${what} ${id}`)?.();
  const told = (what: string, id: string): Promise<void> =>
    new Promise((resolve) => waiting.set(`${what} ${id}`, resolve));
  const sink = (what: string) => ({
    fn: (_: unknown, id: string) => tell(what, id),
    callDuringReplay: false,
  });
  const worker = await Worker.create({
    connection: link.connection,
    taskQueue,
    workflowBundle: await bundleWorkflowCode({
      workflowsPath: require.resolve('./bare-workflow'),
      preloadModules: [require.resolve('./bare-workflow')],
      logger: new DefaultLogger('ERROR'),
    }),
    activities: { act: () => Promise.resolve() },
    sinks: { life: { armed: sink('armed'), done: sink('done') } },
    ...LIFECYCLE_WORKER,
  });
  const running = worker.run();

  async function life(id: string, beginOnly: boolean): Promise<void> {
    const [armed, done] = [told('armed', id), told('done', id)];
    const handle = await link.client.workflow.start(bareLife, {
      taskQueue,
      workflowId: id,
      requestEagerStart: true,
    });
    await armed;
    waiting.delete(`armed ${id}`);
    if (beginOnly) return;
    await handle.signal(endSignal);
    await done;
    waiting.delete(`done ${id}`);
  }

  async function run(request: RunRequest): Promise<Lived> {
    const tag = randomBytes(4).toString('hex');
    const ids: string[] = [];
    const lived = await inClosedLoop(request, (place) => {
      ids.push(`${taskQueue}/${tag}-${place}`);
      return life(ids.at(-1)!, request.beginOnly ?? false);
    });
    if (!request.beginOnly) await untilClosed(link.client, taskQueue);
    return { ...lived, ...(await countEvents(link.client, ids)) };
  }

  await answerRuns(run);
  worker.shutdown();
  await running;
  await link.close();
}

void main(process.argv.slice(2));
