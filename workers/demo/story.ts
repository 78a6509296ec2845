/** Tells the demo as it happens: a line with its time for each step, and at the end the latencies. */
import { setTimeout as sleep } from 'node:timers/promises';
import Table from 'cli-table3';

export interface Marks {
  readonly act: string;
  /** Milliseconds since 1970 by step: sample, fired, notified, remediated, verified, resolved, … */
  readonly at: Map<string, number>;
}

export interface Story {
  /** With the time of `at`, in milliseconds since 1970; by default now. */
  say(text: string, at?: number): void;
  /** Waits until `look` finds something and answers it; throws after `timeoutMs` with what was waited for. */
  until<T>(
    what: string,
    look: () => Promise<T | null | undefined> | T | null | undefined,
    timeoutMs?: number,
  ): Promise<T>;
  begin(act: string): Marks;
  /** Notes when a step happened. */
  mark(marks: Marks, step: string, at: number): void;
  table(): string;
}

const LOOK_EVERY_MS = 50;

export function createStory(write: (line: string) => void, now: () => number = Date.now): Story {
  const began = now();
  const acts: Marks[] = [];

  const say = (text: string, at = now()): void =>
    write(`${`+${((at - began) / 1_000).toFixed(1)} s`.padStart(9)}  ${text}`);

  async function until<T>(
    what: string,
    look: () => Promise<T | null | undefined> | T | null | undefined,
    timeoutMs = 60_000,
  ): Promise<T> {
    const deadline = now() + timeoutMs;
    for (;;) {
      const found = await look();
      if (found !== null && found !== undefined) return found;
      if (now() > deadline) throw new Error(`waited ${timeoutMs / 1_000} s in vain for ${what}`);
      await sleep(LOOK_EVERY_MS);
    }
  }

  function begin(act: string): Marks {
    const marks: Marks = { act, at: new Map() };
    acts.push(marks);
    say('');
    say(act);
    return marks;
  }

  function table(): string {
    const rows = new Table({
      head: ['step', 'since the sample', 'since the step before'],
      colAligns: ['left', 'right', 'right'],
      style: { head: [], border: [], compact: true },
    });
    for (const { act, at } of acts) {
      const steps = [...at].sort((a, b) => a[1] - b[1]);
      rows.push([{ colSpan: 3, content: act }]);
      steps.forEach(([step, time], place) => {
        const before = steps[place - 1]?.[1] ?? time;
        rows.push([`  ${step}`, seconds(time - steps[0]![1]), seconds(time - before)]);
      });
    }
    return rows.toString();
  }

  return { say, until, begin, mark: (marks, step, at) => void marks.at.set(step, at), table };
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(2)} s`;
