/**
 * A message's text, for somebody who was asleep: what, where, how bad, since when, what was tried and whether it
 * worked, what to do, where to look. What is unknown is left out.
 */
import { silenceEndOf } from '../domain/identity';
import type { AlertRow, NotificationFacts } from '../history/port';
import { digestLine, type Digest } from './digest';
import { comparison, lasted, nameOf, placeOf, roundDuration } from './subject';

export interface BodyContext {
  readonly step: string;
  readonly runbookUrl: string | null;
  readonly dashboardUrl: string | null;
  readonly onCallPerson: string | null;
  readonly fellows?: readonly AlertRow[];
  readonly digest?: Digest;
  readonly now: Date;
}

export function bodyOf(facts: NotificationFacts, context: BodyContext): string {
  const { fellows = [], digest } = context;
  const sections = [
    digest === undefined ? [] : [digestLine(digest, context.step, [facts.alert, ...fellows])],
    headline(facts, context),
    section(digest === undefined ? 'Escalated with it' : 'Told with it', fellowLines(fellows)),
    measurements(facts, context),
    section('What was tried', tried(facts)),
    section('What to do', todo(facts, context)),
    section('What was found', findings(facts)),
    section(
      'Also firing there',
      facts.related.map(
        (one) =>
          `- ${one.alert_name} (${one.severity ?? 'no severity'}), ${one.state}, since ${clock(one.starts_at)}`,
      ),
    ),
    [labelLine(facts), `Correlation id: ${facts.alert.correlationId}`],
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

function headline({ alert }: NotificationFacts, { step, onCallPerson }: BodyContext): string[] {
  const { severity, environment, env, region } = alert.labels;
  const where = [environment ?? env, region].filter((part) => part !== undefined);
  const lines = [
    `${nameOf(alert)} is ${alert.state}${placeOf(alert)}${where.length > 0 ? ` (${where.join(', ')})` : ''}`,
  ];
  if (severity !== undefined) lines.push(`Severity: ${severity}`);
  const told = /^escalate-(\d+)$/.exec(step)?.[1];
  if (told !== undefined) lines.push(escalation(told, alert.state === 'FIRING', onCallPerson));
  const silenceEnds = silenceEndOf(step);
  if (silenceEnds !== null)
    lines.push(
      `It still fires, and its silence ends at ${clock(new Date(silenceEnds).toISOString())}: prolong it, or take the alert`,
    );
  for (const text of [alert.annotations['summary'], alert.annotations['description']])
    if (text) lines.push(text);
  return lines;
}

/** A person may escalate what somebody holds already. */
function escalation(told: string, untaken: boolean, onCallPerson: string | null): string {
  const why = untaken ? 'nobody has acknowledged it yet' : 'somebody asks for more help';
  return `Escalation ${told}: ${why}${onCallPerson === null ? '' : `, so ${onCallPerson} is asked`}`;
}

function measurements({ alert }: NotificationFacts, { now }: BodyContext): string[] {
  const lines: string[] = [];
  if (alert.value !== null)
    lines.push(`Value: ${comparison(alert)}${alert.condition ? ` (${alert.condition.metric})` : ''}`);
  if (alert.state === 'RESOLVED') {
    const end = alert.endsAt === null ? '' : ` to ${clock(alert.endsAt)}`;
    lines.push(`From: ${clock(alert.startsAt)}${end}, lasted ${lasted(alert)}`);
    if (alert.resolvedBy !== null) lines.push(`Resolved by: ${alert.resolvedBy}`);
  } else {
    lines.push(
      `Since: ${clock(alert.startsAt)}, ${roundDuration(now.getTime() - Date.parse(alert.startsAt))} ago`,
    );
  }
  if (alert.fireCount > 1) lines.push(`It has fired ${alert.fireCount} times`);
  const held = alert.acknowledgement;
  if (held !== null) {
    lines.push(
      `Acknowledged by: ${held.owner}, ${clock(held.at)}${held.until === null ? '' : ` until ${clock(held.until)}`}${held.comment === null ? '' : ` (${held.comment})`}`,
    );
  }
  return lines;
}

function tried({ remediation, underWay }: NotificationFacts): string[] {
  const now = underWay === null ? [] : [`${underWay.runbook} on ${underWay.target} is under way.`];
  if (remediation === null) return underWay === null ? ['Nothing has been tried automatically so far.'] : now;
  const { runbook, target, outcome, reason, steps, checks, residual_risk: risk } = remediation;
  return [
    `${runbook} on ${target}: ${outcome.replaceAll('_', ' ').toUpperCase()}. ${reason}`,
    ...steps.map((step) => `- ${step.name}: ${step.status}. ${step.output}`),
    ...checks.map((check) => `- check ${check.type}: ${check.status}. ${check.detail}`),
    ...(risk === null ? [] : [`What risk remains: ${risk}`]),
    ...now,
  ];
}

const MOST_FELLOWS = 50;

function fellowLines(fellows: readonly AlertRow[]): string[] {
  const lines = fellows
    .slice(0, MOST_FELLOWS)
    .map(
      (one) =>
        `- ${nameOf(one)}${placeOf(one)} (${one.labels['severity'] ?? 'no severity'}), ${one.state}, ${spanOf(one)}`,
    );
  const left = fellows.length - lines.length;
  return left === 0 ? lines : [...lines, `- and ${left} more`];
}

const spanOf = (one: AlertRow): string =>
  one.state === 'RESOLVED'
    ? `from ${clock(one.startsAt)}, lasted ${lasted(one)}`
    : `since ${clock(one.startsAt)}`;

function todo(
  { alert, remediation }: NotificationFacts,
  { runbookUrl, dashboardUrl }: BodyContext,
): string[] {
  const lines: string[] = [];
  if (alert.state === 'RESOLVED') lines.push('Nothing: it is over.');
  else if (remediation?.outcome === 'verified')
    lines.push('Watch that it stays repaired; it resolves by itself when the condition ends.');
  if (runbookUrl !== null) lines.push(`Runbook: ${runbookUrl}`);
  if (dashboardUrl !== null) lines.push(`Dashboard: ${dashboardUrl}`);
  const short = alert.fingerprint.slice(0, 8);
  if (alert.state === 'FIRING') lines.push(`Take it: tocsin alerts ack ${short}`);
  lines.push(`Look at it: tocsin alerts show ${short}`);
  return lines;
}

function findings({ artifacts }: NotificationFacts): string[] {
  return artifacts.map((artifact) => {
    if (artifact.status !== 'ok')
      return `- ${artifact.title}: ${artifact.status}${artifact.error === null ? '' : `, ${artifact.error}`}`;
    return `- ${artifact.title}${artifact.url === null ? '' : `: ${artifact.url}`}`;
  });
}

function labelLine({ alert }: NotificationFacts): string {
  const pairs = Object.keys(alert.labels)
    .sort()
    .map((name) => `${name}=${alert.labels[name]}`);
  return `Labels: ${pairs.join(', ') || 'none'}`;
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`${title}:`, ...lines];
}

/** `2026-05-04 03:00:00 UTC`. */
export const clock = (iso: string): string =>
  `${new Date(iso).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
