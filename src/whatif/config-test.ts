/** Runs tests of a configuration: does each alert go where the test says, and is it held back by what the test says? */
import { advance, beginEscalation, nextLevel, type EscalationPolicy } from '../domain/escalation';
import { formatDuration } from '../domain/duration';
import { likeness, likenessText, planFatigue, type FatigueLimit, type Planned } from '../domain/fatigue';
import { labelsText, type Labels } from '../domain/labels';
import type { Holder } from '../history/port';
import type { ConfigTest, ExpectedDigest, ExpectedLevel, ExpectedMute, Policy, TestAlert, Way } from './port';
import { createWays } from './ways';

/** What of an alert is not as expected; sides are texts to be compared by people. */
export interface ConfigFailure {
  readonly alert: string;
  readonly what: string;
  readonly expected: string;
  readonly got: string;
}

/** Empty where all is as expected. */
export function runConfigTest({ at, silences, alerts }: ConfigTest, policy: Policy): ConfigFailure[] {
  const waysOf = createWays(policy, { at, silences, alerts: alerts.map(({ labels }) => labels) });
  return alerts.flatMap((alert) => failuresOf(alert, waysOf(alert.labels)));
}

/** The same for escalation: `policyOf` answers null where an alert has none. */
export function runEscalationTest(
  { alerts }: ConfigTest,
  policyOf: (labels: Labels) => EscalationPolicy | null,
): ConfigFailure[] {
  return alerts.flatMap(({ labels, escalation }) => {
    if (escalation === undefined) return [];
    const policy = policyOf(labels);
    const got = policy === null ? [] : levelsOf(policy);
    return compared(labels, 'escalation', levelsText(escalation), levelsText(got));
  });
}

export interface FatiguePolicy {
  /** Null: all are told by themselves. */
  readonly limit: FatigueLimit | null;
  /** Who is told that such an alert fires, and how long after that at the latest. */
  readonly pageOf: (labels: Labels) => readonly { readonly receiver: string; readonly deadlineMs: number }[];
}

/** The same for the fatigue limit: each message leaves when its receiver's deadline is over. */
export function runFatigueTest({ alerts }: ConfigTest, { limit, pageOf }: FatiguePolicy): ConfigFailure[] {
  const messages = alerts.flatMap((alert) =>
    pageOf(alert.labels).map(({ receiver, deadlineMs }) => ({
      ...{ alert, receiver, labels: alert.labels, at: alert.afterMs + deadlineMs },
    })),
  );
  const plan = limit === null ? [] : planFatigue(limit, messages);
  const ends = messages.map((message, index) => ({
    ...message,
    end: plan[index] ?? { kind: 'single' as const, told: null },
  }));
  return alerts.flatMap((alert) =>
    wrongEnds(
      alert,
      ends.filter((one) => one.alert === alert),
      limit,
    ),
  );
}

interface Ended {
  readonly receiver: string;
  readonly end: Planned;
}

function wrongEnds(alert: TestAlert, ends: readonly Ended[], limit: FatigueLimit | null): ConfigFailure[] {
  const { labels, single, digest } = alert;
  const alone = ends.filter(({ end }) => end.kind === 'single');
  const together = ends.filter(({ end }) => end.kind === 'digest');
  const wanted = single && listText(single);
  const got = listText(alone.map(({ receiver }) => receiver));
  const why = ends.map((each) => whyText(each, alert, limit)).join('; ') || 'nobody is told of it';
  return [
    ...(wanted === undefined || wanted === got ? [] : [failure(labels, 'single', wanted, `${got} (${why})`)]),
    ...(digest === undefined || meets(digest, together, alert, limit)
      ? []
      : [failure(labels, 'digest', digestsText(digest), why)]),
  ];
}

const failure = (labels: Labels, what: string, expected: string, got: string): ConfigFailure => ({
  ...{ alert: labelsText(labels), what, expected, got },
});

/** Each expected one is there as it is expected to be, and no other is. */
function meets(
  wanted: readonly ExpectedDigest[],
  got: readonly Ended[],
  { labels, afterMs: firedAt }: TestAlert,
  limit: FatigueLimit | null,
): boolean {
  if (wanted.length !== got.length) return false;
  return wanted.every(({ receiver, afterMs, told, like }) => {
    const end = got.find((each) => each.receiver === receiver)?.end;
    if (end?.kind !== 'digest') return false;
    return (
      (afterMs === undefined || firedAt + afterMs === end.leavesAt) &&
      (told === undefined || told === end.told) &&
      (like === undefined || labelsText(like) === labelsText(likeness(labels, limit!.groupBy)))
    );
  });
}

