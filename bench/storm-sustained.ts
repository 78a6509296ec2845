/** Distinct alerts at a steady rate, each of them a page: how many pages leave in that time, how late, and what waits at the end. */
import { setTimeout as sleep } from 'node:timers/promises';
import { batchesOf, type PostedAlerts } from './alerts';
import type { ProgramName } from './contenders';
import { quantile } from './measure';
import { livesSince, verifyTold, withContender, type Arena } from './storm-runs';
import { startUse, type Use } from './use';

export interface Sustained {
  readonly alertsPerSecond: number;
  readonly seconds: number;
  /** How long the drain of the lives is looked at. */
  readonly drainSeconds: number;
}

export interface SustainedRun extends Use {
  readonly program: ProgramName;
  /** In the time of the feed. */
  readonly toldPerSecond: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  /** From the end of the feed until all were told. */
  readonly pagesBehind: number;
  readonly livesBegunPerSecond: number | null;
  /** Alerts whose life had not begun when the feed ended. */
  readonly livesWaiting: number | null;
  readonly drainedPerSecond: number | null;
}

const TICKS_A_SECOND = 10;
const TELL_WITHIN_MS = 120_000;

export function runSustained(arena: Arena, sustained: Sustained): Promise<SustainedRun> {
  const { receiver, stage, temporal } = arena;
  const alerts = sustained.alertsPerSecond * sustained.seconds;
  return withContender(arena, { groupBy: ['...'], groupWait: '0s' }, async (contender, poster) => {
    const used = startUse(stage, contender.pid());
    const posting = feed(sustained, (batches) => poster.post(batches));
    const posted = await posting;
    const atEnd = { at: Date.now(), told: (await receiver.counts()).told };
    const begun = contender.lifeQueue === null ? null : await livesSince(temporal, contender);
    await receiver.untilTold(alerts, TELL_WITHIN_MS);
    const use = used();
    const { latencies, ...counts } = await receiver.counts(true);
    verifyTold(contender.program, { name: `${sustained.alertsPerSecond} alerts/s`, alerts }, posted, {
      ...counts,
      latencies,
    });
    const drained = begun === null ? null : await drain(sustained, () => livesSince(temporal, contender));
    return {
      ...{ program: contender.program, ...use, toldPerSecond: atEnd.told / sustained.seconds },
      ...{ p50: quantile(latencies, 0.5), p95: quantile(latencies, 0.95), p99: quantile(latencies, 0.99) },
      pagesBehind: Math.max(0, counts.lastNewAt! - atEnd.at) / 1_000,
      livesBegunPerSecond: begun === null ? null : begun / sustained.seconds,
      livesWaiting: begun === null ? null : alerts - begun,
      drainedPerSecond: drained,
    };
  });
}

type Post = (batches: ReturnType<typeof batchesOf>) => Promise<PostedAlerts>;

/** As the clock says, whether earlier ones were answered or not. */
async function feed(
  { alertsPerSecond, seconds }: Sustained,
  post: Post,
): Promise<Pick<PostedAlerts, 'accepted' | 'refused'>> {
  const count = alertsPerSecond / TICKS_A_SECOND;
  const began = Date.now();
  const posts: Promise<PostedAlerts>[] = [];
  for (let tick = 0; tick < seconds * TICKS_A_SECOND; tick++) {
    await sleep(Math.max(0, began + (tick * 1_000) / TICKS_A_SECOND - Date.now()));
    posts.push(post(batchesOf({ from: tick * count, count, groups: 10, startsAt: Date.now() })));
  }
  await sleep(Math.max(0, began + seconds * 1_000 - Date.now()));
  const answers = await Promise.all(posts);
  return {
    accepted: answers.flatMap(({ accepted }) => accepted),
    refused: answers.reduce((sum, { refused }) => sum + refused, 0),
  };
}

/** Begun a second once nothing new comes. */
async function drain({ drainSeconds }: Sustained, begun: () => Promise<number>): Promise<number> {
  const [before, began] = [await begun(), performance.now()];
  await sleep(drainSeconds * 1_000);
  return ((await begun()) - before) / ((performance.now() - began) / 1_000);
}
