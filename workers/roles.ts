/** The roles by name, and how a process runs some of them. */
import type { Config } from '../src/config/config';
import type { Logger } from '../src/observe/observe';
import { startCollector } from './collector';
import { openShared, type Shared } from './compose';
import { startDispatcher } from './dispatcher';
import { startEffects } from './effects';
import { startEvaluator } from './evaluator';
import { startNotifications } from './notification-service';
import { stopAll, untilSignalled } from './run';

/** In the order in which they start: readers of a topic before its writers. */
const ROLES = {
  evaluator: startEvaluator,
  effects: startEffects,
  dispatcher: startDispatcher,
  collector: startCollector,
  'notification-service': startNotifications,
} as const;

export type Role = keyof typeof ROLES;
export const ROLE_NAMES = Object.keys(ROLES) as Role[];

export interface Running {
  readonly shared: Shared;
  stop(): Promise<void>;
}

/** Starts the roles in this process; when one cannot start, what has started is stopped and the reason is thrown. */
export async function startRoles(config: Config, roles: readonly Role[], log?: Logger): Promise<Running> {
  const shared = await openShared(config, roles.join('+'), log);
  const stop = (): Promise<void> => stopAll(shared.parts, shared.log);
  try {
    for (const role of ROLE_NAMES.filter((name) => roles.includes(name))) await ROLES[role](shared);
  } catch (error) {
    await stop();
    throw error;
  }
  shared.log.info({ roles }, `${roles.join(', ')} ready`);
  return { shared, stop };
}

/** Runs until SIGINT or SIGTERM, then drains. */
export async function runRoles(config: Config, roles: readonly Role[]): Promise<void> {
  const signalled = untilSignalled();
  const running = await startRoles(config, roles);
  const signal = await signalled;
  running.shared.log.info({ signal }, `${signal}: draining`);
  await running.stop();
}
