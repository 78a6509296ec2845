/**
 * What a silence would mute now, and would have muted in the last days, from what is on record: a look before it is made.
 * Matchers are Alertmanager's; a set of them that it would refuse is the caller's to refuse.
 */
import { compileAlertmanagerMatchers } from '../domain/alertmanager-matchers';
import type { Labels } from '../domain/labels';
import type { Matcher } from '../domain/matchers';
import type { EpisodeHistory, OpenAlert, PastEpisode } from '../history/port';
import type { MutedAlerts, SilencePreview } from './port';

export const PREVIEW_MS = 7 * 86_400_000;
const MOST_EPISODES = 100_000;
const EXAMPLES = 5;

export async function previewSilence(
  matchers: readonly Matcher[],
  history: EpisodeHistory,
  now: Date,
): Promise<SilencePreview> {
  const holds = compileAlertmanagerMatchers(matchers);
  const since = new Date(now.getTime() - PREVIEW_MS);
  const [open, past] = await Promise.all([
    history.open(),
    history.since(since, equalLabels(matchers), MOST_EPISODES),
  ]);
  const episodes = past.filter(({ labels }) => holds(labels));
  return {
    now: summaryOf(open.filter(({ labels }) => holds(labels))),
    past: {
      ...summaryOf(episodes),
      ...{ since: since.toISOString(), isWhole: past.length < MOST_EPISODES },
      last: episodes[0]?.startsAt.toISOString() ?? null,
    },
  };
}

/** What Postgres can be asked for; the other matchers are RE2, and an empty value also means that there is no such label. */
function equalLabels(matchers: readonly Matcher[]): Labels {
  const equal = matchers.filter(({ op, value }) => op === '=' && value !== '');
  return Object.fromEntries(equal.map(({ name, value }) => [name, value]));
}

/** Newest first as they come; examples are of as many different alert names as there are. */
function summaryOf(found: readonly (OpenAlert | PastEpisode)[]): MutedAlerts {
  const counts = new Map<string, number>();
  const [first, more] = [new Map<string, Labels>(), new Map<string, Labels>()];
  for (const { fingerprint, labels } of found) {
    const name = labels.alertname ?? '';
    if (!counts.has(name)) first.set(fingerprint, labels);
    else if (more.size < EXAMPLES && !first.has(fingerprint)) more.set(fingerprint, labels);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return {
    count: found.length,
    alerts: new Set(found.map(({ fingerprint }) => fingerprint)).size,
    byAlertname: [...counts]
      .map(([alertname, count]) => ({ alertname, count }))
      .sort((a, b) => b.count - a.count || (a.alertname < b.alertname ? -1 : 1)),
    examples: [...first.values(), ...more.values()].slice(0, EXAMPLES),
  };
}
