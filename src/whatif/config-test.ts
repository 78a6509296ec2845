/** Runs tests of a configuration: does each alert go where the test says, and is it held back by what the test says? */
import { advance, beginEscalation, nextLevel, type EscalationPolicy } from '../domain/escalation';
import { formatDuration } from '../domain/duration';
import { labelsText, type Labels } from '../domain/labels';
import type { Holder } from '../history/port';
import type { ConfigTest, ExpectedLevel, ExpectedMute, Policy, TestAlert, Way } from './port';
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
