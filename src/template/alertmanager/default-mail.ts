/**
 * The HTML mail of `email.default.html`: what state the group is in, its labels, then each alert with its labels,
 * annotations and where it comes from. Mail programs know little CSS, so styles stand at the elements, in tables.
 */

const FONT = 'font-family:Arial,Helvetica,sans-serif;font-size:14px;line-height:1.5';
const FIRING = '#c0392b';
const RESOLVED = '#2e7d32';

const cell = (style: string, content: string): string =>
  `<tr><td style="${FONT};${style}">${content}</td></tr>\n`;

const GROUP = '{{ range .GroupLabels.SortedPairs }} {{ .Name }}={{ .Value }}{{ end }}';
const BANNER = `{{ len .Alerts }} alert{{ if gt (len .Alerts) 1 }}s{{ end }} for${GROUP}`;

const banner = (colour: string): string =>
  cell(`background:${colour};color:#ffffff;padding:16px 24px;font-size:16px;font-weight:bold`, BANNER);

const list = (of: string): string => `{{ range .${of}.SortedPairs }}{{ .Name }} = {{ .Value }}<br>{{ end }}`;

const ALERT =
  `<strong>Labels</strong><br>${list('Labels')}` +
  `{{ if .Annotations }}<strong>Annotations</strong><br>${list('Annotations')}{{ end }}` +
  '<a href="{{ .GeneratorURL }}">Source</a>';

const alerts = (which: 'Firing' | 'Resolved'): string =>
  `{{ with .Alerts.${which} }}${cell('padding:16px 24px 0', `<strong>[{{ len . }}] ${which}</strong>`)}` +
  `{{ range . }}${cell('padding:12px 24px;border-bottom:1px solid #e5e5e5', ALERT)}{{ end }}{{ end }}`;

const link = (href: string, text: string): string => `<a href="${href}">${text}</a>`;

export const defaultMail = (): string =>
  '<!DOCTYPE html>\n<html>\n<head>\n<meta charset="utf-8">\n<meta name="viewport" content="width=device-width">\n' +
  '<title>{{ template "__subject" . }}</title>\n</head>\n<body style="margin:0;padding:24px;background:#f4f4f4">\n' +
  '<table role="presentation" cellpadding="0" cellspacing="0" align="center" width="640" style="background:#ffffff">\n' +
  `{{ if .Alerts.Firing }}${banner(FIRING)}{{ else }}${banner(RESOLVED)}{{ end }}` +
  cell(
    'padding:16px 24px 0',
    link('{{ template "__alertmanagerURL" . }}', 'View in {{ template "__alertmanager" . }}'),
  ) +
  alerts('Firing') +
  alerts('Resolved') +
  cell(
    'padding:16px 24px;font-size:12px',
    link('{{ .ExternalURL }}', 'Sent by {{ template "__alertmanager" . }}'),
  ) +
  '</table>\n</body>\n</html>\n';
