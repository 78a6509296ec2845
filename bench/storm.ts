/**
 * Storms: many alerts at once over the API that Prometheus posts to, to `tocsin serve` and to an Alertmanager with the same
 * configuration, in turn. How fast they are taken and told, how many lives begin in Temporal after the pages, and what many
 * open alerts take of memory.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createKafka } from '../src/stream/kafka';
import { alertsTopic, ensureTopics } from '../src/stream/topics';
import { LIVES_AT_A_TIME } from '../workers/worker-options';
import { batchesOf, createPoster, type PostedAlerts } from './alerts';
import { inTurn, withArenas, type Arena, type Beside } from './arenas';
import { startChild, type Lived } from './child';
import type { Contender } from './contenders';
import { median, residentMib, rounded, type BenchResult, type BenchStage } from './measure';
import { stormResult } from './storm-report';
import { livesSince, runStorm, WARM_UP_ALERTS, type Storm, type StormRun } from './storm-runs';
import { removeTopics } from './system';

/** `--short` is for seeing that it works: a tenth of the alerts. */
export interface Sizes {
  readonly storm: number;
  readonly large: number;
  readonly open: number;
  /** Of the smallest; the others are made once. */
  readonly rounds: number;
  /** How long lives are counted. */
  readonly livesSeconds: number;
}

const FULL: Sizes = {
  storm: 10_000,
  large: 50_000,
  open: 100_000,
  rounds: 2,
  livesSeconds: 12,
};
const SHORT: Sizes = {
  storm: 1_000,
  large: 5_000,
  open: 10_000,
  rounds: 1,
  livesSeconds: 5,
};

export interface Measured {
  readonly sizes: Sizes;
  readonly beside: Beside;
  readonly storms: readonly StormRun[];
  readonly lives: LivesRun;
  /** Alerts a second that a process takes which does nothing but write them to Kafka. */
  readonly bareAccepted: number;
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
  { name: 'in 10 groups', alerts: storm, groups: 10, routing: GROUPED, timeoutMs: 240_000 },
  { name: 'in 10 groups', alerts: large, groups: 10, routing: GROUPED, timeoutMs: 240_000 },
  { name: 'in groups of one', alerts: storm, groups: 10, routing: ALONE, timeoutMs: 240_000 },
];

export function benchStorm(stage: BenchStage): Promise<BenchResult> {
  const sizes = stage.short ? SHORT : FULL;
  return withArenas(stage, async (arenas, beside) => {
    const { storms, lives } = await runStorms(arenas, sizes);
    return stormResult({
      ...{ sizes, beside, storms },
      lives: { ours: lives, floor: await floorOf(stage, sizes) },
      bareAccepted: await bareAccepted(stage, sizes),
      open: await inTurn(arenas, (arena) => openAlerts(arena, sizes)),
    });
  });
}

const isSmallest = ({ alerts, routing }: Storm, { storm }: Sizes): boolean =>
  alerts === storm && routing === GROUPED;

/** Lives are counted after the last of the smallest storms. */
async function runStorms(arenas: readonly Arena[], sizes: Sizes) {
  const storms: StormRun[] = [];
  const rates: number[] = [];
  for (const storm of stormsOf(sizes)) {
    const rounds = isSmallest(storm, sizes) ? sizes.rounds : 1;
    for (let round = 1; round <= rounds; round++) {
      // Each is first in every other round.
      for (const arena of round % 2 === 1 ? arenas : arenas.toReversed()) {
        const isCounted = isSmallest(storm, sizes) && round === rounds;
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

/** Posted as to the programs, after a warm-up of the same kind. */
async function bareAccepted(stage: BenchStage, { storm, rounds }: Sizes): Promise<number> {
  const instance = `b${randomBytes(5).toString('hex')}`;
  const kafka = createKafka({ brokers: [...stage.kafka], clientId: instance });
  await ensureTopics(kafka, instance, [], { development: true });
  const child = await startChild(require.resolve('./bare-acceptor'), [
    stage.kafka.join(','),
    alertsTopic(instance),
  ]);
  const poster = createPoster((await child.ask<{ url: string }>({})).url);
  try {
    const post = (from: number, count: number): Promise<PostedAlerts> =>
      poster.post(batchesOf({ from, count, groups: 10, startsAt: Date.now() }));
    await post(0, WARM_UP_ALERTS);
    const rates: number[] = [];
    for (let round = 1; round <= rounds; round++)
      rates.push(storm / (await post(round * storm, storm)).seconds);
    stage.say(`bare Kafka: ${rounded(median(rates))} accepted/s`);
    return median(rates);
  } finally {
    poster.close();
    await child.stop();
    await removeTopics(kafka, instance);
  }
}

/** Enough groups that a page has a sensible size. */
const OPEN_GROUPS = 100;

async function openAlerts(arena: Arena, sizes: Sizes): Promise<OpenRun> {
  const storm = {
    ...{ name: 'open', alerts: sizes.open, groups: OPEN_GROUPS, routing: GROUPED, timeoutMs: 240_000 },
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