const digestsText = (all: readonly ExpectedDigest[]): string =>
  all
    .map(({ receiver, afterMs, told, like }) =>
      [
        receiver,
        ...(afterMs === undefined ? [] : [`after ${formatDuration(afterMs)}`]),
        ...(told === undefined ? [] : [`${told} told`]),
        ...(like === undefined ? [] : [`like ${likenessText(like)}`]),
      ].join(', '),
    )
    .join('; ') || 'nobody';

/** What a person is to read of it, and why it is so. */
function whyText({ receiver, end }: Ended, alert: TestAlert, limit: FatigueLimit | null): string {
  if (limit === null) return `${receiver} is told of each: there is no fatigue_limit`;
  const { labels, afterMs: firedAt } = alert;
  if (end.told === null)
    return `${receiver} is told of each: severity ${labels['severity'] ?? 'unknown'} is never limited`;
  const like = likenessText(likeness(labels, limit.groupBy));
  const counted = `${end.told} like ${like} were told in the last ${formatDuration(limit.windowMs)}, and the limit is ${limit.similar}`;
  return end.kind === 'single'
    ? `${receiver} is told of it: ${counted}`
    : `${receiver} in a digest after ${formatDuration(end.leavesAt - firedAt)}: ${counted}`;
}

function failuresOf({ labels, ...expected }: TestAlert, ways: readonly Way[]): ConfigFailure[] {
  const told = ways.filter(({ muted }) => muted === null);
  const check = <T>(what: string, wanted: T | undefined, text: (value: T) => string, got: () => T) =>
    wanted === undefined ? [] : compared(labels, what, text(wanted), text(got()));
  const receivers = (some: readonly Way[]) => some.map(({ receiver }) => receiver);
  return [
    ...check('receivers', expected.receivers, listText, () => receivers(ways)),
    ...check('told', expected.told, listText, () => receivers(told)),
    ...check('muted_by', expected.mutedBy, mutesText, () => mutesOf(ways)),
    ...Object.entries(expected.groups ?? {}).flatMap(([receiver, group]) =>
      wrongGroup(labels, receiver, group, ways),
    ),
  ];
}

function compared(labels: Labels, what: string, expected: string, got: string): ConfigFailure[] {
  return expected === got ? [] : [{ alert: labelsText(labels), what, expected, got }];
}

/** In which order they are told is nobody's concern. */
const listText = (names: readonly string[]): string =>
  names.length === 0 ? 'nobody' : [...names].sort().join(', ');

const mutesText = (mutes: readonly ExpectedMute[]): string =>
  mutes.length === 0
    ? 'nothing'
    : [...new Set(mutes.map(({ reason, name }) => `${reason} ${name}`))].sort().join(', ');

const mutesOf = (ways: readonly Way[]): ExpectedMute[] =>
  ways.flatMap(({ muted }) => muted?.by.map((by) => ({ reason: muted.reason, name: nameOf(by) })) ?? []);

function nameOf(holder: Holder): string {
  if (holder.kind === 'silence') return holder.id;
  if (holder.kind !== 'alert') return holder.name;
  return holder.rule === null || holder.rule.name !== ''
    ? (holder.rule?.name ?? '')
    : String(holder.rule.index + 1);
}

function wrongGroup(
  labels: Labels,
  receiver: string,
  expected: Labels,
  ways: readonly Way[],
): ConfigFailure[] {
  const groups = ways.filter((way) => way.receiver === receiver).map((way) => labelsText(way.groupLabels));
  const wanted = labelsText(expected);
  if (groups.includes(wanted)) return [];
  return compared(labels, `groups.${receiver}`, wanted, groups.length === 0 ? 'no group' : groups.join(', '));
}

/** As nobody takes the alert. */
function levelsOf(policy: EscalationPolicy): ExpectedLevel[] {
  const levels: ExpectedLevel[] = [];
  let afterMs = 0;
  for (
    let { told, remainingMs } = beginEscalation(policy);
    remainingMs !== null;
    { told, remainingMs } = advance(policy, told)
  ) {
    afterMs += remainingMs;
    const next = nextLevel(policy, told);
    if (next === null) break;
    levels.push({ afterMs, receivers: next.spec.receivers });
  }
  return levels;
}

const levelsText = (levels: readonly ExpectedLevel[]): string =>
  levels.length === 0
    ? 'nobody'
    : levels
        .map(({ afterMs, receivers }) => `${listText(receivers)} after ${formatDuration(afterMs)}`)
        .join('; ');
