/**
 * Ticks a shard: all groups of all its targets, each at its interval, until the signal aborts. Every group of every
 * target has its own timer, and the next one is set when the last collection has ended: nothing overlaps itself, and a
 * slow target delays nobody else.
 *
 * A runner outlives its runs. Between two runs of a heartbeating activity it keeps the connections, the counters behind
 * rates and the rhythm, so that the seam cannot be seen in the series. In a new process all groups are due at once,
 * spread over a short time.
 */
import { setMaxListeners } from 'node:events';
import { fnv1a64 } from '../domain/labels';
import type { Metric } from '../domain/metric';
import type { MetricPublisher } from '../stream/port';
import { collectorOf } from './collectors';
import { createOutbox, DEFAULT_OUTBOX, type OutboxOptions, type OutboxStatus } from './outbox';
import { DEFAULT_LIMITS, type Collector, type Limits, type Target } from './port';
import { openTarget, type Collected, type TargetSession } from './target-session';

export interface ShardStatus extends OutboxStatus {
  readonly targets: number;
  readonly collections: number;
  /** Collections of this run that did not succeed. */
  readonly failures: number;
}

export interface ShardRequest {
  readonly targets: readonly Target[];
  readonly publisher: MetricPublisher;
  readonly signal: AbortSignal;
  /** Called every `heartbeatMs`. */
  readonly heartbeat: (status: ShardStatus) => void;
}

export interface RunnerOptions {
  readonly limits: Limits;
  readonly outbox: OutboxOptions;
  readonly heartbeatMs: number;
  /** Over how long a shard's first collections are spread. */
  readonly spreadMs: number;
  /** How long a run may publish after its signal aborted. */
  readonly drainMs: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly collectors: (type: Target['type']) => Collector;
  /** Called after every collection, for logs and meters. */
  readonly onCollected: (target: Target, group: string, collected: Collected) => void;
}

export const DEFAULT_RUNNER: RunnerOptions = {
  limits: DEFAULT_LIMITS,
  outbox: DEFAULT_OUTBOX,
  heartbeatMs: 2_000,
  spreadMs: 1_000,
  drainMs: 2_000,
  now: Date.now,
  collectors: collectorOf,
  onCollected: () => undefined,
};

export interface ShardRunner {
  /** Runs until the signal aborts; rejects never. */
  run(request: ShardRequest): Promise<ShardStatus>;
  /** Ends all sessions; to be called when no run is under way. */
  close(): Promise<void>;
}

/** One group of one target; lives as long as its session. */
interface Task {
  readonly session: TargetSession;
  readonly group: string;
  intervalMs: number;
  dueAt: number;
  busy: boolean;
}

interface Watched {
  readonly session: TargetSession;
  readonly tasks: readonly Task[];
  usedAt: number;
}

export function createShardRunner(partial: Partial<RunnerOptions> = {}): ShardRunner {
  const options = { ...DEFAULT_RUNNER, ...partial };
  const watched = new Map<string, Watched>();
  let leftOver: readonly Metric[] = [];

  const watch = async (target: Target): Promise<Watched> => {
    const known = watched.get(target.name);
    if (known !== undefined && sameTarget(known, target)) return known;
    if (known !== undefined) await known.session.close();
    const collector = options.collectors(target.type);
    const session = openTarget(target, collector, options.limits, options.now);
    const fresh = { session, tasks: tasksOf(session, target, options), usedAt: options.now() };
    watched.set(target.name, fresh);
    return fresh;
  };
  /** Targets that other processes have taken over, or that were removed, keep no connections here. */
  const forgetUnused = async (): Promise<void> => {
    const unused = [...watched].filter(([, each]) => options.now() - each.usedAt > options.limits.idleMs);
    for (const [name] of unused) watched.delete(name);
    await Promise.all(unused.map(([, each]) => each.session.close()));
  };

  const run = async (request: ShardRequest): Promise<ShardStatus> => {
    const mine = await Promise.all(request.targets.map(watch));
    const inUse = (): void => mine.forEach((each) => (each.usedAt = options.now()));
    inUse();
    await forgetUnused();
    const tasks = mine.flatMap((each) => each.tasks);
    const outbox = createOutbox(request.publisher, options.outbox, leftOver);
    leftOver = [];
    const counts = { targets: request.targets.length, collections: 0, failures: 0 };
    const status = (): ShardStatus => ({ ...counts, ...outbox.status() });
    const beat = setInterval(() => {
      inUse();
      request.heartbeat(status());
    }, options.heartbeatMs);
    await tick(tasks, request.signal, options.now, (task, collected) => {
      if (collected.outcome === 'aborted') return;
      counts.collections++;
      if (collected.outcome !== 'ok') counts.failures++;
      outbox.add(collected.metrics);
      options.onCollected(task.session.target, task.group, collected);
    });
    leftOver = await outbox.close(options.drainMs);
    clearInterval(beat);
    return status();
  };

  return {
    run,
    async close() {
      await Promise.all([...watched.values()].map((each) => each.session.close()));
      watched.clear();
    },
  };
}

/** Keeps all timers of a run; resolves when the signal has aborted and every collection under way has ended. */
async function tick(
  tasks: readonly Task[],
  signal: AbortSignal,
  now: () => number,
  done: (task: Task, collected: Collected) => void,
): Promise<void> {
  // Thousands of collections listen to this one signal, which is no leak.
  const run = new AbortController();
  setMaxListeners(0, run.signal);
  const timers = new Map<Task, NodeJS.Timeout>();
  const underWay = new Set<Promise<void>>();

  const arm = (task: Task): void => {
    if (run.signal.aborted) return;
    timers.set(
      task,
      setTimeout(() => begin(task), Math.max(0, task.dueAt - now())),
    );
  };
  const begin = (task: Task): void => {
    // Another run of the same process may still be ending: it has the task, this run takes the next turn.
    const work = (task.busy ? Promise.resolve() : collectOnce(task)).then(() => {
      task.dueAt = nextDue(task, now());
      underWay.delete(work);
      arm(task);
    });
    underWay.add(work);
  };
  const collectOnce = async (task: Task): Promise<void> => {
    task.busy = true;
    const collected = await task.session.collect(task.group, run.signal);
    task.busy = false;
    done(task, collected);
  };

  tasks.forEach(arm);
  await aborted(signal);
  run.abort(signal.reason);
  for (const timer of timers.values()) clearTimeout(timer);
  await Promise.all(underWay);
}

/** The first turn after `now` in the task's rhythm: turns that were missed are not made up for. */
function nextDue(task: Task, now: number): number {
  const missed = Math.floor((now - task.dueAt) / task.intervalMs);
  return task.dueAt + Math.max(1, missed + 1) * task.intervalMs;
}

function tasksOf(session: TargetSession, target: Target, options: RunnerOptions): Task[] {
  const start = options.now();
  return session.collector.groups.map((group) => {
    const intervalMs = target.intervals?.[group.name] ?? group.intervalMs;
    const jitter =
      parseInt(fnv1a64(`${target.name}|${group.name}`).slice(8), 16) % Math.max(1, options.spreadMs);
    return {
      session,
      group: group.name,
      intervalMs,
      dueAt: start + Math.min(jitter, intervalMs),
      busy: false,
    };
  });
}

/** Whether what is watched is still what the configuration says; changed intervals or tags begin anew as well. */
function sameTarget(known: Watched, target: Target): boolean {
  return JSON.stringify(known.session.target) === JSON.stringify(target);
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
