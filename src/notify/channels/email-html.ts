/** The HTML part of a mail: the text, with a headline in the state's colour and links that can be followed. */
import type { NotificationPayload } from '../../domain/notification';

const COLOURS: Readonly<Record<string, string>> = {
  FIRING: '#b00020',
  ACKNOWLEDGED: '#9a6700',
  RESOLVED: '#1a7f37',
};

export function htmlOf(payload: NotificationPayload): string {
  const colour = COLOURS[payload.state] ?? '#57606a';
  const links = [link('Runbook', payload.runbook_url), link('Dashboard', payload.dashboard_url)].filter(
    (one) => one !== '',
  );
  return [
    '<!doctype html><html><body style="font-family:system-ui,sans-serif;max-width:48em">',
    `<h2 style="color:${colour};margin:0 0 .5em">${escapeHtml(payload.subject)}</h2>`,
    links.length === 0 ? '' : `<p>${links.join(' &middot; ')}</p>`,
    `<pre style="font-family:inherit;white-space:pre-wrap">${escapeHtml(payload.body_text)}</pre>`,
    '</body></html>',
  ].join('\n');
}

/** Only web addresses become links: an annotation may hold anything. */
function link(title: string, url: string | null): string {
  if (url === null || !/^https?:\/\//i.test(url)) return '';
  return `<a href="${escapeHtml(url)}">${title}</a>`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
