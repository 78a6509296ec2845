/** What an alert, or an incident, looks like in Slack: a headline, the facts, and buttons for what people do about it. Pure. */
import { SLACK_BUTTONS } from '../../domain/callback';
import { episodeRef } from '../../domain/identity';
import type { NotificationPayload } from '../../domain/notification';
import { shortened } from '../../domain/shortened';
import type { OutgoingMessage } from '../port';

/** Slack's own limits. */
const MOST_HEADER = 150;
const MOST_SECTION = 3_000;

const SIGNS: Readonly<Record<string, string>> = {
  FIRING: ':red_circle:',
  ACKNOWLEDGED: ':large_yellow_circle:',
  RESOLVED: ':large_green_circle:',
};

export interface Shown {
  /** What notifications and screen readers say. */
  readonly text: string;
  readonly blocks: readonly object[];
}

/** `interactive`: somebody listens for the clicks. */
export function alertBlocks(message: OutgoingMessage, interactive: boolean): Shown {
  const { payload, fingerprint, episode } = message;
  const links = linksOf(payload);
  const buttons = interactive ? buttonsOf(payload, episodeRef(fingerprint, episode)) : [];
  return {
    text: escaped(payload.subject, MOST_SECTION),
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: shortened(payload.subject, MOST_HEADER) } },
      section(`${SIGNS[payload.state] ?? ''} ${escaped(payload.body_text, MOST_SECTION - 40)}`.trim()),
      ...(links === '' ? [] : [section(links)]),
      ...(buttons.length === 0 ? [] : [{ type: 'actions', elements: buttons }]),
    ],
  };
}

/** One line for the thread: what is new. */
export function newsText({ payload, step }: OutgoingMessage): string {
  const sign = SIGNS[payload.state] ?? '';
  const whom = payload.on_call_person === null ? '' : ` for ${escaped(payload.on_call_person, 200)}`;
  const told = /^escalate-(\d+)$/.exec(step)?.[1];
  const what = told === undefined ? '' : `Escalation ${told}${whom}: `;
  return `${sign} ${what}${escaped(payload.subject, 1_000)}`.trim();
}

const section = (text: string): object => ({ type: 'section', text: { type: 'mrkdwn', text } });

/** Of an incident they are for all of its open alerts. */
function buttonsOf({ state, incident }: NotificationPayload, value: string): object[] {
  if (state === 'RESOLVED') return [];
  const all = incident === undefined ? '' : ' all';
  const silence = button(`Silence${all} 1 h`, SLACK_BUTTONS.silence, value);
  if (state !== 'FIRING') return [silence];
  return [{ ...button(`Acknowledge${all}`, SLACK_BUTTONS.acknowledge, value), style: 'primary' }, silence];
}

const button = (label: string, action: string, value: string): object => ({
  type: 'button',
  text: { type: 'plain_text', text: label },
  action_id: action,
  value,
});

function linksOf({ runbook_url: runbook, dashboard_url: dashboard }: NotificationPayload): string {
  const link = (url: string | null, title: string): string[] =>
    url !== null && /^https?:\/\/[^\s<>|]{1,1000}$/i.test(url) ? [`<${escaped(url, 2_000)}|${title}>`] : [];
  return [...link(runbook, 'Runbook'), ...link(dashboard, 'Dashboard')].join(' · ');
}

/** A text of somebody's choice can neither mention a channel nor make a link; what Slack counts is the text as it is escaped. */
export function escaped(text: string, most: number): string {
  let out = '';
  for (const sign of text) {
    const next = ENTITIES[sign] ?? sign;
    if (out.length + next.length > most - 1) return `${out}…`;
    out += next;
  }
  return out;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
