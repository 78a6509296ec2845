/**
 * The two programs of a storm, started as people start them with the same alertmanager.yml: `tocsin serve` as it was built,
 * on an instance of its own, and Alertmanager on a folder of its own. Each may be killed and started again on what it has kept.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { choosePorts } from '../src/dev/ports';
import { taskQueueName } from '../src/domain/identity';
import { createKafka } from '../src/stream/kafka';
import type { AlertmanagerProgram } from './alertmanager';
import type { BenchStage } from './measure';
import { dropSchema, removeTopics } from './system';

export type ProgramName = 'Tocsin' | 'Alertmanager';

export interface Contender {
  readonly program: ProgramName;
  readonly url: string;
  /** Of the process that runs now. */
  pid(): number;
  /** Of its lives in Temporal; null where it has none. */
  readonly lifeQueue: string | null;
  kill(): Promise<void>;
  /** After a kill, on what was kept. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** The same for both. Durations as the file has them. */
export interface Routing {
  readonly groupBy: readonly string[];
  readonly groupWait: string;
  readonly groupInterval?: string;
}

export type StartContender = (routing: Routing, hook: string) => Promise<Contender>;

const READY_WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 20;

/** Who hears the summary of a storm; Alertmanager makes none. */
const SUMMARY = 'summary';

/** JSON is YAML. */
const fileOf = ({ groupBy, groupWait, groupInterval = '5s' }: Routing, hook: string): string =>
  JSON.stringify({
    route: {
      receiver: 'hook',
      group_by: groupBy,
      group_wait: groupWait,
      group_interval: groupInterval,
      repeat_interval: '4h',
    },
    receivers: [
      { name: 'hook', webhook_configs: [{ url: hook, send_resolved: false }] },
      { name: SUMMARY, webhook_configs: [{ url: `${hook}/summary`, send_resolved: false }] },
    ],
  });

export function tocsinOf(stage: BenchStage): StartContender {
  const entry = join(__dirname, '..', 'src', 'cli', 'tocsin.js');
  const env = {
    ...process.env,
    TOCSIN_KAFKA: stage.kafka.join(','),
    TOCSIN_TEMPORAL: stage.temporal,
    TOCSIN_POSTGRES: stage.postgres,
  };
  return async (routing, hook) => {
    const instance = `b${randomBytes(5).toString('hex')}`;
    return startContender({
      ...{ program: 'Tocsin', file: fileOf(routing, hook), lifeQueue: taskQueueName(instance, 'lifecycle') },
      spawn: (_folder, file, port) =>
        spawn(
          process.execPath,
          [
            entry,
            'serve',
            '--alertmanager-config',
            file,
            '--listen',
            `127.0.0.1:${port}`,
            '--instance',
            instance,
            '--storm-summary',
            SUMMARY,
          ],
          { env, stdio: ['ignore', 'ignore', 'pipe'] },
        ),
      async remove() {
        await removeTopics(createKafka({ brokers: [...stage.kafka], clientId: instance }), instance);
        await dropSchema(stage.postgres, instance);
      },
    });
  };
}

export function alertmanagerOf({ path }: AlertmanagerProgram): StartContender {
  return (routing, hook) =>
    startContender({
      ...{ program: 'Alertmanager', file: fileOf(routing, hook), lifeQueue: null },
      spawn: (folder, file, port) =>
        spawn(
          path,
          [
            `--config.file=${file}`,
            `--storage.path=${join(folder, 'data')}`,
            `--web.listen-address=127.0.0.1:${port}`,
            '--cluster.listen-address=',
            '--log.level=error',
          ],
          { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
        ),
      remove: () => Promise.resolve(),
    });
}

interface Plan extends Pick<Contender, 'program' | 'lifeQueue'> {
  readonly file: string;
  readonly spawn: (folder: string, file: string, port: number) => ChildProcess;
  /** What it leaves on the servers. */
  readonly remove: () => Promise<void>;
}

async function startContender(plan: Plan): Promise<Contender> {
  const folder = await mkdtemp(join(tmpdir(), 'tocsin-storm-'));
  const file = join(folder, 'alertmanager.yml');
  await writeFile(file, plan.file);
  const [port] = await choosePorts([[]]);
  const url = `http://127.0.0.1:${port}`;
  let child: ChildProcess;
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const start = async (): Promise<void> => {
    child = plan.spawn(folder, file, port!);
    await ready(plan.program, child, url);
  };
  const end = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null && child.kill('SIGKILL'))
      await once(child, 'exit');
  };
  const close = async (): Promise<void> => {
    await end();
    process.off('exit', kill);
    await rm(folder, { recursive: true, force: true });
    await plan.remove();
  };
  try {
    await start();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    ...{ program: plan.program, lifeQueue: plan.lifeQueue, url },
    pid: () => child.pid!,
    ...{ kill: end, restart: start, close },
  };
}

async function ready(program: string, child: ChildProcess, url: string): Promise<void> {
  let said = '';
  child.stderr!.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-2_000)));
  for (const deadline = Date.now() + READY_WITHIN_MS; ; await sleep(LOOK_EVERY_MS)) {
    const is = await fetch(`${url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (is) return;
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`${program} is not ready: ${said}`);
  }
}
