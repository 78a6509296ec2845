/**
 * Storms: many alerts at once over the API that Prometheus posts to, to `tocsin serve` and to an Alertmanager with the same
 * configuration, in turn. How fast they are taken and told, what a kill loses, what a steady rate leaves waiting, and what
 * lives in Temporal begin beside the pages.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { LIVES_AT_A_TIME } from '../workers/worker-options';
import { alertmanagerProgram } from './alertmanager';
import { startChild, type Lived } from './child';
import { alertmanagerOf, tocsinOf, type Contender } from './contenders';
import { median, residentMib, rounded, type BenchResult, type BenchStage } from './measure';
import { startReceiver } from './receiver';
import { runKill, type Kill, type KillRun } from './storm-kills';
import { stormResult } from './storm-report';
import { livesSince, runStorm, type Arena, type Storm, type StormRun } from './storm-runs';
import { runSustained, type Sustained, type SustainedRun } from './storm-sustained';

/** `--short` is for seeing that it works: a tenth of the alerts. */
export interface Sizes {
  readonly storm: number;
  readonly large: number;
  readonly open: number;
  readonly sustained: Sustained;
  readonly rounds: number;
  /** How long lives are counted. */
  readonly livesSeconds: number;
}

const FULL: Sizes = {
  ...{ storm: 10_000, large: 50_000, open: 100_000, rounds: 3, livesSeconds: 12 },
  sustained: { alertsPerSecond: 500, seconds: 60, drainSeconds: 10 },
};
const SHORT: Sizes = {
  ...{ storm: 1_000, large: 5_000, open: 10_000, rounds: 1, livesSeconds: 5 },
  sustained: { alertsPerSecond: 500, seconds: 6, drainSeconds: 4 },
};

export interface Measured {
  readonly sizes: Sizes;
  /** Of the Alertmanager beside it, or why there is none. */
  readonly beside: { readonly version: string } | string;
  readonly storms: readonly StormRun[];
  readonly lives: LivesRun;
  readonly kills: readonly KillRun[];
  readonly sustained: readonly SustainedRun[];
  readonly open: readonly OpenRun[];
}

export interface LivesRun {
  /** Begun a second, right after a storm. */
  readonly ours: number;
  readonly floor: number;
}

/** With all of them open. */
export interface OpenRun {
  readonly program: Contender['program'];
  readonly alerts: number;
  readonly residentMib: number;
  readonly lives: number | null;
}

const GROUPED = { groupBy: ['alertname'], groupWait: '1s' };
const ALONE = { groupBy: ['...'], groupWait: '0s' };

const stormsOf = ({ storm, large }: Sizes): readonly Storm[] => [
  { name: 'in 10 groups', alerts: storm, groups: 10, routing: GROUPED, timeoutMs: 60_000 },
  { name: 'in 10 groups', alerts: large, groups: 10, routing: GROUPED, timeoutMs: 60_000 },
  { name: 'in groups of one', alerts: storm, groups: 10, routing: ALONE, timeoutMs: 120_000 },
];

const killsOf = ({ storm }: Sizes): readonly Kill[] => [
  {
    name: 'inside group_wait (5 s)',
    ...{ alerts: storm, groups: 10, routing: { ...GROUPED, groupWait: '5s' } },
    ...{ when: 'accepted', resends: false },
  },
  {
    name: 'in the middle of telling, senders tell all again',
    ...{ alerts: storm, groups: 10, routing: ALONE, when: 0.5, resends: true },
  },
];

export async function benchStorm(stage: BenchStage): Promise<BenchResult> {
  const sizes = stage.short ? SHORT : FULL;
  const alertmanager = await alertmanagerProgram(stage.say);
  if (typeof alertmanager === 'string') stage.say(`without Alertmanager beside it: ${alertmanager}`);
  const connection = await Connection.connect({ address: stage.temporal });
  const receiver = await startReceiver();
  const shared = { stage, receiver, temporal: new Client({ connection }) };
  const tocsin: Arena = { ...shared, start: tocsinOf(stage) };
  const arenas =
    typeof alertmanager === 'string'
      ? [tocsin]
      : [tocsin, { ...shared, start: alertmanagerOf(alertmanager) }];
  try {
    const { storms, lives } = await runStorms(arenas, sizes);
    return stormResult({
      ...{ sizes, beside: alertmanager, storms },
      lives: { ours: lives, floor: await floorOf(stage, sizes) },
      open: await inTurn(arenas, (arena) => openAlerts(arena, sizes)),
      kills: await allKills(arenas, sizes),
      sustained: await inTurn(arenas, (arena) => sustain(arena, sizes)),
    });
  } finally {
    await receiver.close();
    await connection.close();
  }
}

