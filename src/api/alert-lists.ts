/** The answers to GET /alerts and GET /alerts/groups: which alerts are asked for, in Alertmanager's order and form. */
import type { Labels } from '../domain/labels';
import type { ApiAlert, ApiConfig, ApiGroup } from './port';
import { flagIn, labelFilterIn, receiverFilterIn, type Query } from './query';

type Takes<T> = (one: T) => boolean;

/** A question that has been read, before anything is fetched for it. */
type Find<T> = (all: readonly T[]) => unknown[];

export function listedAlerts(query: Query, config: ApiConfig): Find<ApiAlert> {
  const isAsked = alertFilter(query, config);
  const receiverIs = receiverTests(query, config);
  // One receiver may have the name and another the labels, as in Alertmanager.
  return (alerts) =>
    alerts
      .filter((alert) => isAsked(alert) && receiverIs.every((test) => alert.receivers.some(test)))
      .sort((a, b) => byText(a.fingerprint, b.fingerprint))
      .map((alert) => shown(alert, []));
}

export function listedGroups(query: Query, config: ApiConfig): Find<ApiGroup> {
  const isAsked = alertFilter(query, config);
  const receiverIs = receiverTests(query, config);
  const withMuted = flagIn(query, 'muted');
  return (groups) => {
    const asked = groups
      .filter(({ receiver }) => receiverIs.every((test) => test(receiver)))
      .map((group) => ({ ...group, alerts: group.alerts.filter(isAsked).sort(byPlace) }))
      .filter(({ alerts }) => alerts.length > 0);
    const receivers = receiversOf(asked);
    return asked
      .filter(({ mutedBy }) => withMuted || mutedBy.length === 0)
      .sort((a, b) => byLabels(a.labels, b.labels) || byText(a.receiver, b.receiver))
      .map(({ labels, routeLabels, receiver, mutedBy, alerts }) => ({
        labels,
        routeLabels,
        receiver: { name: receiver },
        alerts: alerts.map((alert) =>
          shown({ ...alert, receivers: receivers.get(alert.fingerprint)! }, mutedBy),
        ),
      }));
  };
}

/** Of an alert's groups that were asked for: who asks for one receiver's groups is not told of the others. */
function receiversOf(groups: readonly ApiGroup[]): ReadonlyMap<string, readonly string[]> {
  const receivers = new Map<string, string[]>();
  for (const { receiver, alerts } of groups) {
    for (const { fingerprint } of alerts) {
      const known = receivers.get(fingerprint);
      if (known === undefined) receivers.set(fingerprint, [receiver]);
      else known.push(receiver);
    }
  }
  for (const names of receivers.values()) names.sort(byText);
  return receivers;
}

function alertFilter(query: Query, { matcherMode }: ApiConfig): Takes<ApiAlert> {
  const [active, silenced, inhibited, unprocessed] = ['active', 'silenced', 'inhibited', 'unprocessed'].map(
    (name) => flagIn(query, name),
  );
  const holds = labelFilterIn(query, 'filter', matcherMode);
  return ({ labels, status: { state, silencedBy, inhibitedBy } }) =>
    (active! || state !== 'active') &&
    (unprocessed! || state !== 'unprocessed') &&
    (silenced! || silencedBy.length === 0) &&
    (inhibited! || inhibitedBy.length === 0) &&
    holds(labels);
}

/** What was asked of receivers, by name and by label; empty where every receiver will do. */
function receiverTests(query: Query, { matcherMode, receivers }: ApiConfig): readonly Takes<string>[] {
  const hasName = receiverFilterIn(query);
  const hasLabels = labelFilterIn(query, 'receiver_matchers', matcherMode);
  const named = new Set(receivers.filter(({ labels }) => hasLabels(labels)).map(({ name }) => name));
  return [
    ...(hasName === null ? [] : [hasName]),
    ...(query['receiver_matchers'] === undefined ? [] : [(name: string) => named.has(name)]),
  ];
}

/** What mutes its group, and the maintenances that cover it, stand together: Alertmanager has no word of its own for those. */
function shown(alert: ApiAlert, mutedByTimes: readonly string[]): unknown {
  const { state, silencedBy, maintainedBy = [], inhibitedBy } = alert.status;
  const mutedBy = [...maintainedBy, ...mutedByTimes];
  return {
    annotations: alert.annotations,
    endsAt: alert.endsAt,
    fingerprint: alert.fingerprint,
    receivers: alert.receivers.map((name) => ({ name })),
    startsAt: alert.startsAt,
    status: { inhibitedBy, mutedBy, silencedBy, state: mutedBy.length > 0 ? 'suppressed' : state },
    updatedAt: alert.updatedAt,
    ...(alert.generatorUrl !== '' && { generatorURL: alert.generatorUrl }),
    labels: alert.labels,
  };
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** By job and instance first, as people look for them; whoever has none stands last. */
function byPlace(a: ApiAlert, b: ApiAlert): number {
  for (const name of ['job', 'instance']) {
    const [left, right] = [own(a.labels, name), own(b.labels, name)];
    if (left === right) continue;
    if (left === undefined || right === undefined) return left === undefined ? 1 : -1;
    return byText(left, right);
  }
  return byLabels(a.labels, b.labels);
}

const own = (labels: Labels, name: string): string | undefined =>
  Object.hasOwn(labels, name) ? labels[name] : undefined;

/** As Prometheus orders label sets: fewer labels first, then who lacks the first name that not both have, then by value. */
export function byLabels(a: Labels, b: Labels): number {
  const [left, right] = [Object.keys(a).sort(byText), Object.keys(b).sort(byText)];
  if (left.length !== right.length) return left.length - right.length;
  for (let index = 0; index < left.length; index++) {
    const order = byText(right[index]!, left[index]!) || byText(a[left[index]!]!, b[right[index]!]!);
    if (order !== 0) return order;
  }
  return 0;
}
