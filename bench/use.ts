/** What a program and its servers use while something is measured. */
import { cpuSecondsOf, residentMib, type BenchStage } from './measure';

export interface Use {
  readonly cpuSeconds: number;
  readonly serversCpuSeconds: number;
  /** The most that was seen. */
  readonly residentMib: number;
}

const LOOK_EVERY_MS = 100;

/** Starts counting; the returned function ends it. */
export function startUse(stage: BenchStage, pid: number): () => Use {
  const servers = (): number => stage.pids.reduce((sum, each) => sum + (cpuSecondsOf(each) ?? 0), 0);
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
