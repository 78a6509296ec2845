/** The roles by name, and how a process runs some of them. */
import type { Config } from '../src/config/config';
import { startCallbacks } from './callbacks';
import { startCollector } from './collector';
import { openShared, type Shared, type SharedOptions } from './compose';
import { startDispatcher } from './dispatcher';
import { startEffects } from './effects';
import { startEvaluator } from './evaluator';
import { startNotifications } from './notification-service';
import { stopSignal, untilAborted } from './run';

/** In the order in which they start: readers of a topic before its writers. */
const ROLES = {
  evaluator: startEvaluator,
  effects: startEffects,
  dispatcher: startDispatcher,
  callbacks: startCallbacks,
  collector: startCollector,
  'notification-service': startNotifications,
} as const;

export type Role = keyof typeof ROLES;
export const ROLE_NAMES = Object.keys(ROLES) as Role[];

export interface Running {
  readonly shared: Shared;
  /** False when not everything had stopped in time. */
  stop(): Promise<boolean>;
}

/**
 * Starts the roles in this process; when one cannot start, or the signal aborts before all have, what has started is
 * stopped and the reason is thrown.
 */
export async function startRoles(
  config: Config,
  roles: readonly Role[],
  options: SharedOptions = {},
): Promise<Running> {
  const shared = await openShared(config, roles.join('+'), options);
  const { health, log, signal, stop } = shared;
  try {
    for (const role of roles) {
      signal.throwIfAborted();
      await ROLES[role](shared);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  health.started();
  log.info({ roles }, `${roles.join(', ')} ready`);
  return { shared, stop };
}

/**
 * Runs the roles until the signal aborts, then drains; false when not everything had stopped in time. An abort while
 * they still start, or wait for a server to do so, is as clean an end as a later one.
 */
export async function holdRoles(
  config: Config,
  roles: readonly Role[],
  signal: AbortSignal,
  onReady: (running: Running) => void = () => undefined,
  options: Pick<SharedOptions, 'log' | 'reread'> = {},
): Promise<boolean> {
  let running: Running;
  try {
    running = await startRoles(config, roles, { ...options, signal });
  } catch (error) {
    if (signal.aborted) return true;
    throw error;
  }
  onReady(running);
  await untilAborted(signal);
  running.shared.log.info({ signal: signal.reason as unknown }, `${String(signal.reason)}: draining`);
  return running.stop();
}

/** Runs until SIGINT or SIGTERM, then drains. */
export async function runRoles(config: Config, roles: readonly Role[], reread: () => Config): Promise<void> {
  const inTime = await holdRoles(config, roles, stopSignal(), undefined, { reread });
  // What hangs would keep the process alive beyond its time.
  if (!inTime) process.exit(1);
}
