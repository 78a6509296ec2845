/** Halts a process, and returns when it has halted: until then it may go on to answer. */
import { readFileSync } from 'node:fs';

const PATIENCE_MS = 10_000;

export function halt(pid: number): void {
  process.kill(pid, 'SIGSTOP');
  const until = Date.now() + PATIENCE_MS;
  while (stateOf(pid) !== 'T') {
    if (Date.now() > until) throw new Error(`process ${pid} has not halted after ${PATIENCE_MS / 1_000} s`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
  }
}

/** The letter behind the name, which may hold spaces and brackets of its own. */
function stateOf(pid: number): string | undefined {
  return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.[0];
}
