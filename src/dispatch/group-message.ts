/** What an integration is told of a group: its alerts as they are known when the message leaves. */
import type { KnownAlert, SummaryEntry, TakenMessage } from '../history/port';
import type { GroupAlert, GroupMessage, Integration } from '../notify/port';
import { byJobAndInstance } from './alert-order';
import type { Grouping } from './grouping';

/** Null where routes lead none of its alerts to this group any more. */
export function composeWith(
  { known, routing }: Pick<Grouping, 'known' | 'routing'>,
  now: () => number,
): (
  message: TakenMessage,
  integration: Integration,
) => Omit<GroupMessage, 'key' | 'reason' | 'memory'> | null {
  return ({ groupKey, pending }, { receiver, sendResolved }) => {
    if (pending.summary !== undefined)
      return { groupKey, receiver, ...STORM, alerts: pending.summary.map(entry), at: now() };
    const { index } = routing();
    const told = [...pending.firing, ...pending.resolved];
    const place = told
      .flatMap((fingerprint) => index.placesOf(fingerprint))
      .find(({ key }) => key === groupKey);
    if (place === undefined) return null;
    // One that routes lead elsewhere by now is told of there.
    const isHere = (fingerprint: string): boolean =>
      index.placesOf(fingerprint).some(({ key }) => key === groupKey);
    const alertsOf = (fingerprints: readonly string[], status: GroupAlert['status']): GroupAlert[] =>
      fingerprints.filter(isHere).flatMap((fingerprint) => {
        const alert = known.get(fingerprint);
        return alert === undefined ? [] : [shown(alert, status)];
      });
    const alerts = [
      ...alertsOf(pending.firing, 'firing'),
      ...(sendResolved ? alertsOf(pending.resolved, 'resolved') : []),
    ].sort((a, b) => byJobAndInstance(a.labels, b.labels));
    const { labels: groupLabels, route } = place;
    return { groupKey, receiver, groupLabels, routeLabels: route.labels, alerts, at: now() };
  };
}

/** What the summary of a storm is grouped by, for titles. */
const STORM = { groupLabels: { alertname: 'TocsinStorm' }, routeLabels: {} };

const entry = (each: SummaryEntry): GroupAlert => ({
  ...each,
  status: 'firing',
  endsAt: null,
  generatorUrl: '',
});

function shown(alert: KnownAlert, status: GroupAlert['status']): GroupAlert {
  const end = status === 'firing' ? null : (alert.endsAt ?? alert.expiresAt);
  return {
    fingerprint: alert.fingerprint,
    status,
    labels: alert.labels,
    annotations: alert.annotations,
    startsAt: new Date(alert.startsAt).toISOString(),
    endsAt: end === null ? null : new Date(end).toISOString(),
    generatorUrl: alert.generatorUrl,
  };
}
