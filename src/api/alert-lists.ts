/** The answers to GET /alerts and GET /alerts/groups: which alerts are asked for, in Alertmanager's order and form. */
import type { Labels } from '../domain/labels';
import type { ApiAlert, ApiConfig, ApiGroup } from './port';
import { flagIn, labelFilterIn, receiverFilterIn, type Query } from './query';

type Takes<T> = (one: T) => boolean;

/** A question that has been read, before anything is fetched for it. */
type Find<T> = (all: readonly T[]) => unknown[];

export function listedAlerts(query: Query, config: ApiConfig): Find<ApiAlert> {
  const isAsked = alertFilter(query, config);
  const isReceiver = receiverTest(query, config);
  return (alerts) =>
    alerts
      .filter((alert) => isAsked(alert) && (isReceiver === null || alert.receivers.some(isReceiver)))
      .sort((a, b) => byText(a.fingerprint, b.fingerprint))
      .map((alert) => shown(alert, []));
}

export function listedGroups(query: Query, config: ApiConfig): Find<ApiGroup> {
  const isAsked = alertFilter(query, config);
  const isReceiver = receiverTest(query, config);
  const withMuted = flagIn(query, 'muted');
  return (groups) =>
    groups
      .filter(({ receiver }) => isReceiver === null || isReceiver(receiver))
      .filter(({ mutedBy }) => withMuted || mutedBy.length === 0)
      .map((group) => ({ ...group, alerts: group.alerts.filter(isAsked).sort(byPlace) }))
      .filter(({ alerts }) => alerts.length > 0)
      .sort((a, b) => byLabels(a.labels, b.labels) || byText(a.receiver, b.receiver))
      .map(({ labels, routeLabels, receiver, mutedBy, alerts }) => ({
        labels,
        routeLabels,
        receiver: { name: receiver },
        alerts: alerts.map((alert) => shown(alert, mutedBy)),
      }));
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

/** Null where every receiver will do. */
function receiverTest(query: Query, { matcherMode, receivers }: ApiConfig): Takes<string> | null {
  const hasName = receiverFilterIn(query);
  const hasLabels =
    query['receiver_matchers'] === undefined ? null : labelFilterIn(query, 'receiver_matchers', matcherMode);
  if (hasLabels === null) return hasName;
  const named = new Set(receivers.filter(({ labels }) => hasLabels(labels)).map(({ name }) => name));
  return (name) => named.has(name) && (hasName === null || hasName(name));
}

function shown(alert: ApiAlert, mutedBy: readonly string[]): unknown {
  const { state, silencedBy, inhibitedBy } = alert.status;
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
