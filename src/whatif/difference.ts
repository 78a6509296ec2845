/** What another configuration would do to the alerts that are open: whose way changes, and how. */
import { holdersText } from '../dispatch/holder-text';
import { fingerprint, labelsText, type Labels } from '../domain/labels';
import type { Policy, Way } from './port';
import { createWays } from './ways';

/** `receivers` also stands for one that an alert goes to once more, or once less. */
export type ChangeKind = 'receivers' | 'grouping' | 'inhibition' | 'time interval';

export interface Change {
  readonly kind: ChangeKind;
  readonly before: string;
  readonly after: string;
}

export interface ChangedAlert {
  readonly fingerprint: string;
  readonly labels: Labels;
  readonly changes: readonly Change[];
}

/** Of one receiver: how many alerts go to it. */
export interface ReceiverChange {
  readonly receiver: string;
  readonly before: number;
  readonly after: number;
  /** Alerts that it would have and has not, and the other way round. */
  readonly gained: number;
  readonly lost: number;
  /** Of those that it keeps: of how many it is told now and would not be, and the other way round. */
  readonly muted: number;
  readonly unmuted: number;
}

export interface Difference {
  readonly alerts: number;
  readonly changed: readonly ChangedAlert[];
  /** Those with an alert before or after. */
  readonly receivers: readonly ReceiverChange[];
}

/** Silences are left out of it: they hold whatever the configuration. */
export function differenceOf(
  before: Policy,
  after: Policy,
  alerts: readonly Labels[],
  at: number,
): Difference {
  const [was, is] = [createWays(before, { alerts, at }), createWays(after, { alerts, at })];
  const counts = new Map<string, Writable<ReceiverChange>>();
  const changed: ChangedAlert[] = [];
  for (const labels of alerts) {
    const [old, own] = [was(labels), is(labels)];
    count(counts, old, own);
    const changes = changesBetween(old, own);
    if (changes.length > 0) changed.push({ fingerprint: fingerprint(labels), labels, changes });
  }
  const receivers = [...counts.values()].sort((a, b) => (a.receiver < b.receiver ? -1 : 1));
  return { alerts: alerts.length, changed, receivers };
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

function count(
  counts: Map<string, Writable<ReceiverChange>>,
  before: readonly Way[],
  after: readonly Way[],
): void {
  const of = (ways: readonly Way[], receiver: string) => ways.filter((way) => way.receiver === receiver);
  for (const receiver of new Set([...before, ...after].map((way) => way.receiver))) {
    const entry = counts.get(receiver) ?? noAlerts(receiver);
    counts.set(receiver, entry);
    const [old, own] = [of(before, receiver), of(after, receiver)];
    const [isOld, isOwn] = [old.length > 0, own.length > 0];
    if (isOld) entry.before++;
    if (isOwn) entry.after++;
    if (isOwn && !isOld) entry.gained++;
    if (isOld && !isOwn) entry.lost++;
    if (!isOld || !isOwn) continue;
    const [wasTold, isTold] = [old, own].map((ways) => ways.some(({ muted }) => muted === null));
    if (wasTold && !isTold) entry.muted++;
    if (!wasTold && isTold) entry.unmuted++;
  }
}

const noAlerts = (receiver: string): Writable<ReceiverChange> => ({
  ...{ receiver, before: 0, after: 0, gained: 0, lost: 0, muted: 0, unmuted: 0 },
});

/** Groups are compared where the receivers are the same, in the order of the tree; so are mutes by time. */
function changesBetween(before: readonly Way[], after: readonly Way[]): Change[] {
  const changes: Change[] = [];
  const note = (kind: ChangeKind, describe: (ways: readonly Way[]) => string): void => {
    const [old, own] = [describe(before), describe(after)];
    if (old !== own) changes.push({ kind, before: old, after: own });
  };
  note('receivers', receiversText);
  if (changes.length === 0) note('grouping', groupsText);
  note('inhibition', (ways) => mutesText(ways, 'inhibition'));
  note('time interval', (ways) => mutesText(ways, 'time interval'));
  return changes;
}

const receiversText = (ways: readonly Way[]): string =>
  ways
    .map(({ receiver }) => receiver)
    .sort()
    .join(', ');

const groupsText = (ways: readonly Way[]): string =>
  ways
    .map(({ receiver, groupLabels }) => `${receiver} ${labelsText(groupLabels)}`)
    .sort()
    .join(', ');

function mutesText(ways: readonly Way[], reason: 'inhibition' | 'time interval'): string {
  const texts = ways.flatMap(({ receiver, muted }) => {
    if (muted?.reason !== reason) return [];
    const by = holdersText(muted.by);
    return reason === 'inhibition' ? [by] : [`${receiver}: ${by}`];
  });
  return texts.length === 0 ? 'told' : [...new Set(texts)].sort().join(', ');
}
