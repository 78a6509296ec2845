/**
 * kill -9 of the whole program in the middle of a storm, and a start on what it has kept: who is never told, and who is told
 * again. The same for Tocsin and for an Alertmanager.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { batchesOf, createPoster } from './alerts';
import { inTurn, withArenas, type Arena, type Beside } from './arenas';
import type { ProgramName, Routing } from './contenders';
import { rounded, type BenchResult, type BenchStage, type Figure, type Round } from './measure';
import { withContender } from './storm-runs';

interface Kill {
  readonly name: string;
  readonly alerts: number;
  readonly groups: number;
  readonly routing: Routing;
  /** Killed when all are accepted, or when this share of them was told. */
  readonly when: 'accepted' | number;
  /** Whether senders tell all that they have again after the restart, as Prometheus does within a minute. */
  readonly resends: boolean;
}

interface KillRun {
  readonly program: ProgramName;
  readonly kill: Kill;
  /** Answered with 200 before the kill. */
  readonly accepted: number;
  readonly toldBefore: number;
  readonly lost: number;
  readonly repeated: number;
  /** From the start after the kill until the last accepted alert was told; null where some never were. */
  readonly recoveredSeconds: number | null;
}

const LOOK_EVERY_MS = 2;
const TELL_WITHIN_MS = 120_000;
/** Whoever has told nobody anything new for so long will not: beyond group_wait, group_interval and leases. */
const QUIET_MS = 12_000;
/** Messages that were on their way arrive. */
const LANDED_MS = 300;

const AIM_LOST = 0;
const AIM_REPEATED = 20;
const ALERTS = 10_000;
const SHORT_ALERTS = 1_000;

const killsOf = (alerts: number): readonly Kill[] => [
  {
    name: 'inside group_wait (5 s)',
    ...{ alerts, groups: 10, routing: { groupBy: ['alertname'], groupWait: '5s' } },
    ...{ when: 'accepted', resends: false },
  },
  {
    name: 'in the middle of telling, senders tell all again',
    ...{ alerts, groups: 10, routing: { groupBy: ['...'], groupWait: '0s' }, when: 0.5, resends: true },
  },
];

export function benchKill(stage: BenchStage): Promise<BenchResult> {
  return withArenas(stage, async (arenas, beside) => {
    const runs: KillRun[] = [];
    for (const kill of killsOf(stage.short ? SHORT_ALERTS : ALERTS))
      runs.push(
        ...(await inTurn(arenas, async (arena) => {
          const run = await runKill(arena, kill);
          stage.say(
            `${run.program}, kill -9 ${kill.name}: of ${run.accepted} accepted ${run.toldBefore} told before, ${run.lost} never, ${run.repeated} again`,
          );
          return run;
        })),
      );
    return resultOf(runs, beside);
  });
}

function runKill(arena: Arena, kill: Kill): Promise<KillRun> {
  const { receiver } = arena;
  return withContender(arena, kill.routing, async (contender, poster) => {
    const batches = batchesOf({
      ...{ from: 0, count: kill.alerts, groups: kill.groups, startsAt: Date.now() },
    });
    let isDead = false;
    const killed = async (): Promise<void> => {
      if (kill.when !== 'accepted')
        while ((await receiver.counts()).told < kill.when * kill.alerts) await sleep(LOOK_EVERY_MS);
      await contender.kill();
      isDead = true;
    };
    const posting = poster.post(batches, () => isDead);
    if (kill.when === 'accepted') await posting;
    await killed();
    const { accepted } = await posting;
    await sleep(LANDED_MS);
    const before = await receiver.counts();
    await contender.restart();
    const restarted = Date.now();
    const again = createPoster(contender.url);
    const taken = new Set(accepted);
    if (kill.resends) await again.post(batches.filter(({ ids }) => taken.has(ids[0]!)));
    again.close();
    await untilQuiet(arena, accepted.length);
    const after = await receiver.counts(true);
    const told = new Set(after.ids);
    const lost = accepted.filter((id) => !told.has(id)).length;
    return {
      ...{ program: contender.program, kill, accepted: accepted.length, toldBefore: before.told, lost },
      repeated: after.repeated,
      recoveredSeconds: lost > 0 ? null : Math.max(0, after.lastNewAt! - restarted) / 1_000,
    };
  });
}

/** Repeats come also when all are told. */
async function untilQuiet({ receiver }: Arena, many: number): Promise<void> {
  const deadline = Date.now() + TELL_WITHIN_MS;
  let before = await receiver.counts();
  let since = Date.now();
  while (Date.now() < deadline && Date.now() - since < QUIET_MS) {
    await sleep(LOOK_EVERY_MS * 50);
    const counts = await receiver.counts();
    if (counts.calls !== before.calls) since = Date.now();
    before = counts;
    if (counts.told >= many && Date.now() - since > QUIET_MS / 2) return;
  }
}

function resultOf(runs: readonly KillRun[], beside: Beside): BenchResult {
  const ours = runs.filter(({ program }) => program === 'Tocsin');
  return {
    name: 'Kill',
    method:
      `Alerts are posted in batches of 256 over four connections. When all are accepted and group_wait runs, or when half of them were told (each a group of its own), the whole program is killed with SIGKILL ` +
      `and started again on what it has kept: Kafka, Temporal and Postgres for \`tocsin serve\`, its folder for Alertmanager. Only alerts that were answered with 200 count. In the second case senders then post all of these once more, ` +
      `as Prometheus does within a minute; in the first they do not. Counted until nobody has been told of anything for 12 s.`,
    ratios: [],
    figures: ours.flatMap(({ kill, lost, repeated }): Figure[] => [
      { name: `kill -9 ${kill.name}: accepted and never told`, unit: 'alerts', value: lost, aim: AIM_LOST },
      { name: `kill -9 ${kill.name}: told again`, unit: 'alerts', value: repeated, aim: AIM_REPEATED },
    ]),
    notes: [
      ...(typeof beside === 'string' ? [`No Alertmanager was measured beside it: ${beside}.`] : []),
      'These are counts: they do not depend on how busy the machine is, but for how many are under way in the instant of the kill.',
    ],
    rounds: runs.map(({ program, kill, accepted, toldBefore, lost, repeated, recoveredSeconds }): Round => ({
      ...{ 'kill -9': kill.name, program, accepted, 'told before': toldBefore },
      ...{ 'never told': lost, 'told again': repeated },
      'all told, s after the start': recoveredSeconds === null ? 'never' : rounded(recoveredSeconds),
    })),
  };
}