async function inTurn<T>(arenas: readonly Arena[], run: (arena: Arena) => Promise<T>): Promise<T[]> {
  const runs: T[] = [];
  for (const arena of arenas) runs.push(await run(arena));
  return runs;
}

/** Lives are counted after the last of the smaller storms. */
async function runStorms(arenas: readonly Arena[], sizes: Sizes) {
  const storms: StormRun[] = [];
  const rates: number[] = [];
  for (const storm of stormsOf(sizes)) {
    for (let round = 1; round <= sizes.rounds; round++) {
      // Each is first in every other round.
      for (const arena of round % 2 === 1 ? arenas : arenas.toReversed()) {
        const isCounted = storm.alerts === sizes.storm && storm.routing === GROUPED && round === sizes.rounds;
        const [run, rate] = await runStorm(arena, storm, (contender) =>
          isCounted && contender.lifeQueue !== null
            ? livesPerSecond(arena, contender, sizes.livesSeconds)
            : Promise.resolve(null),
        );
        storms.push(run);
        if (rate !== null) rates.push(rate);
        arena.stage.say(
          `${run.program}, ${storm.alerts} ${storm.name}: ${rounded(storm.alerts / run.accepted)} accepted/s, ` +
            `first page ${rounded(run.first)} s, all ${rounded(run.all)} s, ${rounded(run.cpuSeconds)} CPU s, ${rounded(run.residentMib)} MiB`,
        );
      }
    }
  }
  return { storms, lives: median(rates) };
}

/** From when they begin: they give way to the pages of a storm. */
async function livesPerSecond(
  { temporal, stage }: Arena,
  contender: Contender,
  seconds: number,
): Promise<number> {
  const patience = Date.now() + 15_000;
  while ((await livesSince(temporal, contender)) < LIVES_AT_A_TIME && Date.now() < patience) await sleep(20);
  const [before, began] = [await livesSince(temporal, contender), performance.now()];
  await sleep(seconds * 1_000);
  const rate = ((await livesSince(temporal, contender)) - before) / ((performance.now() - began) / 1_000);
  stage.say(`${rounded(rate)} lives begun a second`);
  return rate;
}

async function floorOf(stage: BenchStage, { livesSeconds: seconds }: Sizes): Promise<number> {
  const bare = await startChild(require.resolve('./bare-process'), [stage.temporal]);
  try {
    const request = { atATime: LIVES_AT_A_TIME, beginOnly: true };
    await bare.ask<Lived>({ ...request, seconds: Math.min(5, seconds) });
    const { rate } = await bare.ask<Lived>({ ...request, seconds });
    stage.say(`bare workflow: ${rounded(rate)} begun a second`);
    return rate;
  } finally {
    await bare.stop();
  }
}

/** Enough groups that a page has a sensible size. */
const OPEN_GROUPS = 100;

async function openAlerts(arena: Arena, sizes: Sizes): Promise<OpenRun> {
  const storm = {
    ...{ name: 'open', alerts: sizes.open, groups: OPEN_GROUPS, routing: GROUPED, timeoutMs: 120_000 },
  };
  const [run, after] = await runStorm(arena, storm, async (contender) => {
    let most = 0;
    const until = Date.now() + (contender.lifeQueue === null ? 0 : 2_000 * sizes.livesSeconds);
    do {
      most = Math.max(most, residentMib(contender.pid()));
      await sleep(100);
    } while (Date.now() < until);
    const lives = contender.lifeQueue === null ? null : await livesSince(arena.temporal, contender);
    return { most, lives };
  });
  const open = {
    ...{ program: run.program, alerts: sizes.open, lives: after.lives },
    residentMib: Math.max(run.residentMib, after.most),
  };
  arena.stage.say(`${run.program}, ${sizes.open} open alerts: ${rounded(open.residentMib)} MiB at most`);
  return open;
}

async function allKills(arenas: readonly Arena[], sizes: Sizes): Promise<KillRun[]> {
  const runs: KillRun[] = [];
  for (const kill of killsOf(sizes)) {
    for (const arena of arenas) {
      const run = await runKill(arena, kill);
      runs.push(run);
      arena.stage.say(
        `${run.program}, kill -9 ${kill.name}: of ${run.accepted} accepted ${run.toldBefore} told before, ${run.lost} never, ${run.repeated} again`,
      );
    }
  }
  return runs;
}

async function sustain(arena: Arena, { sustained }: Sizes): Promise<SustainedRun> {
  const run = await runSustained(arena, sustained);
  arena.stage.say(
    `${run.program}, ${sustained.alertsPerSecond} alerts/s: ${rounded(run.toldPerSecond)} told/s, p95 ${rounded(run.p95)} ms, ` +
      `${run.livesWaiting ?? 'no'} lives waiting, ${rounded(run.drainedPerSecond ?? 0)}/s after`,
  );
  return run;
}
