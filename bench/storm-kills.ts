/** kill -9 in the middle of a storm: who is never told, and who is told again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { batchesOf, createPoster } from './alerts';
import type { ProgramName, Routing } from './contenders';
import { withContender, type Arena } from './storm-runs';

export interface Kill {
  readonly name: string;
  readonly alerts: number;
  readonly groups: number;
  readonly routing: Routing;
  /** Killed when all are accepted, or when this share of them was told. */
  readonly when: 'accepted' | number;
  /** Whether senders tell all that they have again after the restart, as Prometheus does within a minute. */
  readonly resends: boolean;
}

export interface KillRun {
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
const TELL_WITHIN_MS = 60_000;
/** Whoever has told nobody anything new for so long will not: beyond group_wait, group_interval and leases. */
const QUIET_MS = 12_000;
/** Messages that were on their way arrive. */
const LANDED_MS = 300;

export function runKill(arena: Arena, kill: Kill): Promise<KillRun> {
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
