/** Alerts whose lives begin and end beside what is measured: how many a second go at most, and then a steady part of that. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { taskQueueName } from '../src/domain/identity';
import type { TransitionPublisher } from '../src/stream/port';
import { inClosedLoop, untilClosed } from './closed';
import { firingOf, liveOne } from './lifecycle';
import type { System } from './system';

const AT_A_TIME = 40;

export type LiveNext = () => Promise<void>;

export function livesOf(system: System, publisher: TransitionPublisher): LiveNext {
  const tag = randomBytes(4).toString('hex');
  let lived = 0;
  return () => liveOne(system, publisher, firingOf(`${tag}-${lived++}`));
}

/** Lives a second, as many as go at a time; a first round of the same length warms up. */
export async function mostLives(
  client: Client,
  { instance }: System,
  next: LiveNext,
  seconds: number,
): Promise<number> {
  await inClosedLoop({ seconds, atATime: AT_A_TIME }, next);
  const { rate } = await inClosedLoop({ seconds, atATime: AT_A_TIME }, next);
  await untilClosed(client, taskQueueName(instance, 'lifecycle'));
  return rate;
}

export interface BackgroundLives {
  /** Rejects when one of them fails. */
  readonly failed: Promise<never>;
  /** Begins no more, and resolves with how many had begun when those that were under way have ended. */
  stop(): Promise<number>;
}

export function keepLiving(perSecond: number, next: LiveNext): BackgroundLives {
  const underWay = new Set<Promise<void>>();
  const began = performance.now();
  let begun = 0;
  let stopped = false;
  let fail: (error: unknown) => void;
  const failed = new Promise<never>((_, reject) => (fail = reject));
  failed.catch(() => undefined);
  const run = async (): Promise<void> => {
    for (; !stopped; begun++) {
      await sleep(Math.max(0, began + (begun * 1_000) / perSecond - performance.now()));
      const life = next();
      underWay.add(life);
      life.then(() => underWay.delete(life), fail);
    }
  };
  const running = run();
  return {
    failed,
    async stop() {
      stopped = true;
      await running;
      await Promise.race([Promise.all(underWay), failed]);
      return begun;
    },
  };
}
