/** A measured process and the one that measures it: requests and answers over Node's own channel. */
import { fork } from 'node:child_process';
import { once } from 'node:events';

export interface RunRequest {
  /** How long new lives are begun; those that have begun are lived to their end. */
  readonly seconds: number;
  readonly atATime: number;
  /** Lives are left where their timer runs. */
  readonly beginOnly?: boolean;
}

export interface Lived {
  readonly lives: number;
  /** Lives a second, from when each slot has ended one until no more are begun; 0 when it was over by then. */
  readonly rate: number;
  /** Events in the histories of some of the lives: the median, and the most. */
  readonly events: number;
  readonly mostEvents: number;
}

export interface Child {
  readonly pid: number;
  /** Rejects when the child has ended without having been asked to. */
  readonly lost: Promise<never>;
  /** Resolves with the child's answer. */
  ask<T>(request: object): Promise<T>;
  stop(): Promise<void>;
}

/** Resolves when the child has said that it is ready. Its lines go nowhere; what it says of its failure is the error. */
export async function startChild(
  script: string,
  args: readonly string[],
  nodeOptions: readonly string[] = [],
): Promise<Child> {
  const child = fork(script, args, {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: [...nodeOptions],
  });
  let errors = '';
  let stopping = false;
  child.stderr!.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-4_000)));
  const lost = new Promise<never>((_, reject) =>
    child.once('close', () => {
      if (!stopping) reject(new Error(`a measured process has ended: ${errors}`));
    }),
  );
  lost.catch(() => undefined);
  const answer = async (): Promise<unknown> =>
    ((await Promise.race([once(child, 'message'), lost])) as [unknown])[0];
  await answer();
  return {
    pid: child.pid!,
    lost,
    async ask<T>(request: object) {
      child.send(request);
      return (await answer()) as T;
    },
    async stop() {
      stopping = true;
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.send({ stop: true });
      await once(child, 'exit');
    },
  };
}

/** In the child: says that it is ready, answers requests one after the other, and resolves when it is to stop. */
export async function answerRuns<T extends object, R extends object = RunRequest>(
  run: (request: R) => Promise<T>,
): Promise<void> {
  process.send!({ ready: true });
  for (;;) {
    const [request] = (await once(process, 'message')) as [R | { stop: true }];
    if ('stop' in request) break;
    process.send!(await run(request));
  }
  process.disconnect();
}
