/** The life's story in Markdown, for the Temporal Web UI. */
import { amountText, unitOf } from '../../src/domain/amount';
import { labelsText } from '../../src/domain/labels';
import type { LifeStatus, TimelineEvent } from '../../src/domain/life';
import type { Transition } from '../../src/domain/transition';

const SHOWN_EVENTS = 12;

export function detailsOf(
  status: LifeStatus,
  transition: Transition,
  timeline: readonly TimelineEvent[],
): string {
  const { labels, annotations, threshold } = transition;
  const unit = unitOf(transition);
  const lines = [
    `**${status.state}** ${labels.alertname ?? status.fingerprint}${annotations.summary ? `: ${annotations.summary}` : ''}`,
    '',
    `- since ${status.startsAt}, episode ${status.episodes} of this run`,
    `- value ${transition.value === null ? 'unknown' : amountText(transition.value, unit)}${threshold === null ? '' : `, threshold ${amountText(threshold, unit)}`}`,
    `- ${labelsText(labels)}`,
  ];
  if (status.acknowledgement)
    lines.push(
      `- held by ${status.acknowledgement.owner}${status.acknowledgement.until ? ` until ${status.acknowledgement.until}` : ''}`,
    );
  if (status.silencedUntil) lines.push(`- silenced until ${status.silencedUntil}`);
  if (status.escalation)
    lines.push(
      `- escalation ${status.escalation.policy}: ${status.escalation.told} told${status.escalation.nextAt ? `, next at ${status.escalation.nextAt}` : ''}`,
    );
  if (status.remediation)
    lines.push(`- remediation ${status.remediation.runbook}: ${status.remediation.outcome}`);
  lines.push('', ...timeline.slice(-SHOWN_EVENTS).map((event) => `1. ${event.at} ${event.text}`));
  return lines.join('\n');
}

/** Decisions about telling people. */
const TELLING = new Set([
  'fired',
  'escalated',
  'not_escalated',
  'undelivered',
  'acknowledged',
  'unacknowledged',
  'lapsed',
  'silenced',
  'silence_ended',
  'remediated',
  'repaired_for_another',
  'resolved',
  'reopened',
]);

/** The decisions about telling people, newest first. */
export function whyOf(timeline: readonly TimelineEvent[]): readonly string[] {
  const told = timeline.filter(({ kind }) => TELLING.has(kind));
  return told.map(({ at, text }) => `${at} ${text}`).reverse();
}
