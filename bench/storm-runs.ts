/** One storm each: alerts are posted to a program that has just been started, and counted where it tells of them. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { Arena } from './arenas';
import { batchesOf, createPoster, type PostedAlerts, type Poster } from './alerts';
import type { Contender, ProgramName, Routing } from './contenders';
import type { Received } from './receiver-process';
import { startUse, untilAtRest, type Use } from './use';

export interface Storm {
  readonly name: string;
  readonly alerts: number;
  /** By alertname; each alert is one of its own where nothing is grouped. */
  readonly groups: number;
  readonly routing: Routing;
  readonly timeoutMs: number;
}

export interface StormRun extends Use {
  readonly program: ProgramName;
  readonly storm: Storm;
  /** s, from the first request on. */
  readonly accepted: number;
  readonly first: number;
  readonly all: number;
  /** Null where there was none. */
  readonly summary: number | null;
  readonly calls: number;
  /** Alerts in pages that said nothing new. */
  readonly repeated: number;
}

/** Until Node's compiler, the readers and the workers have seen the work. */
export const WARM_UP_ALERTS = 100;
const WARM_UP_FROM = 1_000_000_000;
const WARM_UP_MS = 30_000;
/** A group is told at once of an alert that has fired for longer than group_wait: these begin when they are posted. */
const STARTS_IN_MS = 500;
const LOOK_EVERY_MS = 100;
/** In which a page that was sent twice would come. */
const SETTLE_MS = 300;

/** A warm program for `use`, and what it leaves is removed. */
export async function withContender<T>(
  arena: Arena,
  routing: Routing,
  use: (contender: Contender, poster: Poster) => Promise<T>,
): Promise<T> {
  const contender = await arena.start(routing, arena.receiver.url);
  const poster = createPoster(contender.url);
  try {
    await warmUp(arena, contender, poster);
    await arena.receiver.reset();
    return await use(contender, poster);
  } finally {
    poster.close();
    await contender.close();
  }
}

async function warmUp(
  { receiver, stage, temporal }: Arena,
  contender: Contender,
  poster: Poster,
): Promise<void> {
  await receiver.reset();
  const batches = batchesOf({
    ...{ from: WARM_UP_FROM, count: WARM_UP_ALERTS, groups: 1 },
    ...{ startsAt: Date.now() - 60_000, name: 'WarmUp' },
  });
  await poster.post(batches);
  const until = Date.now() + WARM_UP_MS;
  const { told } = await receiver.untilTold(WARM_UP_ALERTS, WARM_UP_MS);
  if (told < WARM_UP_ALERTS)
    throw new Error(`${contender.program} tells nobody: ${told} of ${WARM_UP_ALERTS}`);
  while ((await livesBegun(temporal, contender)) < WARM_UP_ALERTS && Date.now() < until)
    await sleep(LOOK_EVERY_MS);
  // What their lives have to do when they have begun is no part of what is measured.
  await untilAtRest(stage, contender.pid(), WARM_UP_MS);
}

/** Of this contender, as the server lists them; as many as nobody waits for where it has no lives. */
export async function livesBegun(temporal: Client, { lifeQueue }: Contender): Promise<number> {
  if (lifeQueue === null) return Infinity;
  return (await temporal.workflow.count(`TaskQueue = "${lifeQueue}"`)).count;
}

/** Since the warm-up. */
export const livesSince = async (temporal: Client, contender: Contender): Promise<number> =>
  (await livesBegun(temporal, contender)) - WARM_UP_ALERTS;

/** `after` looks on while the program still runs. */
export function runStorm<T>(
  arena: Arena,
  storm: Storm,
  after: (contender: Contender, run: StormRun) => Promise<T>,
): Promise<readonly [StormRun, T]> {
  return withContender(arena, storm.routing, async (contender, poster) => {
    const batches = batchesOf({ from: 0, count: storm.alerts, ...timesOf(storm) });
    const used = startUse(arena.stage, contender.pid());
    const began = Date.now();
    const posted = await poster.post(batches);
    const told = await arena.receiver.untilTold(storm.alerts, storm.timeoutMs);
    const use = used();
    await sleep(SETTLE_MS);
    const settled = await arena.receiver.counts();
    verifyTold(contender.program, storm, posted, settled);
    const run: StormRun = {
      ...{
        program: contender.program,
        storm,
        ...use,
        accepted: posted.seconds,
        calls: told.calls,
        repeated: settled.repeated,
      },
      first: (told.firstAt! - began) / 1_000,
      all: (told.lastNewAt! - began) / 1_000,
      summary: settled.summaryAt === null ? null : (settled.summaryAt - began) / 1_000,
    };
    return [run, await after(contender, run)] as const;
  });
}

const timesOf = ({ groups }: Storm) => ({ groups, startsAt: Date.now() + STARTS_IN_MS });

/** Each alert was taken, and told once. What Alertmanager sends twice is its own affair. */
export function verifyTold(
  program: ProgramName,
  { name, alerts }: Pick<Storm, 'name' | 'alerts'>,
  { accepted, refused }: Pick<PostedAlerts, 'accepted' | 'refused'>,
  { told, repeated }: Received,
): void {
  const isOnce = repeated === 0 || program === 'Alertmanager';
  if (refused === 0 && accepted.length === alerts && told === alerts && isOnce) return;
  throw new Error(
    `${program}, ${name}: of ${alerts} alerts it took ${accepted.length} and refused ${refused}, told ${told}, and ${repeated} again`,
  );
}
