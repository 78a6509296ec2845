/**
 * Distinct alerts at a steady rate over the API, each of them a page, to `tocsin serve` and to an Alertmanager: how many
 * pages leave in that time, how late they are, how many lives wait at the end and how fast they begin then.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { batchesOf, type PostedAlerts } from './alerts';
import { inTurn, withArenas, type Arena, type Beside } from './arenas';
import type { ProgramName } from './contenders';
import {
  quantile,
  ratioOf,
  rounded,
  type BenchResult,
  type BenchStage,
  type Figure,
  type Round,
} from './measure';
import { livesSince, verifyTold, WARM_UP_ALERTS, withContender } from './storm-runs';
import { startUse, type Use } from './use';

interface Steady {
  readonly alertsPerSecond: number;
  readonly seconds: number;
  /** How long the drain of the lives is looked at. */
  readonly drainSeconds: number;
  /** Every group is looked at as often, whether there is something new of it or not. */
  readonly groupInterval: string;
}

const FULL: Steady = { alertsPerSecond: 500, seconds: 60, drainSeconds: 10, groupInterval: '5m' };
const SHORT: Steady = { alertsPerSecond: 500, seconds: 6, drainSeconds: 4, groupInterval: '5m' };
/** Stock files have 5m. With this one 30,000 groups are looked at 6,000 times a second by the end, and nothing is found. */
const SHORT_INTERVAL = '5s';
/** Of the requirements: delivery of 500 alerts a second. */
const AIM_P95_MS = 2_000;

interface SteadyRun extends Use {
  readonly program: ProgramName;
  readonly groupInterval: string;
  /** In the time of the feed. */
  readonly toldPerSecond: number;
  readonly latencies: readonly number[];
  /** From the end of the feed until all were told. */
  readonly pagesBehind: number;
  readonly lives: SteadyLives | null;
}

interface SteadyLives {
  readonly begunPerSecond: number;
  /** Alerts whose life had not begun when the feed ended. */
  readonly waiting: number;
  readonly drainedPerSecond: number;
}

const TICKS_A_SECOND = 10;
const TELL_WITHIN_MS = 240_000;

export function benchSteady(stage: BenchStage): Promise<BenchResult> {
  const steady = stage.short ? SHORT : FULL;
  return withArenas(stage, async (arenas, beside) => {
    const runs: SteadyRun[] = [];
    for (const groupInterval of [steady.groupInterval, SHORT_INTERVAL])
      await inTurn(arenas, async (arena) => {
        const run = await runSteady(arena, { ...steady, groupInterval });
        stage.say(remarkOf(run));
        runs.push(run);
      });
    return resultOf(runs, steady, beside);
  });
}

function runSteady(arena: Arena, steady: Steady): Promise<SteadyRun> {
  const { receiver, stage, temporal } = arena;
  const alerts = steady.alertsPerSecond * steady.seconds;
  const { groupInterval } = steady;
  return withContender(
    arena,
    { groupBy: ['...'], groupWait: '0s', groupInterval },
    async (contender, poster) => {
      const used = startUse(stage, contender.pid());
      const posted = await feed(steady, (batches) => poster.post(batches));
      const atEnd = { at: Date.now(), told: (await receiver.counts()).told };
      const hasLives = contender.lifeQueue !== null;
      const begun = hasLives ? await livesSince(temporal, contender) : 0;
      await receiver.untilTold(alerts, TELL_WITHIN_MS);
      const use = used();
      const counts = await receiver.counts(true);
      verifyTold(contender.program, { name: `${steady.alertsPerSecond} alerts/s`, alerts }, posted, counts);
      return {
        ...{ program: contender.program, groupInterval, ...use, toldPerSecond: atEnd.told / steady.seconds },
        ...{ latencies: counts.latencies, pagesBehind: Math.max(0, counts.lastNewAt! - atEnd.at) / 1_000 },
        lives: !hasLives
          ? null
          : {
              ...{ begunPerSecond: begun / steady.seconds, waiting: alerts - begun },
              drainedPerSecond: await drain(steady, () => livesSince(temporal, contender)),
            },
      };
    },
  );
}

