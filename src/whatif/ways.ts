/**
 * Where alerts would go by a configuration, and what would hold them back, at one moment: the routes, silences, inhibition
 * and time intervals that the running process has, held against alerts that need not be there.
 */
import { compileRoutes, type GroupPlace } from '../dispatch/routes';
import { fingerprint, type Labels } from '../domain/labels';
import type { Holder } from '../history/port';
import { createInhibitionIndex } from '../mute/inhibition';
import { createSilenceIndex } from '../mute/silence-index';
import { createTimeMutes } from '../mute/time-intervals';
import type { Muted, NamedSilence, Policy, Way } from './port';

export interface Moment {
  /** All that fires: any of them may inhibit another. */
  readonly alerts: readonly Labels[];
  readonly silences?: readonly NamedSilence[];
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** In the order of the tree. */
export type WaysOf = (labels: Labels) => readonly Way[];

export function createWays(policy: Policy, { alerts, silences = [], at }: Moment): WaysOf {
  const routes = compileRoutes(policy.route);
  const timeMutes = createTimeMutes(policy.timeIntervals);
  const mutedFor = everywhere(policy, alerts, silences, at);

  const timeMuted = ({ route }: GroupPlace): Muted | null => {
    const muted = timeMutes(route.options, at);
    if (muted === null) return null;
    const kind = muted.reason === 'mute_time_interval' ? 'mute time interval' : 'active time interval';
    return { reason: 'time interval', by: muted.names.map((name) => ({ kind, name })) };
  };

  return (labels) => {
    const muted = mutedFor(labels);
    return routes.placesOf(labels).map((place) => ({
      ...{ receiver: place.route.options.receiver, route: place.route.key },
      ...{ groupKey: place.key, groupLabels: place.labels, muted: muted ?? timeMuted(place) },
    }));
  };
}

/** What mutes an alert whatever route it takes. */
function everywhere(
  { inhibitRules }: Policy,
  alerts: readonly Labels[],
  silences: readonly NamedSilence[],
  at: number,
): (labels: Labels) => Muted | null {
  const inhibition = createInhibitionIndex(inhibitRules);
  const byFingerprint = new Map(alerts.map((labels) => [fingerprint(labels), labels]));
  for (const [id, labels] of byFingerprint) inhibition.add({ fingerprint: id, labels });
  const always = { startsAt: '', endsAt: '', createdBy: '', comment: '' };
  const index = createSilenceIndex(silences.map(({ name, matchers }) => ({ id: name, matchers, ...always })));

  const inhibitor = (id: string, target: Labels): Holder => {
    const labels = byFingerprint.get(id)!;
    return { kind: 'alert', fingerprint: id, labels, rule: inhibition.ruleBetween(labels, target) };
  };
  return (labels) => {
    const silencing = index.find(labels);
    if (silencing.length > 0)
      return { reason: 'silence', by: silencing.map(({ id }) => ({ kind: 'silence', id })) };
    const inhibiting = inhibition.inhibitedBy(labels, at);
    if (inhibiting.length === 0) return null;
    return { reason: 'inhibition', by: inhibiting.map((id) => inhibitor(id, labels)) };
  };
}
