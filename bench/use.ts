/** What a program and its servers use while something is measured. */
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuSecondsOf, residentMib, type BenchStage } from './measure';

export interface Use {
  readonly cpuSeconds: number;
  readonly serversCpuSeconds: number;
  /** The most that was seen. */
  readonly residentMib: number;
}

const LOOK_EVERY_MS = 100;
/** At rest they use less than a fifth of one core for as long as this. */
const REST_MS = 500;
const REST_SHARE = 0.2;

/** Starts counting; the returned function ends it. */
export function startUse(stage: BenchStage, pid: number): () => Use {
  const servers = (): number => serversCpuSeconds(stage);
  const before = { own: cpuSecondsOf(pid) ?? 0, servers: servers() };
  let most = residentMib(pid);
  const timer = setInterval(() => (most = Math.max(most, residentMib(pid))), LOOK_EVERY_MS);
  return () => {
    clearInterval(timer);
    return {
      cpuSeconds: (cpuSecondsOf(pid) ?? 0) - before.own,
      serversCpuSeconds: servers() - before.servers,
      residentMib: Math.max(most, residentMib(pid)),
    };
  };
}

/** Resolves when neither the program nor its servers have anything to do. Throws where that is not so within `mostMs`. */
export async function untilAtRest(stage: BenchStage, pid: number, mostMs: number): Promise<void> {
  const until = Date.now() + mostMs;
  for (;;) {
    const used = (): number => (cpuSecondsOf(pid) ?? 0) + serversCpuSeconds(stage);
    const before = used();
    await sleep(REST_MS);
    const share = (used() - before) / (REST_MS / 1_000);
    if (share < REST_SHARE) return;
    if (Date.now() > until) throw new Error(`after ${mostMs} ms it still uses ${share} cores`);
  }
}

const serversCpuSeconds = ({ pids }: BenchStage): number =>
  pids.reduce((sum, each) => sum + (cpuSecondsOf(each) ?? 0), 0);