type Post = (batches: ReturnType<typeof batchesOf>) => Promise<PostedAlerts>;

/** As the clock says, whether earlier ones were answered or not. */
async function feed(
  { alertsPerSecond, seconds }: Steady,
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
async function drain({ drainSeconds }: Steady, begun: () => Promise<number>): Promise<number> {
  const [before, began] = [await begun(), performance.now()];
  await sleep(drainSeconds * 1_000);
  return ((await begun()) - before) / ((performance.now() - began) / 1_000);
}

const p = ({ latencies }: SteadyRun, q: number): string =>
  `p${q * 100} ${rounded(quantile(latencies, q))} ms`;

function remarkOf(run: SteadyRun): string {
  const { lives } = run;
  const later =
    lives === null
      ? ''
      : `; ${rounded(lives.begunPerSecond)} lives begun a second, ${lives.waiting.toLocaleString('en')} waited at the end, then ${rounded(lives.drainedPerSecond)} a second`;
  return `${run.program}, group_interval ${run.groupInterval}: ${rounded(run.toldPerSecond)} pages told a second, ${[0.5, 0.95, 0.99].map((q) => p(run, q)).join(', ')}; the last ${rounded(run.pagesBehind)} s after the feed${later}`;
}

function resultOf(runs: readonly SteadyRun[], steady: Steady, beside: Beside): BenchResult {
  const of = (program: ProgramName, interval = steady.groupInterval): SteadyRun | undefined =>
    runs.find((run) => run.program === program && run.groupInterval === interval);
  const [ours, its] = [of('Tocsin')!, of('Alertmanager')];
  const often = of('Tocsin', SHORT_INTERVAL)!;
  const figure = (name: string, unit: string, value: number, aim: number | null = null): Figure => ({
    ...{ name, unit, value, aim },
  });
  const { waiting, drainedPerSecond } = ours.lives!;
  const rate = `${steady.alertsPerSecond} alerts/s for ${steady.seconds} s`;
  return {
    name: 'Steady',
    method:
      `${rate}, each another alert and a group of its own with no group_wait, posted every 100 ms whether what was posted before is answered or not, to a process that has just been started and has told of ${WARM_UP_ALERTS} ` +
      `others. The clock of a page runs from the moment before its alert is posted to the arrival of its HTTP call. Each alert has to be taken, and told once, else the measurement ends with an error.`,
    ratios:
      its === undefined
        ? []
        : [
            ratioOf({
              ...{ name: 'pages told in the time of the feed', unit: 'pages/s', aim: null },
              ...{ ours: ours.toldPerSecond, reference: its.toldPerSecond },
            }),
          ],
    figures: [
      figure('a page, p50', 'ms', quantile(ours.latencies, 0.5)),
      figure('a page, p95', 'ms', quantile(ours.latencies, 0.95), AIM_P95_MS),
      figure(`a page, p50, group_interval ${SHORT_INTERVAL}`, 'ms', quantile(often.latencies, 0.5)),
      figure(
        `a page, p95, group_interval ${SHORT_INTERVAL}`,
        'ms',
        quantile(often.latencies, 0.95),
        AIM_P95_MS,
      ),
      figure('alerts whose life waits when the feed ends', 'alerts', waiting),
      figure('until these have begun, at the rate that follows', 's', waiting / drainedPerSecond),
    ],
    notes: [
      ...(typeof beside === 'string' ? [`No Alertmanager was measured beside it: ${beside}.`] : []),
      `group_interval is ${steady.groupInterval}, as in stock files; with ${SHORT_INTERVAL} each of up to ${(steady.alertsPerSecond * steady.seconds).toLocaleString('en')} groups is looked at as often, and nothing new is found.`,
      'A steady 500 alerts/s with a p95 of 2 s is what the requirements ask of delivery.',
      'A life in Temporal costs as much as hundreds of pages, so lives fall behind at this rate: pages do not wait for them, escalation and remediation do.',
    ],
    rounds: runs.map((run): Round => ({
      ...{ program: run.program, 'CPU s': run.cpuSeconds, 'CPU s of the servers': run.serversCpuSeconds },
      ...{ 'resident, MiB': run.residentMib, remarks: remarkOf(run) },
    })),
  };
}
