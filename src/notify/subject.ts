/** A message's one line: how bad, what, where, how much. */
import { amountText, isBeyond, measuredText, unitOf } from '../domain/amount';
import { formatDuration } from '../domain/duration';
import { silenceEndOf } from '../domain/identity';
import { ALERT_NAME } from '../domain/labels';
import { shortened } from '../domain/shortened';
import type { AlertRow, NotificationFacts } from '../history/port';

const LONGEST = 150;

/** `more`: how many others it tells of. */
export function subjectOf(facts: NotificationFacts, step: string, more = 0): string {
  const others = more === 0 ? '' : ` and ${more} more`;
  const line = `[${tagsOf(facts, step).join(', ')}] ${nameOf(facts.alert)}${placeOf(facts.alert)}${others}${restOf(facts, step)}`;
  const clean = line.replace(/\s+/g, ' ');
  return shortened(clean, LONGEST);
}

function tagsOf({ alert }: NotificationFacts, step: string): string[] {
  const level = /^escalate-(\d+)$/.exec(step)?.[1];
  const severity = alert.labels['severity']?.toUpperCase();
  const state: string = alert.state === 'FIRING' && severity !== undefined ? severity : alert.state;
  if (silenceEndOf(step) !== null) return [state, 'its silence ends'];
  return level === undefined ? [state] : [state, `escalation ${level}`];
}

function restOf({ alert, remediation }: NotificationFacts, step: string): string {
  // A first message that waited for the repair tells how it went.
  if (remediation !== null && (step === 'fire' || step.startsWith('remediated'))) {
    return `: ${remediation.runbook} ${remediation.outcome.replaceAll('_', ' ')}`;
  }
  if (alert.state === 'RESOLVED') return ` after ${lasted(alert)}`;
  return alert.value === null ? ' is firing' : `: ${comparison(alert)}`;
}

export const nameOf = ({ labels, rule, fingerprint }: AlertRow): string =>
  labels[ALERT_NAME] ?? rule?.name ?? fingerprint;

export const instanceOf = ({ labels }: AlertRow): string | null =>
  labels['instance_id'] ?? labels['instance'] ?? null;

export function placeOf(alert: AlertRow): string {
  const instance = instanceOf(alert);
  return instance === null ? '' : ` on ${instance}`;
}

/** `97% > 90%` while that is so; otherwise `32% (fires at > 90%)`, and without the operator `97% (threshold 90%)`. */
export function comparison(alert: AlertRow): string {
  const { value, threshold, condition } = alert;
  const unit = unitOf(alert);
  const measured = amountText(value, unit);
  if (threshold === null) return measured;
  const limit = amountText(threshold, unit);
  if (!condition) return `${measured} (threshold ${limit})`;
  return isBeyond(alert) ? `${measured} ${condition.operator} ${limit}` : measuredText(alert);
}

export function lasted({ startsAt, endsAt }: AlertRow): string {
  if (endsAt === null) return 'an unknown time';
  return roundDuration(Date.parse(endsAt) - Date.parse(startsAt));
}

/** Whole seconds, the two largest units: `4m12s`, `2h5m`. */
export function roundDuration(ms: number): string {
  const text = formatDuration(Math.max(0, Math.round(ms / 1_000)) * 1_000);
  return (text.match(/\d+[a-z]+/g) ?? [text]).slice(0, 2).join('');
}
