/** How many alerts and silences there are, by state, for the gauges: counted when somebody scrapes, and not at every scrape. */
import { silenceState } from '../domain/silence';
import type { Tally } from '../observe/observe';
import type { ApiOptions } from './options';

/** All alerts are listed to be counted: several scrapers, or one that scrapes often, share what was counted last. */
const KEPT_MS = 10_000;

export function tallyOf({ alerts, silences, now }: Pick<ApiOptions, 'alerts' | 'silences' | 'now'>): Tally {
  return {
    alerts: kept(now, async () => counted((await alerts.list()).map(({ status }) => status.state))),
    silences: kept(now, async () => {
      const at = now();
      return counted((await silences.list(at)).map((silence) => silenceState(silence, at.getTime())));
    }),
  };
}

type Counts = ReadonlyMap<string, number>;

function counted(states: readonly string[]): Counts {
  const counts = new Map<string, number>();
  for (const state of states) counts.set(state, (counts.get(state) ?? 0) + 1);
  return counts;
}

/** A failure is not kept: the next scrape tries again. */
function kept(now: () => Date, count: () => Promise<Counts>): () => Promise<Counts> {
  let last: { readonly at: number; readonly counts: Promise<Counts> } | null = null;
  return () => {
    const at = now().getTime();
    if (last !== null && Math.abs(at - last.at) < KEPT_MS) return last.counts;
    const made = { at, counts: count() };
    last = made;
    made.counts.catch(() => {
      if (last === made) last = null;
    });
    return made.counts;
  };
}
